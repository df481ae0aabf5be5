"""How long a project's evidence is kept: retention, legal holds, erasures; and who looked at it."""

import datetime as dt
from typing import Any

from django.shortcuts import get_object_or_404
from django.utils import timezone
from ninja import Field, Query, Router, Schema, Status

from audits.access import require_may_keep, visible_runs
from audits.actions.erasing import UnderHold
from audits.actions.retention import lift_hold, place_hold, set_retention
from audits.models import LegalHold, Look
from audits.procedures.erasing import erase_on_request, finish_erasures
from audits.queries.erasable import hold_on, preview, retention_of
from audits.views.keeping_forms import MOST_NUMBERS, RetentionForm
from compliance.access import get_project, may, require
from compliance.api.openings import IN_PERSON, READING
from compliance.api.paging import Page, Paged, part_of
from compliance.api.shapes import Asked, Done, Json, Key, Person, cleaned, said
from compliance.models import Project
from compliance.problems import Problem
from compliance.roles import Deed
from compliance.views.requests import PersonRequest

router = Router()


class HoldShown(Schema):
    """A legal hold: while it stands, nothing of the project's evidence is erased."""

    id: int
    reason: str
    placed_by: Person | None
    placed_at: dt.datetime
    lifted_by: Person | None
    lifted_at: dt.datetime | None
    lifted_because: str


class RetentionShown(Schema):
    """After how many days contents and metadata are erased; null: kept for good."""

    content_days: int | None
    metadata_days: int | None
    hold: HoldShown | None


class RetentionAsked(Asked):
    """Days; null: kept for good. Metadata are kept at least as long as contents."""

    content_days: int | None = Field(None, ge=1, le=36_500)
    metadata_days: int | None = Field(None, ge=1, le=36_500)


class WouldGo(Schema):
    """What these days would erase today."""

    runs: int
    imports: int
    contents: int
    bytes: int


class RetentionPreview(Schema):
    """What days would erase today, if nothing held it."""

    contents: WouldGo
    metadata: WouldGo


class HoldAsked(Asked):
    """Why a hold is placed."""

    reason: str = Field(min_length=1, max_length=2000)


class LiftAsked(Asked):
    """Why a hold is lifted."""

    because: str = Field(min_length=1, max_length=2000)


class ErasureAsked(Asked):
    """What is erased: everything said in a run, or in some of its exchanges."""

    run: Key
    exchanges: list[Key] = Field(
        default_factory=list, max_length=MOST_NUMBERS, description="By their `seq`; none: all."
    )
    reason: str = Field(min_length=1, max_length=2000, description="Who asked for it, and why. It stays on record.")


class ErasureShown(Schema):
    """Contents that were erased; their hashes and lengths stay."""

    id: int
    cause: str
    reason: str
    run: int | None = Field(alias="run_id")
    asked_by: Person | None
    at: dt.datetime
    scope: Json
    contents: int
    size: int


class LookShown(Schema):
    """Somebody read or took away evidence."""

    id: int
    at: dt.datetime
    user: Person | None
    what: str
    run: int | None = Field(alias="run_id")
    subject: str
    sha256: str
    address: str


def _kept(request: PersonRequest, slug: str) -> Project:
    project = get_project(request.user, slug)
    require_may_keep(request.user, project)
    return project


@router.get("/projects/{slug:slug}/retention", auth=READING, response=RetentionShown)
def get_retention(request: PersonRequest, slug: str) -> dict[str, Any]:
    """How long the project's evidence is kept, and the hold that stands on it."""
    project = get_project(request.user, slug)
    held = retention_of(project)
    return {"content_days": held.content_days, "metadata_days": held.metadata_days, "hold": hold_on(project)}


@router.put("/projects/{slug:slug}/retention", auth=IN_PERSON, response=RetentionShown)
def put_retention(request: PersonRequest, slug: str, asked: RetentionAsked) -> dict[str, Any]:
    """Set how long. What is due goes within the hour, unless a hold stands."""
    project = _kept(request, slug)
    set_retention(project=project, acting_user=request.user, **cleaned(RetentionForm(said(asked))))
    return get_retention(request, slug)


