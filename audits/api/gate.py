"""The check of a source tree for continuous integration: the same as the `gate` command."""

import datetime as dt
import json
import tempfile
import zipfile
from pathlib import Path
from typing import Any, Literal

from django.utils import timezone
from ninja import Field, File, Form, Router, Schema, UploadedFile

from audits.gating.codequality import gate_as_code_quality
from audits.gating.judging import GateResult
from audits.gating.sarif import gate_as_sarif
from audits.procedures.gate import check_tree
from audits.procedures.workspace import unpack_archive
from audits.text import visible
from compliance.access import may_run_some_audits, require
from compliance.api.bounds import taking
from compliance.api.openings import RUNNING
from compliance.api.shapes import Asked, Json
from compliance.problems import Problem
from compliance.queries.library import library_from_database
from compliance.views.requests import PersonRequest

router = Router()
LARGEST_TREE, LARGEST_UNPACKED, MOST_FILES = 20 * 1024 * 1024, 200 * 1024 * 1024, 20_000


class GateAsked(Asked):
    """How the tree is checked."""

    fail_on: Literal["prohibited", "needs_facts"] = "prohibited"
    on: dt.date | None = Field(None, description="By the terms of this day; today when left out.")
    known: str = Field("", max_length=100_000, description="Ids of findings that were there before, by commas.")


class GateAnswer(Schema):
    """The verdict, and the same in the forms that code hosts read."""

    fails: bool
    result: Json = Field(description="The answer of `gate --format json`.")
    sarif: Json
    codequality: list[Json]


@router.post("/gate", auth=RUNNING, response=GateAnswer, openapi_extra=taking(LARGEST_TREE))
def check_source(request: PersonRequest, asked: Form[GateAsked], archive: File[UploadedFile]) -> dict[str, Any]:
    """Check a ZIP of a source tree, at most 20 MB, by the rules published here. Nothing in it is run, and none of it kept."""
    require(may_run_some_audits(request.user), "Source trees are checked by a project’s engineers or an administrator.")
    if (archive.size or 0) > LARGEST_TREE:
        raise Problem(413, f"At most {LARGEST_TREE // 1024**2} MB; the gate command takes any tree.")
    known = frozenset(filter(None, (one.strip() for one in asked.known.split(","))))
    result = _checked(archive, asked.on or timezone.localdate(), known)
    return {
        "fails": result.fails(asked.fail_on),
        "result": result.as_json(),
        "sarif": gate_as_sarif(result),
        "codequality": json.loads(json.dumps(gate_as_code_quality(result))),
    }


def _checked(archive: UploadedFile, on: dt.date, known: frozenset[str]) -> GateResult:
    library = library_from_database()
    if not library.rules:
        raise Problem(409, "No rule is published here yet: run manage.py load_rulebook.")
    with tempfile.TemporaryDirectory() as folder:
        packed, tree = Path(folder, "tree.zip"), Path(folder, "tree")
        with packed.open("wb") as kept:
            for chunk in archive.chunks():
                kept.write(chunk)
        try:
            _bounded(packed)
            unpack_archive(packed, tree)
            return check_tree(tree, library, on, known=known)
        except (OSError, ValueError, zipfile.BadZipFile) as error:
            detail = visible(str(error)).replace(str(tree), "").replace(folder, "")
            raise Problem(422, detail, errors=[{"field": "archive", "detail": detail}]) from error


def _bounded(archive: Path) -> None:
    """Refuse what unpacks to more than a request may cost; the sizes that a ZIP declares are those that are read."""
    with zipfile.ZipFile(archive) as packed:
        sizes = [member.file_size for member in packed.infolist()]
    if len(sizes) > MOST_FILES or sum(sizes) > LARGEST_UNPACKED:
        raise ValueError(f"It unpacks to more than {LARGEST_UNPACKED // 1024**2} MB or {MOST_FILES:,} files.")
