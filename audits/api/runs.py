"""Runs: listed, followed, cancelled, repeated, replayed; their log, steps, gaps, code and held calls."""

import datetime as dt
from typing import Any, Literal

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from ninja import Field, Query, Router, Schema, Status

from audits.access import get_run, require_may_read_contents, require_may_run, visible_runs
from audits.actions.limits import answer_hold, waiting
from audits.actions.runs import request_again, request_cancel, request_run
from audits.api.shapes import RunShown
from audits.api.told import CodeTold, SummaryTold
from audits.gap_kinds import gap_kind
from audits.models import Connection, Look, Outcome, Run
from audits.procedures.replaying import NotReplayable, replay_of_run
from audits.queries.code_and_run import code_and_run
from audits.queries.run_view import log_after, other_traffic, passed_on_unread, run_figures, steps_of, waiting_words
from audits.queries.summary import summary_of
from audits.tasks import run_audit
from audits.views.looks import looked
from compliance.api.openings import CONTENTS, READING, RUNNING
from compliance.api.paging import Page, Paged, part_of
from compliance.api.shapes import Asked, Done, Json, Key
from compliance.problems import Problem
from compliance.views.requests import PersonRequest

router = Router()
SHOWN = ("pipeline__project", "requested_by")
LINES = 1000


class RunsAsked(Paged):
    """Which runs."""

    state: Run.State | None = None
    outcome: Outcome | None = None
    project: str | None = Field(None, max_length=60, description="Slug of a project.")
    pipeline: Key | None = None


class Step(Schema):
    """One step of the audit's procedure."""

    name: str
    state: str
    started_at: dt.datetime | None
    finished_at: dt.datetime | None
    done: int
    total: int | None
    note: str


class Held(Schema):
    """A call that waits at a bound for a person's word."""

    id: int
    at: dt.datetime
    limit: str
    why: str
    host: str
    model: str
    tokens: int
    until: dt.datetime | None


class Figures(Schema):
    """Counts of what a run has recorded so far."""

    exchanges: int
    calls: int
    failed: int
    unparsed: int
    refused: int
    broken: int
    passed_on: int
    gaps: int
    findings: int
    evidence: int
    reports: int


class RunInFull(RunShown):
    """A run, its figures and steps, and the calls that wait for a person."""

    isolation: str
    isolation_reasons: list[Any]
    upstreams: dict[str, str]
    record_only: bool
    limits: Json
    limits_used: Json
    content: str
    source_sha256: str
    evidence_root: str
    exit_code: int | None
    exit_status: str
    waits_for: str
    figures: Figures
    steps: list[Step]
    held: list[Held]

    @staticmethod
    def resolve_waits_for(obj: Any) -> str:
        return waiting_words(obj, timezone.now())

    @staticmethod
    def resolve_figures(obj: Any) -> Any:
        return run_figures(obj)

    @staticmethod
    def resolve_steps(obj: Any) -> list[Any]:
        return list(steps_of(obj))

    @staticmethod
    def resolve_held(obj: Any) -> list[Any]:
        return list(waiting(obj)[:50])


class LogLineShown(Schema):
    """One line that the pipeline printed, or that the audit says of itself (stream `audit`)."""

    seq: int
    at: dt.datetime
    step: str
    stream: str
    text: str


class LogAsked(Schema):
    """From where the log is read."""

    after: int = Field(0, ge=0, le=2**31 - 1, description="The `seq` of the last line that you have.")
    limit: int = Field(LINES, ge=1, le=LINES)


class LogPart(Schema):
    """Lines after a line."""

    items: list[LogLineShown]
    last: int = Field(description="What to send as `after` the next time.")
    more: bool = Field(description="Whether more lines are there or may come.")


class ConnectionShown(Schema):
    """A way out that was tried and is no recorded exchange."""

    at: dt.datetime
    step: str
    disposition: str
    protocol: str
    host: str
    address: str
    port: int | None
    count: int
    bytes_out: int
    bytes_in: int
    reason: str


class ConnectionsAsked(Paged):
    """Which connections."""

    disposition: Connection.Disposition | None = None


class GapShown(Schema):
    """Something that could not be observed or read."""

    at: dt.datetime
    step: str
    kind: str
    subject: str
    detail: str
    words: str = Field(description="The kind in plain words: what happened, and what could not be seen.")
    remedy: str = Field(description="What to do about it; empty where nobody knows.")

    @staticmethod
    def resolve_words(obj: Any) -> str:
        return gap_kind(obj.kind, obj.step).sentence

    @staticmethod
    def resolve_remedy(obj: Any) -> str:
        return gap_kind(obj.kind, obj.step).remedy


class NotSeen(Schema):
    """What could not be observed, and what passed beside the calls."""

    gaps: list[GapShown]
    passed_on_unread: list[Json]
    other_traffic: list[Json]


class HoldAnswer(Asked):
    """What shall become of a held call."""

    event: Key
    answer: Literal["pass", "pass_all", "refuse", "stop"]


