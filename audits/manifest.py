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

ROLES = ("training", "evaluation", "intermediate")
PURPOSES = ("train", "evaluate", "filter")
STUDENT_KINDS = ("generative", "classifier", "embedding", "reward")
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

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def parse_manifest(text: str, filename: str = "audit.toml") -> Manifest:
    """Read a manifest. Raises ManifestError with every complaint, each as `file:line: key: what is wrong, how to mend it`."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ManifestError([f"{filename}: not valid TOML: {error}"]) from error
    reader = _Reader(text, filename)
    manifest = reader.manifest(data)
    if reader.problems:
        raise ManifestError(reader.problems)
    return manifest


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
        self.problems: list[str] = []
        self.lines = _line_numbers(text)

    def complain(self, table: str, key: str, words: str) -> None:
        line = self.lines.get((table, key)) or self.lines.get((table, ""))
        where = f"{self.filename}:{line}" if line else self.filename
        self.problems.append(f"{where}: {table}{'.' + key if key else ''}: {words}")

    def manifest(self, data: Mapping[str, Any]) -> Manifest:
        self.known("", data, ("pipeline", "dataset", "student", "purpose", "access"))
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
        self.complain(table, key, f"must be {words}, not {type(found).__name__}")
        return None

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
        if all(isinstance(item, str) and "\0" not in item for item in found):
            return tuple(found)
        self.complain(table, key, "must hold texts only")
        return None

    def path(self, table: str, data: Mapping[str, Any], key: str) -> str | None:
        found: str | None = self.value(table, data, key, str, "a path within the pipeline's tree")
        if found is None:
            return None
        parts = PurePosixPath(found)
        if not found.strip() or parts.is_absolute() or ".." in parts.parts or "\0" in found:
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
        name = self.value("pipeline", table, "name", str, "a text")
        command = self.texts("pipeline", table, "command")
        if "pipeline" in data and not (name or "").strip() and not isinstance(table.get("name"), int | list | dict):
            self.complain("pipeline", "name", "is missing; give the pipeline a name")
        if "pipeline" in data and not command and ("command" not in table or table["command"] == []):
            self.complain("pipeline", "command", 'is missing; say what runs it, e.g. command = ["python", "main.py"]')
        return Program(
            name=name or "",
            command=command or (),
            setup=self.texts("pipeline", table, "setup") or (),
            python=self.value("pipeline", table, "python", str, 'a text such as "3.11"') or "",
            env=self.environment(table),
            secrets=self.secrets(table),
            timeout_minutes=self.positive(table, "timeout_minutes", 60, 7 * 24 * 60),
            memory_mb=int(self.positive(table, "memory_mb", 4096, 1024 * 1024)),
        )

    def positive(self, table: Mapping[str, Any], key: str, default: float, most: float) -> float:
        found = self.value("pipeline", table, key, (int, float), "a number")
        if found is None:
            return default
        if not 0 < found <= most:
            self.complain("pipeline", key, f"must be more than 0 and at most {most:,}")
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
            for key in ("path", "role"):
                if key not in table:
                    self.complain(where, key, "is missing")
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
        if not table.get("name"):
            self.complain("student", "name", "is missing; the report calls the student by it")
        return DeclaredStudent(
            name=self.value("student", table, "name", str, "a text") or "",
            kind=self.one_of("student", table, "kind", STUDENT_KINDS),
            base_model=self.value("student", table, "base_model", str, 'a model id, or "none"'),
            general_purpose=self.value("student", table, "general_purpose", bool, "true or false"),
            competes_with=self.texts("student", table, "competes_with"),
            distributed=self.value("student", table, "distributed", bool, "true or false"),
            commercial=self.value("student", table, "commercial", bool, "true or false"),
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
                served_by=self.value(where, table, "served_by", str, "a provider's name"),
                account=self.value(where, table, "account", str, "a text"),
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
