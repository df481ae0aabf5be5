"""Three files of answers compared, and what they were: for the command and the page."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from audits.datasets.answers import AnswersFile, read_answers
from audits.lineage.agreement import Agreement, compare

SIDES = ("student", "teacher", "baseline")


@dataclass(frozen=True)
class ComparedFile:
    """One file as it was read. `sha256` is empty for a folder."""

    name: str
    sha256: str
    size: int
    rows: int
    unread: int
    problems: list[str]


@dataclass(frozen=True)
class Comparison:
    """What was found, and in which files."""

    agreement: Agreement
    files: Mapping[str, ComparedFile]

    def as_json(self) -> dict[str, Any]:
        return self.agreement.as_json() | {"files": {side: asdict(file) for side, file in self.files.items()}}


def compare_files(
    paths: Mapping[str, Path], names: Mapping[str, str] | None = None, trained_on: Iterable[str] = ()
) -> Comparison:
    """`paths`: by side (see SIDES); `names`: what people call the files. Raises UnreadableDataset and NoAnswers."""
    called = {side: (names or {}).get(side) or str(paths[side]) for side in SIDES}
    read = {side: read_answers(paths[side], called[side]) for side in SIDES}
    found = compare(read["student"].answers, read["teacher"].answers, read["baseline"].answers, trained_on)
    return Comparison(found, {side: _described(paths[side], called[side], read[side]) for side in SIDES})


def _described(path: Path, name: str, held: AnswersFile) -> ComparedFile:
    name = Path(name).name[:200]
    if not path.is_file():
        return ComparedFile(name, "", 0, held.rows, held.unread, held.problems)
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return ComparedFile(name, digest, path.stat().st_size, held.rows, held.unread, held.problems)