@router.get("/runs", auth=READING, response=Page[RunShown])
def list_runs(request: PersonRequest, asked: Query[RunsAsked]) -> dict[str, Any]:
    """Every run that one may see, newest first."""
    runs = visible_runs(request.user).select_related(*SHOWN)
    narrowed = {
        "state": asked.state, "outcome": asked.outcome, "pipeline__project__slug": asked.project,
        "pipeline": asked.pipeline,
    }  # fmt: skip
    return part_of(runs.filter(**{path: value for path, value in narrowed.items() if value}), asked)


@router.get("/runs/{int:pk}", auth=READING, response=RunInFull)
def get_run_in_full(request: PersonRequest, pk: int) -> Run:
    """One run as it goes: state, steps, figures. Ask again until `ended`; an ETag saves the transfer."""
    return get_object_or_404(visible_runs(request.user).select_related(*SHOWN), pk=pk)


@router.get("/runs/{int:pk}/summary", auth=READING, response=SummaryTold)
def get_run_summary(request: PersonRequest, pk: int) -> Json:
    """The run in figures: the answer of the `audit` command, with its verdicts."""
    return summary_of(get_run(request.user, pk))


@router.get("/runs/{int:pk}/log", auth=CONTENTS, response=LogPart)
def get_run_log(request: PersonRequest, pk: int, asked: Query[LogAsked]) -> dict[str, Any]:
    """The lines after a line, oldest first."""
    run = get_run(request.user, pk)
    require_may_read_contents(request.user, run)
    looked(request, Look.What.LOG, "log lines", run=run)
    lines = log_after(run, asked.after, asked.limit)
    last = lines[-1].seq if lines else asked.after
    return {"items": lines, "last": last, "more": run.is_active or len(lines) == asked.limit}


@router.get("/runs/{int:pk}/gaps", auth=READING, response=NotSeen)
def get_run_gaps(request: PersonRequest, pk: int) -> dict[str, Any]:
    """What could not be observed or read, so that nobody takes silence for absence."""
    run = get_run(request.user, pk)
    return {
        "gaps": list(run.gaps.order_by("id")[:1000]),
        "passed_on_unread": [vars(one) for one in passed_on_unread(run)],
        "other_traffic": [vars(one) for one in other_traffic(run)],
    }


@router.get("/runs/{int:pk}/connections", auth=READING, response=Page[ConnectionShown])
def list_run_connections(request: PersonRequest, pk: int, asked: Query[ConnectionsAsked]) -> dict[str, Any]:
    """What the recorder refused, could not connect, or passed on unread."""
    found = get_run(request.user, pk).connections.all()
    return part_of(found.filter(disposition=asked.disposition) if asked.disposition else found, asked, "pk")


@router.get("/runs/{int:pk}/code", auth=READING, response=CodeTold)
def get_run_code(request: PersonRequest, pk: int) -> Json:
    """What the code says beside what the run showed, and the scan's own answer."""
    run = get_run(request.user, pk)
    return {"compared": code_and_run(run).as_json(), "scan": run.scan or {}}


@router.post("/runs/{int:pk}/cancel", auth=RUNNING, response=Done)
def cancel_run(request: PersonRequest, pk: int) -> Done:
    """Ask the run to stop. `done` is false when it had ended, or was asked already."""
    run = get_run(request.user, pk)
    require_may_run(request.user, run.pipeline)
    return Done(done=request_cancel(run=run, acting_user=request.user))


@router.post("/runs/{int:pk}/again", auth=RUNNING, response={201: RunShown})
def run_again(request: PersonRequest, pk: int, response: HttpResponse) -> Status:
    """Queue the same audit once more: the same upstreams, bounds and answers."""
    run = get_run(request.user, pk)
    require_may_run(request.user, run.pipeline)
    return queued(request_again(run=run, acting_user=request.user), response)


@router.post("/runs/{int:pk}/replay", auth=RUNNING, response={201: RunShown})
def replay_run(request: PersonRequest, pk: int, response: HttpResponse) -> Status:
    """Queue a replay: the pipeline as it is now, with the answers that this run recorded. 409 when it can't be replayed."""
    run = get_run(request.user, pk)
    require_may_run(request.user, run.pipeline)
    try:
        source = replay_of_run(run)
    except NotReplayable as error:
        raise Problem(409, str(error)) from error
    new = request_run(pipeline=run.pipeline, acting_user=request.user, replay=source, replay_of=run)
    return queued(new, response)


def queued(run: Run, response: HttpResponse) -> Status:
    """Hand a new run to the workers, and say where it is followed."""
    run_audit.delay_on_commit(run.pk)
    response.headers["Location"] = f"/api/v1/runs/{run.pk}"
    return Status(201, run)


@router.post("/runs/{int:pk}/hold", auth=RUNNING, response=Done)
def answer_run_hold(request: PersonRequest, pk: int, asked: HoldAnswer) -> Done:
    """Let a held call through, refuse it, or stop the run. `done` is false when it no longer waits."""
    run = get_run(request.user, pk)
    require_may_run(request.user, run.pipeline)
    event = get_object_or_404(run.limit_events, pk=asked.event)
    return Done(done=answer_hold(event=event, answer=asked.answer, acting_user=request.user))
