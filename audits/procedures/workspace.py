"""A run's folder: the copied source tree, the recorders' logs, and scratch. No Django in here."""

import hashlib
import json
import lzma
import os
import shutil
import stat
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from audits.sandbox.layout import remove

LEFT_OUT = frozenset({".git", ".hg", ".svn", "__pycache__", "node_modules", ".audit-env", ".mypy_cache", ".ruff_cache"})
# What the standard library raises for archives that lie, are cut off, or hold a name twice.
UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    OSError,
    NotImplementedError,
    RuntimeError,
    EOFError,
    IndexError,
)
MARK, PIECES = "run.json", "pieces.jsonl"
MOST_FILES = 100_000
MOST_BYTES = 4 * 1024**3


class SourceRefused(ValueError):
    """The source tree can't be audited as it is; the message says why and what would mend it."""


@dataclass(frozen=True)
class Workspace:
    """Paths of one run. `root` is private to the worker; `tree` is what the audited program runs in."""

    root: Path
    tree: Path

    @property
    def outputs(self) -> Path:
        """Answers of models, one JSON line each: the input of lineage."""
        return self.root / "outputs.jsonl"

    def spool(self, phase: str) -> Path:
        return self.root / f"spool-{phase}"

    def blobs(self, phase: str) -> Path:
        """Where the recorder of a phase writes bodies, until the evidence store has them."""
        return self.spool(phase) / "blobs"

    def claim(self, run_id: int, requested: str) -> None:
        """Say whose folder this is, for whoever finds it later; `requested` tells runs of two databases apart."""
        (self.root / MARK).write_text(json.dumps({"run": run_id, "requested": requested, "tree": str(self.tree)}))

    def enter(self, piece: Mapping[str, Any]) -> None:
        """Note a piece of evidence as soon as the store has it, so that a killed worker's evidence can be sealed."""
        with (self.root / PIECES).open("a", encoding="ascii") as file:
            file.write(json.dumps(dict(piece)) + "\n")

    def entered(self) -> list[dict[str, Any]]:
        """The pieces that were noted; a line that was torn by a crash is passed over."""
        path = self.root / PIECES
        lines = path.read_text(encoding="ascii").split("\n")[:-1] if path.exists() else []
        return [json.loads(line) for line in lines]

    def remove_blobs(self) -> None:
        """Give back the space of contents that a recorder wrote here and the evidence store has by now."""
        for blobs in self.root.glob("spool-*/blobs"):
            shutil.rmtree(blobs)

    def remove_tree(self) -> None:
        """Give back the space of the tree, whose declared files are evidence by then; records and outputs stay."""
        folder = self.tree if self.tree.parent == self.root else self.tree.parent
        if folder.exists():
            remove(folder)


def new_workspace(runs: Path, run_id: int, *, bare: bool = False) -> Workspace:
    """A new folder below `runs`; its name begins with the run's number and never was there before.

    `bare`: the program will run without mounts as a user that may not walk into a private folder, so the tree gets one
    of its own elsewhere.
    """
    runs.mkdir(parents=True, exist_ok=True, mode=0o700)
    root = Path(tempfile.mkdtemp(prefix=f"{run_id}-", dir=runs))
    if not bare:
        return Workspace(root, root / "tree")
    outside = Path(tempfile.mkdtemp(prefix="clausetrail-run-"))
    outside.chmod(0o711)
    return Workspace(root, outside / "tree")


def workspace_of(runs: Path, run_id: int, requested: str) -> Workspace | None:
    """The folder of a run that was at work once, or None."""
    for root in sorted(runs.glob(f"{run_id}-*")):
        mark = json.loads((root / MARK).read_text()) if (root / MARK).exists() else {}
        if (mark.get("run"), mark.get("requested")) == (run_id, requested):
            return Workspace(root, Path(mark["tree"]))
    return None


@dataclass(frozen=True)
class SourceFile:
    path: str
    size: int
    sha256: str
    executable: bool
    changed_ns: int = 0


def copy_tree(source: Path, target: Path) -> list[str]:
    """Copy a source tree without version control and caches; returns what was left out on purpose, in words.

    Links that lead out of the tree are not followed. Raises SourceRefused for a missing, unreadable or outsized tree.
    """
    if not source.is_dir():
        raise SourceRefused(f"{source}: there is no such folder. Mend the pipeline's path.")
    try:
        return _copy(source, target)
    except OSError as error:
        raise SourceRefused(
            f"{error.filename}: can't be copied: {error.strerror}. Let the worker's user read it."
        ) from error


