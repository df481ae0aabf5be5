"""Behind what logs and bills say: whose accounts are, what nobody explains, and which patterns calls show."""

import csv
import datetime as dt
import io
from dataclasses import asdict
from typing import Any, Literal

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from ninja import Field, Query, Router, Schema, Status

from audits.access import require_may_import
from audits.actions.owners import say_owners, take_back
from audits.actions.patterns import LONGEST_DAYS, request_reading
from audits.models import AccountOwner, PatternReading
from audits.procedures.reading_patterns import latest_call_day
from audits.queries.owners import by_owner, logged_by, senders
from audits.queries.reconciling import Line, Reconciliation, as_rows, channels_of, latest_day, reconcile
from audits.tasks import look_for_patterns
from audits.views.owners import DAYS, MOST_AT_ONCE, OwnerForm
from audits.views.reconciliation import DAYS as BILLED_DAYS
from audits.views.reconciliation import LONGEST
from compliance.access import get_project, visible_projects
from compliance.api.openings import READING, RUNNING
from compliance.api.paging import Page, Paged, part_of, part_of_rows
from compliance.api.shapes import Asked, Done, Json, a_file, cleaned, said
from compliance.models import Project
from compliance.problems import Problem
from compliance.views.requests import PersonRequest

router = Router()


class SendersAsked(Paged):
    """Which senders, of which days; without days: the last 90 of which anything is known."""

    show: Literal["all", "unmapped"] = "all"
    since: dt.date | None = None
    until: dt.date | None = None


class SenderShown(Schema):
    """An account, user and key together, as logs name them, and what came with them."""

    served_by: str
    account: str
    person: str
    key: str
    token: str = Field(description="What names it when one says whose it is.")
    calls: int
    tokens: int
    first_at: dt.datetime
    last_at: dt.datetime
    owner: str | None

    @staticmethod
    def resolve_owner(obj: Any) -> str | None:
        return obj.owner.label if obj.owner else None


class OwnerShown(Schema):
    """Whose an account, key or user of a log is, for a time."""

    id: int
    served_by: str
    field: str
    pattern: str
    team: str
    person: str
    works_for: str | None
    region: str
    first_day: dt.date | None
    last_day: dt.date | None

    @staticmethod
    def resolve_works_for(obj: Any) -> str | None:
        return obj.works_for.slug if obj.works_for else None


class OwnersAsked(Asked):
    """Whose the named accounts are, or whatever fits a pattern."""

    senders: list[str] = Field(default_factory=list, max_length=MOST_AT_ONCE, description="By their `token`.")
    field: AccountOwner.Field | None = None
    pattern: str = Field("", max_length=160, description="* stands for any characters.")
    team: str = Field("", max_length=120)
    person: str = Field("", max_length=120)
    works_for: str | None = Field(None, max_length=60, description="Slug of a project.")
    region: str = Field("", max_length=2)
    first_day: dt.date | None = None
    last_day: dt.date | None = None


class ReadingAsked(Asked):
    """Which days are looked at."""

    since: dt.date
    until: dt.date


class ReadingShown(Schema):
    """One look over the calls of a project and period for patterns of extraction."""

    id: int
    first_day: dt.date
    last_day: dt.date
    requested_at: dt.datetime
    finished_at: dt.datetime | None
    recorded: int
    logged: int
    wordless: int
    accounts: int
    problem: str


class ReadingInFull(ReadingShown):
    """A look with its indicators: what was counted, and against which baseline."""

    indicators: list[Json]

    @staticmethod
    def resolve_indicators(obj: Any) -> list[Json]:
        return list(obj.indicators.values("kind", "subject", "calls", "value", "baseline", "figures"))


class PeriodAsked(Schema):
    """Whose bill, of which days, for which project; what is left out: the last 30 days of which anything is known."""

    channel: str | None = Field(None, max_length=60, description="Who served the calls, and bills them.")
    project: str | None = Field(None, max_length=60, description="Slug of a project.")
    since: dt.date | None = None
    until: dt.date | None = None


