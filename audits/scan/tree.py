"""Walking a source tree that may be hostile: nothing is followed out of it, nothing huge or binary is read whole."""

import ast
import json
import os
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

LARGEST_FILE = 2 * 1024 * 1024
LARGEST_NOTEBOOK = 32 * 1024 * 1024  # pictures among their answers make notebooks large
MOST_LINKS = 50  # symbolic links that are named one by one
MOST_FILES = 200_000
MOST_SEARCHED = 3_000_000  # lines of a notebook looked at in order to find its cells' lines
DEEPEST_FOLDER = 40
_SKIPPED_FOLDERS = frozenset(
    (
        ".git",
        ".hg",
        ".svn",
        "node_modules",
        ".venv",
        ".audit-env",
        "venv",
        "__pycache__",
        "site-packages",
        ".tox",
        ".mypy_cache",
        ".ruff_cache",
        ".cache",
    )
)
PYTHON = frozenset((".py", ".pyw"))
_SCRIPTS_AND_SETTINGS = """
    .ipynb .yaml .yml .json .jsonc .json5 .jsonnet .toml .cfg .ini .env .sh .bash
    .slurm .sbatch .r .js .ts .mjs .cjs .jsx .tsx .mts .cts .rmd .qmd
"""
READ = PYTHON | frozenset(_SCRIPTS_AND_SETTINGS.split())
_READ_NAMES = frozenset(("dockerfile", "makefile", "requirements.txt", ".env", ".env.example", "readme.md"))


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A readable file of the tree: its path relative to the root, with forward slashes, and its text."""

    path: str
    text: str

    @property
    def extension(self) -> str:
        return os.path.splitext(self.path)[1].lower()


@dataclass(frozen=True, slots=True)
class Unread:
    """A file that should have been read and could not be, and why."""

    path: str
    reason: str


def walk(root: Path) -> Iterator[SourceFile | Unread]:
    """The files of a tree that may hold uses, in a fixed order; whatever of it is left out is named.

    Symbolic links are not followed, so cycles cannot arise. Of folders in which others' code or history lies (`.git`,
    `node_modules`, environments) nothing is read, and nothing is said.
    """
    pending = [(root, 0)]
    seen = links = 0
    while pending:
        folder, depth = pending.pop()
        entries, problem = _entries(folder)
        if problem:
            yield Unread(_relative(folder, root), problem)
        for entry in entries:
            path = Path(entry.path)
            if entry.name in _SKIPPED_FOLDERS:
                continue
            if entry.is_symlink():
                links += 1
                if links <= MOST_LINKS and (_wanted(entry.name) or "." not in entry.name):
                    yield Unread(_relative(path, root), "a symbolic link, which is not followed")
                continue
            if entry.is_dir(follow_symlinks=False):
                if depth < DEEPEST_FOLDER:
                    pending.append((path, depth + 1))
                else:
                    reason = f"more than {DEEPEST_FOLDER} folders inside each other: nothing in this one was read"
                    yield Unread(_relative(path, root), reason)
            elif entry.is_file(follow_symlinks=False) and _wanted(entry.name):
                seen += 1
                if seen > MOST_FILES:
                    yield Unread(
                        _relative(path, root),
                        f"more than {MOST_FILES} files: this one and those after it were not read",
                    )
                    return
                yield _read(path, root)


def _entries(folder: Path) -> tuple[list[os.DirEntry[str]], str]:
    try:
        with os.scandir(folder) as found:
            return sorted(found, key=lambda entry: entry.name), ""
    except OSError as error:
        return [], f"the folder cannot be listed: {error.strerror}"


def _wanted(name: str) -> bool:
    lowered = name.lower()
    return (
        os.path.splitext(lowered)[1] in READ
        or lowered in _READ_NAMES
        or lowered.startswith(("dockerfile", "requirements"))
        or (lowered.startswith("readme") and lowered.endswith(".md"))
    )


def _read(path: Path, root: Path) -> SourceFile | Unread:
    name = _relative(path, root)
    try:
        size = path.stat().st_size
        most = LARGEST_NOTEBOOK if path.suffix.lower() == ".ipynb" else LARGEST_FILE
        if size > most:
            return Unread(name, f"{size} bytes: larger than the {most} that are read")
        raw = path.read_bytes()
    except OSError as error:
        return Unread(name, f"cannot be read: {error.strerror}")
    if b"\x00" in raw[:8192]:
        return Unread(name, "holds binary data")
    return SourceFile(name, raw.decode("utf-8-sig", "replace"))


def _relative(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix().encode("utf-8", "replace").decode("utf-8")


def notebook_code(text: str) -> tuple[str, list[int], list[int]]:
    """The code cells of a notebook as one program, for each of its lines the line of the file, and where unreadable cells begin.

    Commands of the notebook (! and %) become `pass`; cells in another language and cells that are no Python are left out. Raises
    ValueError (also for what is no notebook) and RecursionError.
    """
    notebook = json.loads(text)
    cells = notebook.get("cells") if isinstance(notebook, dict) else None
    if not isinstance(cells, list):
        raise ValueError("it has no list of cells")
    lines: list[str] = []
    numbers: list[int] = []
    broken: list[int] = []
    at = 0
    places = _Places(text.split("\n"))
    for cell in cells:
        if not isinstance(cell, dict) or cell.get("cell_type") != "code":
            continue
        code = _cell_lines(cell.get("source"))
        start = at
        for line in code:
            at = places.of(line, at)
            numbers.append(at + 1)
        python = _as_python(code)
        lines += python if python is not None else [""] * len(code)
        broken += [] if python is not None else [numbers[-len(code)] if code else start]
    return "\n".join(lines), numbers, broken


def _as_python(cell: list[str]) -> list[str] | None:
    """The lines of a cell as Python, as many as before; None when they are none."""
    if cell[0].startswith("%%") and not cell[0].startswith(("%%time", "%%capture")):
        return [""] * len(cell)
    lines: list[str] = []
    goes_on = False  # a command's line that ends in a backslash continues on the next
    for line in cell:
        indent = line[: len(line) - len(line.lstrip())]
        command = line.lstrip().startswith(("!", "%"))
        lines.append("" if goes_on else f"{indent}pass" if command else line)
        goes_on = (goes_on or command) and line.rstrip().endswith("\\")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse("\n".join(lines))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return lines


def _cell_lines(source: object) -> list[str]:
    text = (
        source
        if isinstance(source, str)
        else "".join(s for s in source if isinstance(s, str))
        if isinstance(source, list)
        else ""
    )
    return text.split("\n")


class _Places:
    """Where the lines of a notebook's cells stand in its file. What is searched altogether is bounded."""

    def __init__(self, raw: list[str]) -> None:
        self._raw = raw
        self._left = MOST_SEARCHED

    def of(self, line: str, start: int) -> int:
        """The next line of the file from `start` on that holds this line of a cell in JSON's spelling; else `start`."""
        if not line.strip():
            return start
        for spelled in (json.dumps(line, ensure_ascii=False)[1:-1], json.dumps(line)[1:-1]):
            for at in range(start, len(self._raw)):
                self._left -= 1
                if self._left < 0:
                    return start
                if spelled in self._raw[at]:
                    return at
        return start
