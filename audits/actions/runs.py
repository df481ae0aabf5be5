"""Runs move from state to state here and nowhere else, by guarded UPDATEs: two workers can't both take one run."""

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from django.db import transaction
from django.db.models import F, Max, Q
from django.utils import timezone

from audits.actions.run_ends import follow_run
from audits.models import Pipeline, Run, RunStep
from compliance.actions.trail import record
from compliance.models import User

STEPS = ("prepare", "scan", "execute", "collect", "lineage", "match", "conclude", "report")
STALE_AFTER = dt.timedelta(seconds=60)
RESENT_AFTER = dt.timedelta(minutes=10)
STALE_REASON = "The worker that ran this audit stopped answering. What was captured until then is kept; run it again."
REPLAY_RESULTS = ("counts", "findings_compared")
"""What a replay found, beside where its answers came from."""


@transaction.atomic
def request_run(
    *,
    pipeline: Pipeline,
    acting_user: User | None,
    upstreams: Mapping[str, str] | None = None,
    record_only: bool = False,
    rerun_of: Run | None = None,
    limits: Mapping[str, Any] | None = None,
    content: str = "",
    replay: Mapping[str, Any] | None = None,
    replay_of: Run | None = None,
) -> Run:
    """Queue an audit of a pipeline. The caller sends the task, after the transaction.

    `upstreams`: host → URL that answers in its place; the run is then marked as simulated everywhere. `limits` and
    `content` go before what audit.toml says. `replay`: where recorded answers come from (see audits.procedures.replaying).
    """
    Pipeline.objects.select_for_update().get(pk=pipeline.pk)  # run numbers are given one at a time
    last = Run.objects.filter(pipeline=pipeline).aggregate(last=Max("number"))["last"] or 0
    run = Run.objects.create(
        pipeline=pipeline,
        number=last + 1,
        requested_by=acting_user,
        upstreams=dict(upstreams or {}),
        record_only=record_only,
        rerun_of=rerun_of,
        limits=dict(limits or {}),
        content=content,
        replay=dict(replay or {}),
        replay_of=replay_of,
    )
    RunStep.objects.bulk_create(RunStep(run=run, position=at, name=name) for at, name in enumerate(STEPS))
    record(
        acting_user=acting_user, action="run requested", subject=run, project=pipeline.project, upstreams=run.upstreams
    )
    return run


def request_again(*, run: Run, acting_user: User | None) -> Run:
    """Queue the same audit once more: the same upstreams, bounds and, of a replay, the same recorded answers."""
    return request_run(
        pipeline=run.pipeline,
        acting_user=acting_user,
        upstreams=run.upstreams,
        record_only=run.record_only,
        rerun_of=run,
        limits=run.limits,
        content=run.content,
        replay={key: value for key, value in run.replay.items() if key not in REPLAY_RESULTS},
        replay_of=run.replay_of,
    )


@transaction.atomic
def move(run_id: int, to: str, *, since: Iterable[str], worker: str | None = None, **fields: Any) -> bool:
    """Move a run to a state if it still is in one of `since` (and still belongs to `worker`); tells whether it did.

    With the end of a run goes what follows from it, in one transaction; a fault there is kept from it (audits.actions.run_ends).
    """
    now = timezone.now()
    if to in Run.ENDED:
        fields.setdefault("finished_at", now)
    runs = Run.objects.filter(pk=run_id, state__in=tuple(since))
    if worker is not None:
        runs = runs.filter(worker=worker)
    moved = runs.update(state=to, heartbeat_at=now, **fields) == 1
    if moved and to in Run.ENDED:
        follow_run(run_id)
    return moved


def claim(run_id: int, worker: str) -> bool:
    """Take a queued run for this worker; False when another has it, or it was cancelled before it began."""
    now = timezone.now()
    queued = Run.objects.filter(pk=run_id, state=Run.State.QUEUED, cancel_requested_at__isnull=True)
    return queued.update(state=Run.State.PREPARING, worker=worker, started_at=now, heartbeat_at=now) == 1