@router.post("/projects/{slug:slug}/retention/preview", auth=IN_PERSON, response=RetentionPreview)
def preview_retention(request: PersonRequest, slug: str, asked: RetentionAsked) -> dict[str, Any]:
    """What these days would erase today. Nothing is changed."""
    project = _kept(request, slug)
    days = cleaned(RetentionForm(said(asked)))
    contents, metadata = preview(project, days["content_days"], days["metadata_days"], timezone.now())
    return {
        name: {"runs": len(one.runs), "imports": len(one.imports), "contents": len(one.sizes), "bytes": one.size}
        for name, one in (("contents", contents), ("metadata", metadata))
    }


@router.get("/projects/{slug:slug}/holds", auth=READING, response=Page[HoldShown])
def list_holds(request: PersonRequest, slug: str, asked: Query[Paged]) -> dict[str, Any]:
    """Every legal hold on the project, newest first."""
    return part_of(get_project(request.user, slug).legal_holds.select_related("placed_by", "lifted_by"), asked)


@router.post("/projects/{slug:slug}/holds", auth=IN_PERSON, response={201: HoldShown})
def place_legal_hold(request: PersonRequest, slug: str, asked: HoldAsked) -> Status:
    """Place a legal hold."""
    project = _kept(request, slug)
    return Status(201, place_hold(project=project, acting_user=request.user, reason=asked.reason))


@router.post("/projects/{slug:slug}/holds/{int:pk}/lift", auth=IN_PERSON, response=HoldShown)
def lift_legal_hold(request: PersonRequest, slug: str, pk: int, asked: LiftAsked) -> LegalHold:
    """Lift a legal hold; it stays on record."""
    project = _kept(request, slug)
    standing = get_object_or_404(project.legal_holds, pk=pk)
    if not lift_hold(hold=standing, acting_user=request.user, because=asked.because):
        raise Problem(409, "This hold was lifted already.")
    standing.refresh_from_db()
    return standing


@router.get("/projects/{slug:slug}/erasures", auth=READING, response=Page[ErasureShown])
def list_erasures(request: PersonRequest, slug: str, asked: Query[Paged]) -> dict[str, Any]:
    """What was erased of the project, newest first."""
    return part_of(get_project(request.user, slug).erasures.select_related("asked_by"), asked)


@router.post("/projects/{slug:slug}/erasures", auth=IN_PERSON, response={201: Done})
def erase_contents(request: PersonRequest, slug: str, asked: ErasureAsked) -> Status:
    """Erase what was said in a run, or in some of its exchanges. 409 while a legal hold stands."""
    project = _kept(request, slug)
    runs = visible_runs(request.user).filter(pipeline__project=project, started_at__isnull=False)
    run = get_object_or_404(runs.exclude(state__in=runs.model.ACTIVE), pk=asked.run)
    try:
        done = erase_on_request(run=run, acting_user=request.user, reason=asked.reason, seqs=asked.exchanges)
    except UnderHold as problem:
        raise Problem(409, str(problem)) from problem
    except LookupError as problem:
        raise Problem(422, str(problem), errors=[{"field": "exchanges", "detail": str(problem)}]) from problem
    finish_erasures()
    return Status(201, Done(detail=f"{done.contents} contents were erased. Their hashes and lengths stay."))


@router.get("/projects/{slug:slug}/looks", auth=READING, response=Page[LookShown])
def list_looks(request: PersonRequest, slug: str, asked: Query[Paged]) -> dict[str, Any]:
    """Who read or took away evidence of the project, newest first."""
    project = get_project(request.user, slug)
    sentence = f"Who looked at evidence of {project} is read with its trail."
    require(may(request.user, Deed.READ_TRAIL, project), sentence)
    return part_of(Look.objects.filter(project=project).select_related("user"), asked)
