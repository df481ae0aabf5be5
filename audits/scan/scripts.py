"""What a tree's scripts give its programs: environment variables, options on command lines, commands of an installation."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from audits.scan.modules import Module, is_test_path
from audits.scan.tree import SourceFile
from audits.scan.values import Given

MOST_LINES = 20_000
_NAME = r"[A-Z][A-Z0-9_]{2,60}"
_VARIABLE = re.compile(
    rf"""(?:^|[\s;&-])(?:export\s+|ENV\s+|set\s+)?({_NAME})\s*(?:=|:\s|\s(?=https?://))\s*["']?([^\s"'#;]+)"""
)
_SHELL = frozenset((".sh", ".bash", ".slurm", ".sbatch", ".zsh"))
_COMMAND = re.compile(
    r"(?:\bpython[\d.]*|\btorchrun|\baccelerate\s+launch|\bdeepspeed|\buv\s+run|\bpoetry\s+run)\s+(.{1,2000})"
)
_PROGRAM = re.compile(r"(?:^|\s)(?:-m\s+([\w.]+)|(\S+\.py)\b)")
_OPTION = re.compile(r"""--([A-Za-z][\w-]{1,60})(?:=|\s+)["']?([^\s"'\\-][^\s"'\\]{0,200})""")
_POINT = re.compile(r"""^\s*["']?[\w.-]+\s*=\s*["']?[\w.]+:(\w+)""", re.MULTILINE)
_POINTS = re.compile(
    r"\[(?:project\.scripts|tool\.poetry\.scripts|options\.entry_points|project\.entry-points[^\]]*)\]([^\[]{0,4000})"
)
_FENCE = re.compile(r"^\s*```")


@dataclass(slots=True)
class Scripts:
    """`environment`: variable → texts given to it. `options`: (program's path or dotted name, option) → texts."""

    environment: dict[str, list[Given]] = field(default_factory=lambda: defaultdict(list))
    options: dict[tuple[str, str], list[Given]] = field(default_factory=lambda: defaultdict(list))
    entry_points: set[str] = field(default_factory=set)


def read_scripts(files: Iterable[SourceFile]) -> Scripts:
    """What shell scripts, .env files, Dockerfiles, compose files, Makefiles and installation files say."""
    found = Scripts()
    for file in files:
        name = file.path.rsplit("/", 1)[-1].lower()
        if is_test_path(file.path):
            continue
        if name in ("pyproject.toml", "setup.cfg", "setup.py"):
            found.entry_points |= _entry_points(file.text, name)
        elif _gives_variables(file, name):
            _read_lines(file, found)
    return found


def _gives_variables(file: SourceFile, name: str) -> bool:
    plain = file.extension in _SHELL or name.startswith((".env", "dockerfile", "makefile")) or file.extension == ".env"
    return plain or "compose" in name or _is_readme(name) or name.endswith((".example", ".sample"))


def _is_readme(name: str) -> bool:
    return name.startswith("readme") and name.endswith(".md")


def _read_lines(file: SourceFile, found: Scripts) -> None:
    home = Module(file.path, "", file.text.split("\n"), None, False)
    for number, line in _commands(file, home.lines[:MOST_LINES]):
        for name, value in _VARIABLE.findall(line):
            found.environment[name].append(Given(value, home, number))
        command = _COMMAND.search(line)
        program = _PROGRAM.search(command[1]) if command else None
        if command and program:
            target = program[1] or program[2].removesuffix(".py").lstrip("./").replace("/", ".")
            for option, value in _OPTION.findall(command[1]):
                if "$" not in value:
                    found.options[target, option.replace("-", "_")].append(Given(value, home, number))


def _commands(file: SourceFile, lines: list[str]) -> Iterator[tuple[int, str]]:
    """(line, command), continued lines joined; of a readme only what stands in its fenced blocks."""
    prose = file.extension == ".md"
    fenced, began, joined = not prose, 0, ""
    for number, line in enumerate(lines, start=1):
        if prose and _FENCE.match(line):
            fenced = not fenced
            continue
        if not fenced or line.lstrip().startswith("#"):
            continue
        began = began or number
        joined += line.rstrip().removesuffix("\\") + " "
        if not line.rstrip().endswith("\\") or len(joined) > 4000:
            yield began, joined[:4000]
            began, joined = 0, ""


def _entry_points(text: str, name: str) -> set[str]:
    if name == "setup.py":
        return set(re.findall(r"""["'][\w.-]+\s*=\s*[\w.]+:(\w+)["']""", text[:100_000]))
    return {point for block in _POINTS.findall(text[:200_000]) for point in _POINT.findall(block)}


def give_options(modules: Iterable[Module], scripts: Scripts) -> None:
    """Put what command lines give beside the defaults of the programs' own options."""
    for module in modules:
        for (target, option), given in scripts.options.items():
            if option in module.options and ("." + module.dotted).endswith("." + target):
                module.attributes[option].extend(given[:6])
