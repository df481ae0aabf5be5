"""What the pipeline left behind: declared datasets and the student, hashed and kept; what is missing is named."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from audits.lineage.rows import MalformedRow, UnreadableDataset, read_rows
from audits.manifest import DeclaredDataset, DeclaredStudent, Manifest
from audits.models import Dataset, Run, Student
from audits.procedures.workspace import SourceFile, list_files, listing, sha256_of

LARGEST_KEPT = 2 * 1024**3


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
        path = _inside(tree, declared.path)
        if path is None or not path.is_file():
            words = "was not written by the run" if path is None or not path.exists() else "is not a regular file"
            _store(run, declared, gap=f"{declared.path} {words}")
            continue
        collected.append(_collect_dataset(run, declared, path, before))
    return collected


def _collect_dataset(run: Run, declared: DeclaredDataset, path: Path, before: dict[str, int]) -> Collected:
    digest, details = sha256_of(path), path.stat()
    untouched = before.get(declared.path) == details.st_mtime_ns
    gap = "It was in the source tree before the run, and the run did not write it" if untouched else ""
    rows, malformed = 0, 0
    try:
        for row in read_rows(path):
            rows += 1
            malformed += isinstance(row, MalformedRow)
    except UnreadableDataset as error:
        gap = str(error).replace(str(path), declared.path)
    _store(run, declared, sha256=digest, size=details.st_size, rows=rows, malformed=malformed, gap=gap)
    return Collected("dataset", declared.path, path, digest, details.st_size)


def _store(run: Run, declared: DeclaredDataset, **fields: object) -> None:
    suffixes = Path(declared.path).suffixes
    Dataset.objects.create(
        run=run,
        path=declared.path,
        role=declared.role,
        format="".join(suffixes[-2:] if suffixes[-1:] in ([".gz"], [".bz2"], [".xz"]) else suffixes[-1:]).lstrip("."),
        **{key: value[:400] if isinstance(value, str) else value for key, value in fields.items()},
    )


def _inside(tree: Path, name: str) -> Path | None:
    """The declared file, unless it leads out of the tree by a link that the pipeline made."""
    path = tree / name
    try:
        return path if path.resolve().is_relative_to(tree.resolve()) and not path.is_symlink() else None
    except (OSError, RuntimeError):
        return None


def collect_student(run: Run, declared: DeclaredStudent | None, tree: Path) -> list[Collected]:
    """The student's files, hashed one by one; its own hash is that of their listing."""
    if declared is None:
        return []
    facts = {key: value for key, value in run.manifest.get("student", {}).items() if value is not None}
    student = Student(run=run, name=declared.name, kind=declared.kind or "", path=declared.path or "", facts=facts)
    files: list[SourceFile] = []
    if declared.path:
        root = _inside(tree, declared.path)
        if root is None or not root.exists():
            student.gap = f"{declared.path} was not written by the run"
        else:
            files = _files_of(root)
            student.size = sum(file.size for file in files)
            student.files = [{"path": file.path, "size": file.size, "sha256": file.sha256} for file in files]
            student.sha256 = _listing_hash(files)
    student.save()
    base = tree / (declared.path or "")
    return [
        Collected(
            "student",
            f"{declared.path}/{file.path}" if base.is_dir() else str(declared.path),
            base / file.path if base.is_dir() else base,
            file.sha256,
            file.size,
        )
        for file in files
    ]


def _files_of(root: Path) -> list[SourceFile]:
    if root.is_dir():
        return list(list_files(root))
    return [SourceFile(root.name, root.stat().st_size, sha256_of(root), False)]


def _listing_hash(files: list[SourceFile]) -> str:
    return hashlib.sha256(listing(files)).hexdigest()
