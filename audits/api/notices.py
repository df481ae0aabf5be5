"""What one is told; the search box; the first page's figures."""

import datetime as dt
from typing import Any

from ninja import Field, Query, Router, Schema

from audits.access import visible_findings, visible_pipelines, visible_runs
from audits.actions.notices import choose_mail, read_notices
from audits.api.shapes import FindingName, PipelineName, RunName, RunShown
from audits.models import Notice, NoticeChoice
from audits.queries.review import open_by_outcome, standing_today
from audits.queries.searching import search
from audits.queries.usage_over_time import uses_by_day
from compliance.api.openings import IN_PERSON, READING
from compliance.api.paging import Page, Paged, part_of
from compliance.api.shapes import Asked, Done, Json, Key, ProjectName
from compliance.views.requests import PersonRequest

router = Router()


class NoticesAsked(Paged):
    """Which notices."""

    unread: bool = False


class NoticeShown(Schema):
    """One thing that a person should know."""

    id: int
    kind: str
    text: str
    address: str = Field(description="The page that it is about.")
    project: ProjectName | None
    at: dt.datetime
    read_at: dt.datetime | None


class NoticesRead(Asked):
    """Which notices were read; null: all."""

    notices: list[Key] | None = Field(None, max_length=1000)


class Mailing(Asked):
    """How one is told by mail."""

    mail: NoticeChoice.Mail


class MailingShown(Schema):
    """How one is told, and how many notices are not read."""

    mail: str
    unread: int


class SearchAsked(Schema):
    """What is sought."""

    q: str = Field(min_length=1, max_length=200)


class Found(Schema):
    """What fits, at most 20 of each kind."""

    pipelines: list[PipelineName]
    runs: list[RunName]
    findings: list[FindingName]
    models: list[Json]
    hosts: list[Json]


class Overview(Schema):
    """What is open, what was used, what ran last."""

    open_findings: dict[str, int]
    calls: int
    simulated_calls: int
    calls_by_day: list[Json]
    last_runs: list[RunShown]


@router.get("/notices", auth=READING, response=Page[NoticeShown])
def list_notices(request: PersonRequest, asked: Query[NoticesAsked]) -> dict[str, Any]:
    """One's notices, newest first."""
    mine = Notice.objects.filter(user=request.user).select_related("project")
    return part_of(mine.filter(read_at=None) if asked.unread else mine, asked)


@router.post("/notices/read", auth=IN_PERSON, response=Done)
def mark_notices_read(request: PersonRequest, asked: NoticesRead) -> Done:
    """Mark notices as read."""
    read = read_notices(acting_user=request.user, ids=asked.notices)
    return Done(detail=f"{read} notices.")


@router.get("/notices/mail", auth=READING, response=MailingShown)
def get_mailing(request: PersonRequest) -> dict[str, Any]:
    """How one is told by mail, and how many notices are not read."""
    choice = NoticeChoice.objects.filter(user=request.user).first()
    unread = Notice.objects.filter(user=request.user, read_at=None).count()
    return {"mail": choice.mail if choice else NoticeChoice.Mail.DAILY, "unread": unread}


@router.put("/notices/mail", auth=IN_PERSON, response=MailingShown)
def choose_mailing(request: PersonRequest, asked: Mailing) -> dict[str, Any]:
    """Choose how one is told by mail."""
    choose_mail(acting_user=request.user, mail=asked.mail)
    return get_mailing(request)


@router.get("/search", auth=READING, response=Found)
def search_everything(request: PersonRequest, asked: Query[SearchAsked]) -> dict[str, Any]:
    """Pipelines, runs, findings, models and hosts that fit a few words, among what one may see."""
    user = request.user
    hits = search(asked.q, visible_pipelines(user), visible_runs(user), visible_findings(user))
    return {
        "pipelines": hits.pipelines,
        "runs": hits.runs,
        "findings": hits.findings,
        "models": [
            {"run": one.run.pk, "provider": one.provider, "model": one.model, "calls": one.calls} for one in hits.models
        ],
        "hosts": [{"run": one.run.pk, "host": one.host} for one in hits.hosts],
    }


@router.get("/overview", auth=READING, response=Overview)
def get_overview(request: PersonRequest) -> dict[str, Any]:
    """What the first page shows."""
    runs = visible_runs(request.user).select_related("requested_by")
    uses = uses_by_day(runs)
    counted = open_by_outcome(standing_today(visible_findings(request.user)))
    return {
        "open_findings": {one.outcome: one.findings for one in counted},
        "calls": sum(use.calls for use in uses),
        "simulated_calls": sum(use.simulated for use in uses),
        "calls_by_day": [vars(one) for one in uses],
        "last_runs": list(runs.order_by("-id")[:6]),
    }
