"""Whether a file, or a hash, is a report that this installation made, and whether it still stands.

Told to anybody who asks, so nothing is told that the paper does not say itself: a bare hash gets a case number and a day; no name
of a project, a pipeline or a person.
"""

import hashlib
import re
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Final

from django.conf import settings
from django.db.models import Q

from audits.evidence.store import StoreProblem, open_store
from audits.models import Report, ReportSignature
from audits.reporting.paper.examine import differences

PIECE: Final = 1024 * 1024
IDENTITY: Final = re.compile(rb"urn:clausetrail:([0-9a-f]{64})")
OVERLAP: Final = 96
HASH: Final = re.compile(r"(?:sha256:)?([0-9a-f]{64})")


@dataclass(frozen=True)
class Told:
    """The answer. `made`: by this installation; `unchanged`: None where only a hash was given, or nothing is known of it.

    `changes`: what is different about a changed file. `signature`, `withdrawn_at`, `newer`: only for whoever has the file.
    """

    made: bool
    unchanged: bool | None = None
    case: str = ""
    number: int = 0
    made_at: datetime | None = None
    final: bool = False
    of_context: bool = False
    changes: Sequence[str] = ()
    signature: ReportSignature | None = None
    withdrawn_at: datetime | None = None
    newer: int | None = None
    sha256: str = ""

    @property
    def stands(self) -> bool:
        """Whether it is unchanged, and nobody withdrew what it stands on."""
        return self.unchanged is True and self.withdrawn_at is None


def hash_in(words: str) -> str:
    """The SHA-256 in what somebody typed, in lower case; empty when there is none."""
    found = HASH.fullmatch(re.sub(r"\s+", "", words.lower())[:80])
    return found.group(1) if found else ""


def case_of(report: Report) -> str:
    """The case number that its paper bears: CT-7-1, CT-P3-1, CT-ALL-1."""
    if report.run_id is not None:
        return f"CT-{report.run_id}-{report.number}"
    return f"CT-P{report.project_id}-{report.number}" if report.project_id else f"CT-ALL-{report.number}"


def verify_hash(sha256: str) -> Told:
    """What a bare hash is told: whether it is that of a report's file or context, of which case, and when it was made."""
    ready = Report.objects.filter(state=Report.State.READY)
    report = ready.filter(Q(pdf_sha256=sha256) | Q(context_sha256=sha256)).order_by("pk").first() if sha256 else None
    if report is None:
        return Told(made=False, sha256=sha256)
    return Told(
        made=True, case=case_of(report), number=report.number, made_at=report.finished_at,
        of_context=report.pdf_sha256 != sha256, sha256=sha256,
    )  # fmt: skip


def verify_file(file: IO[bytes]) -> Told:
    """What whoever has the file is told. A file is unchanged when it is, byte for byte, one that was made here."""
    digest, identities = _read(file)
    report = Report.objects.filter(state=Report.State.READY, pdf_sha256=digest).order_by("pk").first()
    if report is not None:
        return _told(report, digest, unchanged=True)
    for identity in identities:
        report = Report.objects.filter(state=Report.State.READY, context_sha256=identity).order_by("pk").first()
        if report is not None:
            return _told(report, digest, unchanged=False, changes=_changes(report, file))
    return Told(made=False, sha256=digest)


def _told(report: Report, digest: str, *, unchanged: bool, changes: Sequence[str] = ()) -> Told:
    signature = ReportSignature.objects.select_related("approval").filter(report=report).first()
    later = Report.objects.filter(
        state=Report.State.READY,
        run=report.run_id,
        project=report.project_id,
        scope=report.scope,
        number__gt=report.number,
    )
    newest = later.order_by("-number").values_list("number", flat=True).first() if report.run_id else None
    return Told(
        made=True, unchanged=unchanged, case=case_of(report), number=report.number, made_at=report.finished_at,
        final=report.marking == Report.Marking.FINAL, changes=changes, signature=signature,
        withdrawn_at=_withdrawn_at(signature) if signature else None, newer=newest, sha256=digest,
    )  # fmt: skip


def _withdrawn_at(signature: ReportSignature) -> datetime | None:
    """When the first of the approvals that it stands on was withdrawn; None while all stand."""
    times = [one.withdrawn_at for one in (signature.approval, *signature.approvals.all()) if one.withdrawn_at]
    return min(times, default=None)


def _read(file: IO[bytes]) -> tuple[str, list[str]]:
    """The file's hash, and the first reports that its metadata name. Nothing of it is parsed."""
    digest, found, rest = hashlib.sha256(), dict[str, None](), b""
    file.seek(0)
    while piece := file.read(PIECE):
        digest.update(piece)
        found |= dict.fromkeys(one.decode() for one in IDENTITY.findall(rest + piece))
        rest = piece[-OVERLAP:]
    return digest.hexdigest(), list(found)[:3]


def _changes(report: Report, file: IO[bytes]) -> list[str]:
    """How a changed file differs from the one that was made."""
    with tempfile.TemporaryDirectory(prefix="clausetrail-verify-") as name:
        original, other = Path(name) / "original.pdf", Path(name) / "other.pdf"
        try:
            with open_store(settings.EVIDENCE_URL).open(report.pdf_sha256) as stored, original.open("wb") as out:
                shutil.copyfileobj(stored, out, PIECE)
        except StoreProblem:
            return []
        file.seek(0)
        with other.open("wb") as out:
            shutil.copyfileobj(file, out, PIECE)
        return [_bytewise(original, other), *differences(original, other)]


def _bytewise(original: Path, other: Path) -> str:
    """Where the bytes differ, in a sentence."""
    sizes = original.stat().st_size, other.stat().st_size
    same = _same_bytes(original, other)
    if same == sizes[0] < sizes[1]:
        return f"{sizes[1] - sizes[0]:,} bytes were added at its end after it was made."
    if same == sizes[1] < sizes[0]:
        return f"It is cut off: the last {sizes[0] - sizes[1]:,} bytes are missing."
    if sizes[0] == sizes[1]:
        return f"It is as long as it was, and differs from byte {same + 1:,} on."
    return f"It was written anew: it has {sizes[1]:,} bytes and had {sizes[0]:,}."


def _same_bytes(original: Path, other: Path) -> int:
    """How many bytes from the start are the same in both."""
    same = 0
    with original.open("rb") as one, other.open("rb") as two:
        while True:
            left, right = one.read(PIECE), two.read(PIECE)
            if left == right and left:
                same += len(left)
                continue
            return same + next(
                (at for at, (a, b) in enumerate(zip(left, right, strict=False)) if a != b), min(len(left), len(right))
            )
