"""Erasing what was imported: what would go, and the deed."""

from typing import Any, Literal

from ninja import Field, Router, Schema, Status

from audits.access import get_import, require_may_keep
from audits.actions.erasing import UnderHold
from audits.procedures.erasing import erase_import_on_request, finish_erasures
from audits.views.import_erasing import what_would_go
from compliance.api.openings import IN_PERSON
from compliance.api.shapes import Asked, Done, Reason
from compliance.problems import Problem
from compliance.views.requests import PersonRequest

router = Router()


class HoldTold(Schema):
    """A legal hold that stands against it."""

    reason: str


class GoingShown(Schema):
    """What erasing an import would take away now."""

    contents: int = Field(alias="kept", description="Parts of the file as it was given.")
    bytes: int = Field(alias="size")
    shared: int = Field(description="Parts that others hold too, which stay.")
    entries: int = Field(alias="entry_count", description="Entries whose excerpts of words would go.")
    lines: int = Field(description="Rejected lines whose words would go.")
    hold: HoldTold | None = Field(description="null: nothing stands against it.")


class ImportErasureAsked(Asked):
    """That all that was said in an import is to be erased. It can’t be taken back."""

    reason: Reason
    sure: Literal[True] = Field(description="Said once more, after a look at what goes.")


@router.get("/imports/{int:pk}/erasures/preview", auth=IN_PERSON, response=GoingShown)
def preview_import_erasure(request: PersonRequest, pk: int) -> dict[str, Any]:
    """What of the import would go. Nothing is changed."""
    imported = get_import(request.user, pk)
    require_may_keep(request.user, imported.pipeline.project)
    return what_would_go(imported)


@router.post("/imports/{int:pk}/erasures", auth=IN_PERSON, response={201: Done})
def erase_import(request: PersonRequest, pk: int, asked: ImportErasureAsked) -> Status:
    """Erase what was said in an import. Hashes, counts and the record stay. 409 while a legal hold stands."""
    imported = get_import(request.user, pk)
    require_may_keep(request.user, imported.pipeline.project)
    try:
        done = erase_import_on_request(imported=imported, acting_user=request.user, reason=asked.reason)
    except UnderHold as problem:
        raise Problem(409, str(problem)) from problem
    finish_erasures()
    return Status(
        201, Done(detail=f"{done.contents} contents and the excerpts of the entries were erased. Hashes stay.")
    )
