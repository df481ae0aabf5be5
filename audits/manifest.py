"""audit.toml: what a pipeline is, what it leaves behind, and what its people declare. PURE.

Interface: CONTRACTS, "audit: run a pipeline under audit". Every complaint names the file, the line and the key, and how
to mend it; all complaints of one file are told at once.
"""

import difflib
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import PurePosixPath
from typing import Any

from audits.run_limits import DeclaredLimits, read_content, read_limits

ROLES = ("training", "evaluation", "intermediate")
PURPOSES = ("train", "evaluate", "filter")
STUDENT_KINDS = ("generative", "classifier", "embedding", "reward")
# What TOML calls the types that Python gave its values.
TYPES = {
    str: "a text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    list: "a list",
    dict: "a table",
}
ACCESS_KINDS = ("api", "consumer_app", "weights")
_NAME = re.compile(r"^[A-Za-z_][A-Za-z0-9_]*$")
_HEADER = re.compile(r"^\s*(\[\[?)\s*([^\]]+?)\s*\]\]?\s*(#.*)?$")


class ManifestError(ValueError):
    """audit.toml can't be used; one line for each complaint."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


@dataclass(frozen=True)
class Program:
    name: str
    command: tuple[str, ...]
    setup: tuple[str, ...] = ()
    python: str = ""
    env: Mapping[str, str] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()
    timeout_minutes: float = 60
    memory_mb: int = 4096
    disk_mb: int = 20480
    processes: int = 1024


@dataclass(frozen=True)
class DeclaredDataset:
    path: str
    role: str


@dataclass(frozen=True)
class DeclaredStudent:
    name: str
    kind: str | None = None
    base_model: str | None = None
    general_purpose: bool | None = None
    competes_with: tuple[str, ...] | None = None
    distributed: bool | None = None
    commercial: bool | None = None
    trained_at_provider: bool | None = None
    path: str | None = None


@dataclass(frozen=True)
class DeclaredAccess:
    kind: str = "api"
    served_by: str | None = None
    account: str | None = None


@dataclass(frozen=True)
class Manifest:
    """What audit.toml says. Paths are relative to the pipeline's tree; None means "not said"."""

    pipeline: Program
    datasets: tuple[DeclaredDataset, ...] = ()
    student: DeclaredStudent | None = None
    purpose: str | None = None
    purpose_per_host: Mapping[str, str] = field(default_factory=dict)
    access: Mapping[str, DeclaredAccess] = field(default_factory=dict)
    limits: DeclaredLimits = field(default_factory=DeclaredLimits)
    content: str | None = None

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "limits": self.limits.as_json()}


def parse_manifest(text: str, filename: str = "audit.toml") -> Manifest:
    """Read a manifest. Raises ManifestError with every complaint, each as `file:line: key: what is wrong, how to mend it`."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ManifestError([_not_toml(text, filename, error)]) from error
    except RecursionError as error:
        raise ManifestError([f"{filename}: not usable: its values are nested too deeply"]) from error
    reader = _Reader(text, filename)
    if _holds_nul(data):
        raise ManifestError(
            [f"{filename}: a key or text holds the character U+0000, which no path or command can: remove it"]
        )
    manifest = reader.manifest(data)
    if reader.problems:
        raise ManifestError(reader.problems)
    return manifest


def _holds_nul(value: Any) -> bool:
    if isinstance(value, dict):
        return any("\0" in key or _holds_nul(item) for key, item in value.items())
    if isinstance(value, list):
        return any(map(_holds_nul, value))
    return isinstance(value, str) and "\0" in value


def _not_toml(text: str, filename: str, error: tomllib.TOMLDecodeError) -> str:
    """The parser's complaint with its line where all other complaints have theirs."""
    words, place = str(error), re.search(r" \(at line (\d+), column (\d+)\)", str(error))
    if place is None:  # it ran into the end, wherever what was not closed began
        return f"{filename}:{text.count(chr(10)) + 1}: not valid TOML: {words}"
    return f"{filename}:{place[1]}: not valid TOML: {words.replace(place[0], f', column {place[2]}')}"


