"""Runs move by guarded updates: what two workers, a person and a clock may do to them at once."""

import datetime as dt
import threading

import pytest
from django.db import connections
from django.utils import timezone

from audits.actions import runs
from audits.models import Run, RunStep
from compliance.models import TrailEntry
from tests.factories import make_pipeline, make_run, make_user

AT_WORK = [Run.State.PREPARING, Run.State.RUNNING, Run.State.ANALYSING]
pytestmark = pytest.mark.django_db


def state_of(run: Run) -> str:
    return Run.objects.get(pk=run.pk).state


@pytest.mark.django_db(transaction=True)
def test_of_many_workers_that_claim_a_run_at_once_one_gets_it():
    run = make_run()
    line_up = threading.Barrier(6)
    won: list[str] = []

    def claim(worker: str) -> None:
        line_up.wait()
        if runs.claim(run.pk, worker):
            won.append(worker)
        connections.close_all()

    workers = [threading.Thread(target=claim, args=(f"worker-{number}",)) for number in range(6)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert won == [Run.objects.get(pk=run.pk).worker]


@pytest.mark.django_db(transaction=True)
def test_runs_requested_at_once_are_numbered_without_gaps_or_doubles():
    pipeline = make_pipeline()
    line_up = threading.Barrier(4)

    def request() -> None:
        line_up.wait()
        runs.request_run(pipeline=pipeline, acting_user=None)
        connections.close_all()

    people = [threading.Thread(target=request) for _ in range(4)]
    for person in people:
        person.start()
    for person in people:
        person.join()
    assert sorted(Run.objects.values_list("number", flat=True)) == [1, 2, 3, 4]


def test_a_new_run_waits_with_all_its_steps_and_stands_in_the_trail():
    person = make_user()
    run = runs.request_run(
        pipeline=make_pipeline(), acting_user=person, upstreams={"api.openai.com": "http://127.0.0.1:1"}
    )
    assert [step.name for step in run.steps.order_by("position")] == list(runs.STEPS)
    assert set(run.steps.values_list("state", flat=True)) == {"waiting"}
    line = TrailEntry.objects.get(action="run requested")
    assert (line.user, line.detail) == (person, {"upstreams": {"api.openai.com": "http://127.0.0.1:1"}})


@pytest.mark.parametrize("state", [*AT_WORK, *Run.ENDED])
def test_only_a_waiting_run_can_be_claimed(state: str):
    run = make_run(state=state, worker="first")
    assert not runs.claim(run.pk, "second")
    assert Run.objects.get(pk=run.pk).worker == "first"


@pytest.mark.parametrize("state", Run.ENDED)
def test_an_ended_run_ends_no_second_time(state: str):
    run = make_run(state=state)
    assert not runs.move(run.pk, Run.State.COMPLETED, since=Run.ACTIVE)
    assert not runs.request_cancel(run=run, acting_user=None)
    assert state_of(run) == state


def test_a_worker_moves_its_own_run_only_and_an_end_has_its_time():
    run = make_run(state=Run.State.RUNNING, worker="mine")
    assert not runs.move(run.pk, Run.State.FAILED, since=Run.ACTIVE, worker="another")
    assert runs.move(run.pk, Run.State.FAILED, since=Run.ACTIVE, worker="mine", reason="it failed")
    run.refresh_from_db()
    assert (run.state, run.reason) == (Run.State.FAILED, "it failed")
    assert run.finished_at is not None


def test_cancelling_a_waiting_run_ends_it_and_its_number_is_never_worked_on():
    run, person = make_run(), make_user(username="ines")
    assert runs.request_cancel(run=run, acting_user=person)
    run.refresh_from_db()
    assert (run.state, run.reason) == (Run.State.ABORTED, "Cancelled by ines.")
    assert not runs.claim(run.pk, "worker")
    assert not runs.request_cancel(run=run, acting_user=person), "once is enough"
    assert TrailEntry.objects.filter(action="run cancelled").count() == 1


@pytest.mark.parametrize("state", AT_WORK)
def test_cancelling_a_run_at_work_asks_its_worker_by_the_next_heartbeat(state: str):
    run = make_run(state=state, worker="mine")
    assert runs.heartbeat(run.pk, "mine")
    assert runs.request_cancel(run=run, acting_user=None)
    assert state_of(run) == state, "its worker ends it"
    assert not runs.heartbeat(run.pk, "mine")


def test_silence_of_a_minute_makes_a_run_stale_and_a_heartbeat_keeps_it():
    now = timezone.now()
    silent = make_run(state=Run.State.RUNNING, worker="dead", heartbeat_at=now - dt.timedelta(seconds=61))
    alive = make_run(state=Run.State.RUNNING, worker="alive", heartbeat_at=now - dt.timedelta(seconds=59))
    waiting = make_run()
    RunStep.objects.filter(run__in=[silent, alive], name="execute").update(state=RunStep.State.RUNNING)

    assert runs.mark_stale_runs(now) == 1

    assert [state_of(run) for run in (silent, alive, waiting)] == [Run.State.STALE, Run.State.RUNNING, Run.State.QUEUED]
    assert silent.steps.get(name="execute").state == RunStep.State.FAILED
    assert alive.steps.get(name="execute").state == RunStep.State.RUNNING
    assert not runs.heartbeat(silent.pk, "dead"), "a worker that comes back learns that the run is no longer its own"
    assert runs.mark_stale_runs(now) == 0


def test_a_step_keeps_its_note_and_total_until_it_says_otherwise():
    run = make_run()
    runs.begin_step(run.pk, "lineage", total=10)
    runs.step_progress(run.pk, "lineage", 4, note="4 rows compared")
    runs.end_open_step(run.pk, "lineage")
    step = run.steps.get(name="lineage")
    assert (step.done, step.total, step.note, step.state) == (4, 10, "4 rows compared", "done")
    runs.end_step(run.pk, "match", RunStep.State.FAILED, note="x" * 500)
    runs.skip_waiting_steps(run.pk)
    assert len(run.steps.get(name="match").note) == 400
    assert run.steps.get(name="report").state == "skipped"
