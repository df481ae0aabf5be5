"""What the pipeline left behind: declared datasets and the student, hashed and kept; what is missing is named."""

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from audits.datasets.reading import read_rows
from audits.lineage.rows import MalformedRow, UnreadableDataset
from audits.manifest import DeclaredDataset, DeclaredStudent, Manifest
from audits.models import Dataset, Run, Student
from audits.procedures.workspace import SourceFile, SourceRefused, list_files, listing, sha256_of
from audits.text import storable

LARGEST_KEPT = 2 * 1024**3
TOO_LARGE = f"Files larger than {LARGEST_KEPT // 1024**3} GB are hashed; their content is not kept"


@dataclass(frozen=True)
class Collected:
    """A file of the pipeline's that belongs into evidence."""

    kind: str
    name: str
    path: Path
    sha256: str
    size: int


def collect_datasets(run: Run, manifest: Manifest, tree: Path, before: dict[str, int]) -> list[Collected]:
    """One row for each declared dataset. `before`: when each file of the source tree was last changed (ns)."""
    collected = []
    for declared in manifest.datasets:
        path, gap = _find(tree, declared.path)
        if path is None or not (path.is_file() or path.is_dir()):
            _store(run, declared, gap=gap or f"{declared.path} is not a regular file or folder")
            continue
        try:
            collected += _collect_dataset(run, declared, path, before)
        except SourceRefused as error:
            _store(run, declared, gap=f"{declared.path} can't be read: {error}")
        except OSError as error:
            _store(run, declared, gap=f"{declared.path} can't be read: {error.strerror}")
    return collected


def _collect_dataset(run: Run, declared: DeclaredDataset, path: Path, before: dict[str, int]) -> list[Collected]:
    """The data set's row, and its files; a folder (parts of one data set) has the hash of the listing of its files."""
    files = list(list_files(path)) if path.is_dir() else [SourceFile("", path.stat().st_size, sha256_of(path), False)]
    digest = hashlib.sha256(listing(files)).hexdigest() if path.is_dir() else files[0].sha256
    collected = [_part(declared, path, file) for file in files]
    untouched = bool(collected) and all(before.get(one.name) == one.path.stat().st_mtime_ns for one in collected)
    gap = "It was in the source tree before the run, and the run did not write it" if untouched else ""
    rows, malformed, unread = _count_rows(declared, path)
    gap = unread or gap
    if malformed and not gap:
        gap = f"{malformed:,} of {rows:,} rows can't be read; they are kept as they are, and derive from nobody knows what"
    size = sum(file.size for file in files)
    _store(run, declared, sha256=digest, size=size, rows=rows, malformed=malformed, gap=gap)
    return collected


def _part(declared: DeclaredDataset, path: Path, file: SourceFile) -> Collected:
    name = f"{declared.path.rstrip('/')}/{file.path}" if file.path else declared.path
    return Collected("dataset", storable(name), path / file.path if file.path else path, file.sha256, file.size)


def _count_rows(declared: DeclaredDataset, path: Path) -> tuple[int, int, str]:
    """How many rows there are, how many of them malformed, and why reading stopped when it did."""
    rows, malformed = 0, 0
    try:
        for row in read_rows(path):
            rows += 1
            malformed += isinstance(row, MalformedRow)
    except UnreadableDataset as error:
        return rows, malformed, str(error).replace(str(path), declared.path)
    return rows, malformed, ""


def _store(run: Run, declared: DeclaredDataset, *, gap: str, **fields: object) -> None:
    suffixes = Path(declared.path).suffixes
    packed = suffixes[-1:] in ([".gz"], [".bz2"], [".xz"], [".zst"])
    form = "".join(suffixes[-2:] if packed else suffixes[-1:]).lstrip(".")
    Dataset.objects.create(
        run=run, path=declared.path, role=declared.role, format=form[:20], gap=storable(gap)[:400], **fields
    )


def _find(tree: Path, name: str) -> tuple[Path | None, str]:
    """What the pipeline left under a declared name, or why there is nothing: a link is not followed, it may lead anywhere."""
    path = tree / name
    try:
        inside = path.resolve().is_relative_to(tree.resolve()) and not path.is_symlink()
        exists = os.path.lexists(path)
    except (OSError, RuntimeError):
        inside, exists = False, True
    if not exists:
        return None, f"{name} was not written by the run"
    return (path, "") if inside else (None, f"{name} is a link; links that the pipeline made are not followed")


def collect_student(run: Run, declared: DeclaredStudent | None, tree: Path) -> list[Collected]:
    """The student's files, hashed one by one; its own hash is that of their listing."""
    if declared is None:
        return []
    facts = {key: value for key, value in run.manifest.get("student", {}).items() if value is not None}
    student = Student(run=run, name=declared.name, kind=declared.kind or "", path=declared.path or "", facts=facts)
    files: list[SourceFile] = []
    root, student.gap = _find(tree, declared.path) if declared.path else (None, "")
    if root is not None:
        files, student.gap = _files_of(root, str(declared.path))
        student.size = sum(file.size for file in files)
        student.files = [{"path": storable(file.path), "size": file.size, "sha256": file.sha256} for file in files]
        student.sha256 = hashlib.sha256(listing(files)).hexdigest() if files else ""
    student.save()
    return [_collected(declared, root, file) for file in files if root is not None]


def _collected(declared: DeclaredStudent, root: Path, file: SourceFile) -> Collected:
    whole = not root.is_dir()
    name = str(declared.path) if whole else f"{declared.path}/{file.path}"
    return Collected("student", storable(name), root if whole else root / file.path, file.sha256, file.size)


def _files_of(root: Path, name: str) -> tuple[list[SourceFile], str]:
    """The student's files, and what is missing from them."""
    try:
        if root.is_dir():
            files = list(list_files(root))
            return files, "" if files else f"{name} holds no files"
        if root.is_file():
            return [SourceFile(root.name, root.stat().st_size, sha256_of(root), False)], ""
        return [], f"{name} is neither a file nor a folder"
    except (SourceRefused, OSError) as error:
        return [], storable(f"{name} can't be read: {error}")[:400]


def gaps(run: Run) -> Iterator[tuple[str, str, str]]:
    """(kind, subject, words) of everything declared that could not be collected whole."""
    for dataset in run.datasets.order_by("path"):
        if dataset.gap:
            yield "dataset", dataset.path, dataset.gap
        if dataset.size > LARGEST_KEPT:
            yield "dataset", dataset.path, TOO_LARGE
    student = Student.objects.filter(run=run).first()
    if student and student.gap:
        yield "student", student.path, student.gap
    if student and any(file["size"] > LARGEST_KEPT for file in student.files):
        yield "student", student.path, TOO_LARGE
