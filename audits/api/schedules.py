"""Reports by the calendar: what is seen of them, and the deeds."""

import datetime as dt
from typing import Annotated, Any, Literal
from zoneinfo import available_timezones

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from ninja import Field, Query, Router, Schema, Status

from audits.access import reportable_projects
from audits.actions.schedules import SCOPES
from audits.models import Report, ReportSchedule
from audits.queries.schedules import times_of, visible_schedules
from audits.reporting.options import DEPTHS, LANGUAGES, PROFILES
from audits.views import schedules as pages
from compliance.access import require
from compliance.api.openings import IN_PERSON, READING
from compliance.api.paging import Page, Paged, part_of
from compliance.api.shapes import Asked, Json, Key, Person, cleaned
from compliance.problems import Problem
from compliance.views.requests import PersonRequest

router = Router()
_PLACES = {"project": "projects", "student": "student", "provider": "provider"}
_NAMES = {**dict.fromkeys(("projects", "student", "provider", "ids"), "scope.ids"), "kind": "scope.kind"}


class ScheduleShown(Schema):
    """A report by the calendar."""

    id: int
    name: str
    owner: Person
    options: Json
    marking: str
    every: str
    at: str = Field(description="As in 07:00:00, in its own zone.")
    zone: str
    next_at: dt.datetime | None
    paused_at: dt.datetime | None
    paused_because: str
    ended_at: dt.datetime | None

    @staticmethod
    def resolve_at(obj: Any) -> str:
        return str(obj.at.isoformat())


class TimeShown(Schema):
    """One time that a schedule was due, and what came of it."""

    id: int
    due_at: dt.datetime
    at: dt.datetime
    outcome: str
    report: int | None = Field(alias="report_id")


class ScheduleScope(Asked):
    """What its reports are about."""

    kind: Literal[tuple(SCOPES)]  # type: ignore[valid-type]
    ids: list[Annotated[str, Field(max_length=200)]] = Field(
        default_factory=list, max_length=200, description="Projects by slug; one student or provider; none: everything."
    )


class ScheduleAsked(Asked):
    """How a schedule is worded: the whole of it, what is left out being as a new one has it."""

    name: str = Field(min_length=1, max_length=120)
    scope: ScheduleScope
    profile: Literal[tuple(PROFILES)] = "counsel"  # type: ignore[valid-type]
    depth: Literal[tuple(DEPTHS)] = "standard"  # type: ignore[valid-type]
    language: Literal[tuple(LANGUAGES)] = "en"  # type: ignore[valid-type]
    paper: Literal["A4", "letter"] = "A4"
    marking: Report.Marking = Report.Marking.DRAFT
    every: ReportSchedule.Every
    weekday: int = Field(0, ge=0, le=6, description="Of a week; 0: Monday.")
    day: int = Field(1, ge=1, le=31, description="Of a month or quarter; a shorter month ends earlier.")
    at: str = Field("07:00", pattern=r"^([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?$", description="In the zone below.")
    zone: str = Field("UTC", max_length=64, description="As in Europe/Berlin.")
    window: ReportSchedule.Window = Field(description="Which days each report covers.")
    compare: bool = Field(False, description="Say what changed since the one before.")
    only_if_changed: bool = False
    recipients: list[Key] = Field(default_factory=list, max_length=200, description="People who are told, by id.")


@router.get("/report-schedules", auth=READING, response=Page[ScheduleShown])
def list_schedules(request: PersonRequest, asked: Query[Paged]) -> dict[str, Any]:
    """Reports by the calendar that one sees, newest first."""
    return part_of(visible_schedules(request.user), asked)


@router.get("/report-schedules/{int:pk}", auth=READING, response=ScheduleShown)
def get_schedule(request: PersonRequest, pk: int) -> ReportSchedule:
    """One schedule."""
    return get_object_or_404(visible_schedules(request.user), pk=pk)


@router.get("/report-schedules/{int:pk}/times", auth=READING, response=Page[TimeShown])
def list_schedule_times(request: PersonRequest, pk: int, asked: Query[Paged]) -> dict[str, Any]:
    """Each time that a schedule was due, newest first."""
    return part_of(times_of(get_object_or_404(visible_schedules(request.user), pk=pk)), asked)


@router.post("/report-schedules", auth=IN_PERSON, response={201: ScheduleShown})
def add_schedule(request: PersonRequest, asked: ScheduleAsked, response: HttpResponse) -> Status:
    """Set up reports by the calendar, in one's own name."""
    require(reportable_projects(request.user).exists(), pages.MAKERS)
    made = _worded(request, asked, None)
    response.headers["Location"] = f"/api/v1/report-schedules/{made.pk}"
    return Status(201, made)


@router.put("/report-schedules/{int:pk}", auth=IN_PERSON, response=ScheduleShown)
def change_schedule(request: PersonRequest, pk: int, asked: ScheduleAsked) -> ReportSchedule:
    """Give one's own schedule another wording. Its owner alone does, while it has not ended."""
    schedule = get_object_or_404(visible_schedules(request.user), pk=pk)
    pages.require_may_word(request, schedule)
    return _worded(request, asked, schedule)


def _worded(request: PersonRequest, asked: ScheduleAsked, schedule: ReportSchedule | None) -> ReportSchedule:
    if asked.zone not in available_timezones():
        detail = "Name a time zone as in Europe/Berlin or America/New_York."
        raise Problem(422, detail, errors=[{"field": "zone", "detail": detail}])
    kind, ids = asked.scope.kind, asked.scope.ids
    place = _PLACES.get(kind)
    if (place is None and ids) or (place in ("student", "provider") and len(ids) != 1):
        detail = "Name none: it is about everything." if place is None else f"Name one {kind}."
        raise Problem(422, detail, errors=[{"field": "scope.ids", "detail": detail}])
    chosen = {place: ids if place == "projects" else ids[0]} if place else {}
    form = pages.form_for(request, {**asked.dict(exclude={"scope"}), "kind": kind, **chosen})
    cleaned(form, _NAMES)
    made = pages.set_as_asked(request, form, schedule)
    if made is None:
        cleaned(form, _NAMES)
        raise AssertionError("a form that is not followed says why")
    return get_object_or_404(visible_schedules(request.user), pk=made.pk)


@router.post("/report-schedules/{int:pk}/{deed}", auth=IN_PERSON, response=ScheduleShown)
def do_with_schedule(
    request: PersonRequest, pk: int, deed: Literal["pause", "resume", "end", "now"], response: HttpResponse
) -> ReportSchedule:
    """Pause, resume, end, or make one now."""
    schedule = get_object_or_404(visible_schedules(request.user), pk=pk)
    mine = schedule.owner_id == request.user.pk or reportable_projects(request.user).exists()
    require(mine, pages.MAKERS)
    try:
        pages.carry_out(request, schedule, deed)
    except pages.NoAccess as problem:
        raise Problem(409, str(problem)) from problem
    return get_object_or_404(visible_schedules(request.user), pk=pk)