def heartbeat(run_id: int, worker: str) -> bool:
    """Say that the worker lives; False when the run is no longer its own (marked stale, cancelled)."""
    runs = Run.objects.filter(pk=run_id, worker=worker, state__in=Run.ACTIVE, cancel_requested_at__isnull=True)
    return runs.update(heartbeat_at=timezone.now()) == 1


@transaction.atomic
def request_cancel(*, run: Run, acting_user: User | None) -> bool:
    """Ask a run to stop. A queued one ends at once; one at work is ended by its worker within a second or two."""
    asked = Run.objects.filter(pk=run.pk, state__in=Run.ACTIVE, cancel_requested_at__isnull=True)
    if asked.update(cancel_requested_at=timezone.now()) == 0:
        return False
    reason = f"Cancelled by {acting_user or 'the command line'}."
    move(run.pk, Run.State.ABORTED, since=[Run.State.QUEUED], reason=reason)
    record(acting_user=acting_user, action="run cancelled", subject=run, project=run.pipeline.project)
    return True


def note_resent(now: dt.datetime | None = None) -> list[int]:
    """Runs that have waited in the queue so long that their task may be lost, each told once in `RESENT_AFTER`."""
    now = now or timezone.now()
    lost = []
    for pk in Run.objects.filter(state=Run.State.QUEUED, requested_at__lt=now - RESENT_AFTER).values_list(
        "pk", flat=True
    ):
        waiting = Run.objects.filter(pk=pk, state=Run.State.QUEUED)
        if waiting.filter(Q(heartbeat_at__isnull=True) | Q(heartbeat_at__lt=now - RESENT_AFTER)).update(
            heartbeat_at=now
        ):
            lost.append(pk)
    return lost


def mark_stale_runs(now: dt.datetime | None = None) -> int:
    """Mark runs whose worker has not been heard of for a minute; tells how many. What they captured is kept."""
    limit = (now or timezone.now()) - STALE_AFTER
    at_work = [state for state in Run.ACTIVE if state != Run.State.QUEUED]
    silent = Run.objects.filter(state__in=at_work).filter(Q(heartbeat_at__lt=limit) | Q(heartbeat_at__isnull=True))
    ids = list(silent.values_list("pk", flat=True))
    marked = [pk for pk in ids if move(pk, Run.State.STALE, since=at_work, reason=STALE_REASON)]
    RunStep.objects.filter(run__in=marked, state=RunStep.State.RUNNING).update(
        state=RunStep.State.FAILED, finished_at=timezone.now(), note="The worker stopped answering."
    )
    return len(marked)


def begin_step(run_id: int, name: str, total: int | None = None) -> None:
    RunStep.objects.filter(run=run_id, name=name).update(
        state=RunStep.State.RUNNING, started_at=timezone.now(), total=total, done=0
    )


def step_progress(run_id: int, name: str, done: int, total: int | None = None, note: str = "") -> None:
    """Progress of a step, in whatever it counts (`note` says of what)."""
    RunStep.objects.filter(run=run_id, name=name).update(done=done, total=total or F("total"), note=note[:400])


def end_step(run_id: int, name: str, state: str = RunStep.State.DONE, note: str | None = None) -> None:
    fields: dict[str, Any] = {"state": state, "finished_at": timezone.now()}
    if note is not None:
        fields["note"] = note[:400]
    RunStep.objects.filter(run=run_id, name=name).update(**fields)


def end_open_step(run_id: int, name: str) -> None:
    """End a step that went well and has not said so itself."""
    RunStep.objects.filter(run=run_id, name=name, state=RunStep.State.RUNNING).update(
        state=RunStep.State.DONE, finished_at=timezone.now()
    )


def skip_waiting_steps(run_id: int) -> None:
    """When a run ends early: the steps that never began say so."""
    RunStep.objects.filter(run=run_id, state=RunStep.State.WAITING).update(state=RunStep.State.SKIPPED)