def _copy(source: Path, target: Path) -> list[str]:
    notes, files, size = [], 0, 0
    for folder, names, entries in os.walk(source, onerror=_raise):
        names[:] = [name for name in sorted(names) if name not in LEFT_OUT and not _is_environment(Path(folder) / name)]
        inside = Path(folder).relative_to(source)
        (target / inside).mkdir(parents=True, exist_ok=True)
        links = [name for name in names if (Path(folder) / name).is_symlink()]
        names[:] = [name for name in names if name not in links]
        for name in sorted([*entries, *links]):
            path = Path(folder) / name
            if path.is_symlink() and not _stays_inside(path, source):
                notes.append(f"{inside / name}: a link that leads out of the tree was not followed")
            elif path.is_symlink():
                (target / inside / name).symlink_to(os.readlink(path))
            elif not stat.S_ISREG(path.stat().st_mode):
                notes.append(f"{inside / name}: not a regular file, left out")
            else:
                files, size = files + 1, size + path.stat().st_size
                _check_size(files, size)
                shutil.copy2(path, target / inside / name)
    return notes


def _raise(error: OSError) -> None:
    raise error


def _is_environment(folder: Path) -> bool:
    return (folder / "pyvenv.cfg").exists()


def _stays_inside(link: Path, root: Path) -> bool:
    try:
        return link.resolve().is_relative_to(root.resolve()) and not os.readlink(link).startswith("/")
    except (OSError, RuntimeError):
        return False


def _check_size(files: int, size: int) -> None:
    if files > MOST_FILES or size > MOST_BYTES:
        raise SourceRefused(
            f"The source tree has more than {MOST_FILES:,} files or {MOST_BYTES // 1024**3} GB. "
            "Point the pipeline at the code alone; data that it reads belongs beside it, by download or mount."
        )


def unpack_archive(archive: Path, target: Path) -> list[str]:
    """Unpack an uploaded ZIP and tell what was left out. One top folder is stripped.

    Raises SourceRefused for anything that would land outside, blow up, or can't be read.
    """
    notes: list[str] = []
    try:
        with zipfile.ZipFile(archive) as opened:
            members = [member for member in opened.infolist() if not member.is_dir()]
            _check_size(len(members), sum(member.file_size for member in members))
            prefix = _common_folder([member.filename for member in members])
            written = 0
            for member in members:
                if stat.S_ISLNK(member.external_attr >> 16):
                    notes.append(f"{member.filename}: a link, left out of the unpacked archive")
                    continue
                written = _unpack(opened, member, target, prefix, written)
    except UNREADABLE as error:
        raise SourceRefused(f"The uploaded archive can't be unpacked: {error}. Upload a plain ZIP.") from error
    return notes


def _common_folder(names: list[str]) -> str:
    tops = {PurePosixPath(name).parts[0] for name in names if PurePosixPath(name).parts}
    nested = all(len(PurePosixPath(name).parts) > 1 for name in names)
    return next(iter(tops)) if len(tops) == 1 and nested else ""


def _unpack(opened: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path, prefix: str, written: int) -> int:
    path = PurePosixPath(member.filename)
    if path.is_absolute() or ".." in path.parts or "\\" in member.filename or "\0" in member.filename:
        raise SourceRefused(f"The uploaded archive names {member.filename!r}, which lies outside of it.")
    parts = path.parts[1:] if prefix else path.parts
    if any(part in LEFT_OUT for part in parts):
        return written
    place = target.joinpath(*parts)
    place.parent.mkdir(parents=True, exist_ok=True)
    with opened.open(member) as source, place.open("xb") as file:
        while piece := source.read(1 << 20):
            written += len(piece)
            _check_size(0, written)
            file.write(piece)
    if member.external_attr >> 16 & 0o100:
        place.chmod(0o755)
    return written


def list_files(root: Path, *, most: int = MOST_FILES) -> Iterator[SourceFile]:
    """Every regular file below `root` with its hash, by path; links are not followed, the environment is left out.

    Raises SourceRefused for too many files, OSError for what can't be read.
    """
    found = 0
    for folder, names, entries in os.walk(root, onerror=_raise):
        names[:] = sorted(name for name in names if name != ".audit-env")
        for name in sorted(entries):
            path = Path(folder) / name
            if path.is_symlink() or not path.is_file():
                continue
            found += 1
            if found > most:
                raise SourceRefused(f"{root.name} holds more than {most:,} files")
            details = path.stat()
            yield SourceFile(
                path=path.relative_to(root).as_posix(),
                size=details.st_size,
                sha256=sha256_of(path),
                executable=bool(details.st_mode & 0o100),
                changed_ns=details.st_mtime_ns,
            )


def listing(files: list[SourceFile]) -> bytes:
    """The canonical listing of some files; its SHA-256 is the hash of the tree."""
    rows = [[file.path, file.size, file.sha256, file.executable] for file in sorted(files, key=lambda file: file.path)]
    return json.dumps(rows, separators=(",", ":"), ensure_ascii=True).encode()


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