class CountShown(Schema):
    """One side's word on a day and model."""

    calls: int
    tokens: int
    cost: str = Field(description="Empty where it is in several currencies.")
    currency: str = Field(description="Of the cost; several are named one after the other, empty where there is none.")
    uncounted: int


class LineShown(Schema):
    """A day and a model with all three sides; null: a side says nothing of it."""

    day: dt.date | None
    model: str
    recorded: CountShown | None
    logged: CountShown | None
    billed: CountShown | None
    unexplained_tokens: list[int] | None = Field(description="At least and at most.")
    unexplained_calls: list[int] | None
    recorded_and_logged: CountShown | None = Field(
        description="What common ids show to be recorded and logged as well."
    )
    may_be_the_same: list[Json] = Field(
        description="Sources without common ids and nearly as many calls; not subtracted."
    )


class ReconciliationShown(Schema):
    """What was recorded, what gateways logged and what the provider billed."""

    channel: str | None
    channels: list[str] = Field(description="Every channel that something is known of.")
    since: dt.date | None
    until: dt.date | None
    lines: list[LineShown]
    total: LineShown | None
    simulated: int
    billed_twice: list[Json] = Field(
        description="Imported bills that come to the same sums on some days; both are counted."
    )
    owners: list[Json]


@router.get("/projects/{slug:slug}/senders", auth=READING, response=Page[SenderShown])
def list_senders(request: PersonRequest, slug: str, asked: Query[SendersAsked]) -> dict[str, Any]:
    """Whoever the project's logs name, most calls first."""
    project = get_project(request.user, slug)
    until = asked.until or latest_call_day(project) or timezone.now().date()
    since = asked.since or until - dt.timedelta(days=min(DAYS - 1, until.toordinal() - 1))
    _in_order(since, until)
    found = senders(project, since, until)
    return part_of_rows([one for one in found if asked.show == "all" or one.owner is None], asked)


def _in_order(since: dt.date, until: dt.date, longest: int = 400) -> None:
    if not 0 <= (until - since).days <= longest or not 2000 <= since.year <= until.year <= 2200:
        detail = f"Choose a period of at most {longest} days that does not end before it begins."
        raise Problem(422, detail, errors=[{"field": "since", "detail": detail}])


@router.get("/projects/{slug:slug}/owners", auth=READING, response=Page[OwnerShown])
def list_owners(request: PersonRequest, slug: str, asked: Query[Paged]) -> dict[str, Any]:
    """What was said of accounts, newest first."""
    owners = AccountOwner.objects.filter(project=get_project(request.user, slug))
    return part_of(owners.select_related("works_for"), asked)


@router.post("/projects/{slug:slug}/owners", auth=RUNNING, response={201: Done})
def say_whose(request: PersonRequest, slug: str, asked: OwnersAsked) -> Status:
    """Say whose accounts are, of many at once."""
    project = get_project(request.user, slug)
    require_may_import(request.user, project)
    projects = Project.objects.filter(pk__in=visible_projects(request.user).values("pk"))
    works_for = get_object_or_404(projects, slug=asked.works_for).pk if asked.works_for else None
    form = OwnerForm(said(asked, works_for=works_for, senders=None), projects=projects, marked=asked.senders)
    data = cleaned(form)
    given = {key: data[key] for key in ("team", "person", "works_for", "region", "first_day", "last_day")}
    made = say_owners(project=project, named=form.named(data), acting_user=request.user, **given)
    return Status(201, Done(detail=f"{made} accounts."))


@router.delete("/owners/{int:pk}", auth=RUNNING, response=Done)
def take_back_owner(request: PersonRequest, pk: int) -> Done:
    """Take back what was said of one account."""
    owner = get_object_or_404(AccountOwner, pk=pk, project__in=visible_projects(request.user))
    require_may_import(request.user, owner.project)
    take_back(owner=owner, acting_user=request.user)
    return Done()


@router.get("/projects/{slug:slug}/patterns", auth=READING, response=Page[ReadingShown])
def list_pattern_readings(request: PersonRequest, slug: str, asked: Query[Paged]) -> dict[str, Any]:
    """Every look for patterns at the project's calls, newest first."""
    return part_of(PatternReading.objects.filter(project=get_project(request.user, slug)), asked)