def declared_purpose(manifest: Mapping[str, object], host: str) -> str | None:
    """What audit.toml (as kept with a run, see `Manifest.as_json`) says that calls to a host are for.

    By host first, for the pipeline second; None when it says nothing.
    """
    per_host = manifest.get("purpose_per_host")
    by_host = per_host.get(host.lower()) if isinstance(per_host, dict) else None
    declared = by_host or manifest.get("purpose")
    return str(declared) if declared else None


class _Reader:
    """Walks the parsed tables, keeping every complaint."""

    def __init__(self, text: str, filename: str) -> None:
        self.filename = filename
        self._found: list[tuple[int, str]] = []
        self.lines = _line_numbers(text)

    def complain(self, table: str, key: str, words: str) -> None:
        line = self.lines.get((table, key)) or self.lines.get((table, ""))
        where = f"{self.filename}:{line}" if line else self.filename
        self._found.append((line or 0, f"{where}: {table}{'.' + key if key else ''}: {words}"))

    @property
    def problems(self) -> list[str]:
        """Every complaint in the order of the file; what stands nowhere in it comes first."""
        return [words for _, words in sorted(self._found, key=lambda one: one[0])]

    def manifest(self, data: Mapping[str, Any]) -> Manifest:
        self.known("", data, ("pipeline", "dataset", "student", "purpose", "access", "limits", "evidence"))
        declared, per_host = self.purpose(self.table(data, "purpose"))
        datasets = self.datasets(data.get("dataset", []))
        self.contradictions(declared, datasets)
        return Manifest(
            pipeline=self.program(data),
            datasets=datasets,
            student=self.student(data),
            purpose=declared,
            purpose_per_host=per_host,
            access=self.access(self.table(data, "access")),
            limits=read_limits(self, self.table(data, "limits")),
            content=read_content(self, self.table(data, "evidence")),
        )

    def known(self, table: str, data: Mapping[str, Any], allowed: tuple[str, ...]) -> None:
        for key in data:
            if key not in allowed:
                near = difflib.get_close_matches(key, allowed, 1)
                hint = f"did you mean {near[0]}?" if near else f"known here: {', '.join(allowed)}"
                self.complain(table or key, key if table else "", f"unknown key; {hint}")

    def table(self, data: Mapping[str, Any], name: str) -> Mapping[str, Any]:
        value = data.get(name, {})
        if isinstance(value, dict):
            return value
        self.complain(name, "", f"must be a table; write [{name}]")
        return {}

    def value(self, table: str, data: Mapping[str, Any], key: str, kind: type | tuple[type, ...], words: str) -> Any:
        """The value when it is of the kind, None when absent; a wrong kind is a complaint. True is not a number."""
        found = data.get(key)
        kinds = kind if isinstance(kind, tuple) else (kind,)
        if found is None or (isinstance(found, kinds) and (bool in kinds or not isinstance(found, bool))):
            return found
        self.complain(table, key, f"must be {words}, not {TYPES.get(type(found), 'a date or time')}")
        return None

    def text(self, table: str, data: Mapping[str, Any], key: str, words: str, most: int) -> str | None:
        """A text of at most `most` characters, which is what is kept of it, and not blank."""
        found: str | None = self.value(table, data, key, str, words)
        if found is not None and (not found.strip() or len(found) > most):
            self.complain(table, key, f"must be {words}, of 1 to {most} characters")
            return None
        return found

    def one_of(self, table: str, data: Mapping[str, Any], key: str, allowed: tuple[str, ...]) -> str | None:
        found: str | None = self.value(table, data, key, str, "a text")
        if found is None or found in allowed:
            return found
        self.complain(table, key, f"{found!r} is not one of: {', '.join(allowed)}")
        return None

    def texts(self, table: str, data: Mapping[str, Any], key: str) -> tuple[str, ...] | None:
        found = self.value(table, data, key, list, 'a list of texts, e.g. ["a", "b"]')
        if found is None:
            return None
        if all(isinstance(item, str) for item in found):
            return tuple(found)
        self.complain(table, key, "must hold texts only")
        return None

    def path(self, table: str, data: Mapping[str, Any], key: str) -> str | None:
        found: str | None = self.value(table, data, key, str, "a path within the pipeline's tree")
        if found is None:
            return None
        parts = PurePosixPath(found)
        if not found.strip() or parts.is_absolute() or ".." in parts.parts or len(found) > 400:
            self.complain(
                table, key, f"{found!r} must be a path inside the pipeline's tree, without '..' or a leading '/'"
            )
            return None
        return str(parts)

    def program(self, data: Mapping[str, Any]) -> Program:
        table = self.table(data, "pipeline")
        if "pipeline" not in data:
            self.complain(
                "pipeline", "", 'is missing; begin with [pipeline], name = "…", command = ["python", "main.py"]'
            )
        self.known("pipeline", table, tuple(Program.__dataclass_fields__))
        if "pipeline" in data:
            self.required("pipeline", table, "name", "give the pipeline a name")
            self.required("pipeline", table, "command", 'say what runs it, e.g. command = ["python", "main.py"]')
        return Program(
            name=self.text("pipeline", table, "name", "a text", 120) or "",
            command=self.command(table, "command") or (),
            setup=self.command(table, "setup") or (),
            python=self.python(table),
            env=self.environment(table),
            secrets=self.secrets(table),
            timeout_minutes=self.bounded(table, "timeout_minutes", 60, 0, 7 * 24 * 60),
            memory_mb=int(self.bounded(table, "memory_mb", 4096, 16, 1024 * 1024, whole=True)),
            disk_mb=int(self.bounded(table, "disk_mb", 20480, 1, 1024 * 1024, whole=True)),
            processes=int(self.bounded(table, "processes", 1024, 1, 100_000, whole=True)),
        )

    def required(self, where: str, table: Mapping[str, Any], key: str, remedy: str) -> None:
        if key not in table:
            self.complain(where, key, f"is missing; {remedy}")

    def command(self, table: Mapping[str, Any], key: str) -> tuple[str, ...] | None:
        found = self.texts("pipeline", table, key)
        if found is not None and not (found and found[0].strip()):
            self.complain("pipeline", key, 'names no program; write e.g. ["python", "main.py"]')
        return found

    def python(self, table: Mapping[str, Any]) -> str:
        found = self.text("pipeline", table, "python", 'a text such as "3.11"', 8) or ""
        if found and not re.fullmatch(r"3\.\d{1,2}", found):
            self.complain("pipeline", "python", f'{found!r} is not a version such as "3.11"')
        return found

    def bounded(
        self, table: Mapping[str, Any], key: str, default: float, least: float, most: float, *, whole: bool = False
    ) -> float:
        """A number from `least` (itself not allowed where it is 0) to `most`."""
        kind: tuple[type, ...] = (int,) if whole else (int, float)
        found = self.value("pipeline", table, key, kind, "a whole number" if whole else "a number")
        if found is None:
            return default
        if not least <= found <= most or found == 0:
            self.complain(
                "pipeline", key, f"must be {f'at least {least:,}' if least else 'more than 0'} and at most {most:,}"
            )
            return default
        return float(found)

    def environment(self, table: Mapping[str, Any]) -> dict[str, str]:
        found = self.value("pipeline", table, "env", dict, 'a table of texts, e.g. env = {MODE = "full"}') or {}
        for name, value in found.items():
            if not _NAME.match(name) or not isinstance(value, str):
                self.complain("pipeline", "env", f"{name}: names are letters, digits and _, values are texts in quotes")
        return {name: value for name, value in found.items() if isinstance(value, str)}

    def secrets(self, table: Mapping[str, Any]) -> tuple[str, ...]:
        names = self.texts("pipeline", table, "secrets") or ()
        env = table.get("env")
        written_out = env if isinstance(env, dict) else {}
        for name in names:
            if not _NAME.match(name):
                self.complain(
                    "pipeline", "secrets", f"{name!r}: list the names of environment variables, never their values"
                )
            elif name in written_out:
                self.complain(
                    "pipeline", "secrets", f"{name} is in env too: remove it there, secrets don't belong in the file"
                )
        return names

    def datasets(self, tables: Any) -> tuple[DeclaredDataset, ...]:
        if not isinstance(tables, list):
            self.complain("dataset", "", "must be a list of tables; write [[dataset]]")
            return ()
        found: list[DeclaredDataset] = []
        for number, table in enumerate(tables):
            where = f"dataset[{number}]"
            if not isinstance(table, dict):
                self.complain(where, "", "must be a table; write [[dataset]]")
                continue
            self.known(where, table, ("path", "role"))
            path, role = self.path(where, table, "path"), self.one_of(where, table, "role", ROLES)
            self.required(where, table, "path", "name the file, relative to the pipeline's tree")
            self.required(where, table, "role", f"say what it is for: {', '.join(ROLES)}")
            if path and any(other.path == path for other in found):
                self.complain(where, "path", f"{path} is declared twice: a file has one role")
            elif path and role:
                found.append(DeclaredDataset(path, role))
        return tuple(found)

    def student(self, data: Mapping[str, Any]) -> DeclaredStudent | None:
        if "student" not in data:
            return None
        table = self.table(data, "student")
        self.known("student", table, tuple(DeclaredStudent.__dataclass_fields__))
        self.required("student", table, "name", "the report calls the student by it")
        return DeclaredStudent(
            name=self.text("student", table, "name", "a text", 200) or "",
            kind=self.one_of("student", table, "kind", STUDENT_KINDS),
            base_model=self.text("student", table, "base_model", 'a model id, or "none"', 200),
            general_purpose=self.value("student", table, "general_purpose", bool, "true or false"),
            competes_with=self.texts("student", table, "competes_with"),
            distributed=self.value("student", table, "distributed", bool, "true or false"),
            commercial=self.value("student", table, "commercial", bool, "true or false"),
            trained_at_provider=self.value("student", table, "trained_at_provider", bool, "true or false"),
            path=self.path("student", table, "path"),
        )

    def purpose(self, table: Mapping[str, Any]) -> tuple[str | None, dict[str, str]]:
        self.known("purpose", table, ("declared", "per_host"))
        declared = self.one_of("purpose", table, "declared", PURPOSES)
        per_host = self.value("purpose", table, "per_host", dict, "a table of host to purpose") or {}
        for host, purpose in per_host.items():
            if purpose not in PURPOSES:
                self.complain("purpose", "per_host", f"{host}: {purpose!r} is not one of: {', '.join(PURPOSES)}")
        return declared, {host.lower(): purpose for host, purpose in per_host.items() if purpose in PURPOSES}

    def contradictions(self, declared: str | None, datasets: tuple[DeclaredDataset, ...]) -> None:
        training = [dataset.path for dataset in datasets if dataset.role == "training"]
        if declared == "evaluate" and training:
            words = (
                f'says "evaluate", but {training[0]} is declared as training data: mend one of the two, or use per_host'
            )
            self.complain("purpose", "declared", words)

    def access(self, tables: Mapping[str, Any]) -> dict[str, DeclaredAccess]:
        found = {}
        for provider, table in tables.items():
            where = f"access.{provider}"
            if not isinstance(table, dict):
                self.complain("access", provider, 'must be a table, e.g. openai = {kind = "api", served_by = "openai"}')
                continue
            self.known(where, table, tuple(DeclaredAccess.__dataclass_fields__))
            found[provider] = DeclaredAccess(
                kind=self.one_of(where, table, "kind", ACCESS_KINDS) or "api",
                served_by=self.text(where, table, "served_by", "a provider's name", 60),
                account=self.text(where, table, "account", "a text", 120),
            )
        return found


def _line_numbers(text: str) -> dict[tuple[str, str], int]:
    """(table, key) → line, for keys written one to a line; (table, "") is the table's own header."""
    lines: dict[tuple[str, str], int] = {}
    table, counts = "", {}  # type: ignore[var-annotated]
    for number, line in enumerate(text.splitlines(), 1):
        header = _HEADER.match(line)
        if header:
            table = header[2].strip("\"' ")
            if header[1] == "[[":
                counts[table] = counts.get(table, -1) + 1
                table = f"{table}[{counts[table]}]"
            lines.setdefault((table, ""), number)
            continue
        key = re.match(r"^\s*[\"']?([A-Za-z0-9_.-]+)[\"']?\s*=", line)
        if key:
            lines.setdefault((table, key[1]), number)
            lines.setdefault((f"{table}.{key[1]}" if table else key[1], ""), number)
    return lines
