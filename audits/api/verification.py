"""Whether a report is what was made here, told to any program: the same, and as much, as the page /verify/ tells anybody."""

import datetime as dt
from typing import Any

from django.http import HttpRequest
from ninja import Field, File, Query, Router, Schema, UploadedFile

from audits.procedures.verifying import Told, verify_file
from audits.views.verifying import LARGEST, admit, admit_file, told_of_hash
from compliance.api.bounds import taking
from compliance.api.openings import Anybody
from compliance.problems import Problem

router = Router()
TOLD_TO_ANYBODY = Anybody(admit)


class HashAsked(Schema):
    """A report's hash."""

    sha256: str = Field(
        min_length=1, max_length=80, description="Of the PDF, or of its context: 64 digits of 0–9 and a–f."
    )


class SignatureTold(Schema):
    """What signed the file."""

    level: str = Field(description="PAdES: B-B, B-T or B-LT.")
    subject: str
    own: bool = Field(description="Whether the certificate is this installation’s own.")
    signed_at: dt.datetime
    stamped_at: dt.datetime | None = Field(description="By an authority; null: no time stamp.")
    certificate_sha256: str


class VerificationTold(Schema):
    """The answer. Of a hash alone it is told whether it is known, and when that report was made; the rest takes the file."""

    made: bool = Field(description="Whether this installation made such a report.")
    unchanged: bool | None = Field(
        description="Byte for byte as it was made; null: only a hash was given, or it is not known."
    )
    stands: bool = Field(description="It is unchanged, and the approval that it stands on was not withdrawn.")
    words: str = Field(description="The same in a sentence.")
    sha256: str
    case: str | None = Field(description="As the paper bears it: CT-7-1.")
    report: int | None
    made_at: dt.datetime | None
    final: bool | None = Field(description="Of an unchanged file: final, or a draft.")
    of_context: bool = Field(description="Whether the hash is that of the frozen context instead of the file.")
    changes: list[str] = Field(description="Of a file that was changed: how it differs from the one that was made.")
    signature: SignatureTold | None
    withdrawn_at: dt.datetime | None = Field(description="When the approval was withdrawn that the file stands on.")
    newer: int | None = Field(description="The number of a newer report of the same run.")


@router.get("/verification", auth=TOLD_TO_ANYBODY, response=VerificationTold)
def verify_one_hash(request: HttpRequest, asked: Query[HashAsked]) -> dict[str, Any]:
    """Whether a hash is that of a report made here. Open to anybody, 30 times a minute from one address."""
    return _answer(told_of_hash(asked.sha256))


@router.post("/verification", auth=TOLD_TO_ANYBODY, response=VerificationTold, openapi_extra=taking(LARGEST))
def verify_one_file(request: HttpRequest, file: File[UploadedFile]) -> dict[str, Any]:
    """Whether a PDF of at most 64 MB is a report made here, and still stands. Open to anybody, 6 files a minute from one address.
    The file is compared and not kept.
    """
    if not file.size or file.file is None:
        detail = "The file is empty. Send the PDF, or ask with its SHA-256."
        raise Problem(422, detail, errors=[{"field": "file", "detail": detail}])
    admit_file(request)
    return _answer(verify_file(file.file))


def _answer(told: Told) -> dict[str, Any]:
    whole = told.unchanged is True
    return {
        "made": told.made, "unchanged": told.unchanged, "stands": told.stands, "words": _words(told), "sha256": told.sha256,
        "case": told.case or None, "report": told.number or None, "made_at": told.made_at,
        "final": told.final if whole else None, "of_context": told.of_context, "changes": list(told.changes),
        "signature": told.signature if whole else None, "withdrawn_at": told.withdrawn_at if whole else None,
        "newer": told.newer if whole else None,
    }  # fmt: skip


def _words(told: Told) -> str:
    if not told.made:
        return "Not known here: this installation made no such report, or nothing left in it tells which one it was."
    which = f"report {told.number}, case {told.case}"
    if told.unchanged is None:
        return f"The hash of {'the frozen context' if told.of_context else 'the file'} of {which}, made here."
    if not told.unchanged:
        return f"Changed, do not rely on it: it bears the mark of {which}, and is not that file any more."
    if told.withdrawn_at:
        return f"Unchanged, but its approval was withdrawn: {which}."
    return f"Unchanged since it was made here: {which}."