@router.post("/projects/{slug:slug}/patterns", auth=RUNNING, response={201: ReadingShown})
def look_at_patterns(request: PersonRequest, slug: str, asked: ReadingAsked, response: HttpResponse) -> Status:
    """Have the calls of a period looked at. A worker does it."""
    project = get_project(request.user, slug)
    require_may_import(request.user, project)
    _in_order(asked.since, asked.until, LONGEST_DAYS - 1)
    reading = request_reading(project=project, first_day=asked.since, last_day=asked.until, acting_user=request.user)
    look_for_patterns.delay_on_commit(reading.pk)
    response.headers["Location"] = f"/api/v1/pattern-readings/{reading.pk}"
    return Status(201, reading)


@router.get("/pattern-readings/{int:pk}", auth=READING, response=ReadingInFull)
def get_pattern_reading(request: PersonRequest, pk: int) -> PatternReading:
    """One look, with its indicators."""
    return get_object_or_404(PatternReading, pk=pk, project__in=visible_projects(request.user))


@router.get("/reconciliation", auth=READING, response=ReconciliationShown)
def get_reconciliation(request: PersonRequest, asked: Query[PeriodAsked]) -> dict[str, Any]:
    """Side by side by day and model, with the rest that nobody explains."""
    channels, channel, projects, since, until = _period(request, asked)
    empty = {"channel": None, "channels": channels, "since": None, "until": None, "lines": [], "total": None}
    if channel is None:
        return {**empty, "simulated": 0, "billed_twice": [], "owners": []}
    found = reconcile(projects, channel, since, until)
    whose = logged_by(projects, since, until, channel)
    return {
        "channel": channel, "channels": channels, "since": since, "until": until,
        "lines": [_line(one) for one in found.lines], "total": _line(found.total), "simulated": found.simulated,
        "billed_twice": [asdict(one) for one in found.billed_twice], "owners": by_owner(whose),
    }  # fmt: skip


def _period(request: PersonRequest, asked: PeriodAsked) -> tuple[list[str], str | None, Any, dt.date, dt.date]:
    mine = Project.objects.filter(pk__in=visible_projects(request.user).values("pk"))
    projects = mine.filter(pk=get_project(request.user, asked.project).pk) if asked.project else mine
    channels = channels_of(projects)
    if asked.channel and asked.channel not in channels:
        detail = f"Nothing is known of it. Known: {', '.join(channels) or 'none'}."
        raise Problem(422, detail, errors=[{"field": "channel", "detail": detail}])
    until = asked.until or latest_day(projects) or timezone.now().date()
    since = asked.since or until - dt.timedelta(days=min(BILLED_DAYS - 1, until.toordinal() - 1))
    _in_order(since, until, LONGEST)
    return channels, asked.channel or (channels[0] if channels else None), projects, since, until


def _line(one: Line) -> Json:
    def side(name: str) -> Json | None:
        held = getattr(one, name)
        if not held.there:
            return None
        return {
            "calls": held.calls,
            "tokens": held.tokens,
            "cost": held.amount or ("" if held.currencies else "0"),
            "currency": held.currency,
            "uncounted": held.uncounted,
        }

    return {
        "day": one.day, "model": one.model, **{name: side(name) for name in ("recorded", "logged", "billed")},
        "unexplained_tokens": one.rest, "unexplained_calls": one.rest_calls, "recorded_and_logged": side("both"),
        "may_be_the_same": [asdict(overlap) for overlap in one.overlaps],
    }  # fmt: skip


@router.get("/reconciliation/csv", auth=READING, openapi_extra=a_file("text/csv"))
def get_reconciliation_csv(request: PersonRequest, asked: Query[PeriodAsked]) -> HttpResponse:
    """The same lines as CSV."""
    _, channel, projects, since, until = _period(request, asked)
    found = reconcile(projects, channel, since, until) if channel else None
    told = io.StringIO()
    csv.writer(told).writerows(as_rows(found or Reconciliation((), Line(None, ""), 0)))
    return HttpResponse(told.getvalue(), content_type="text/csv; charset=utf-8")
