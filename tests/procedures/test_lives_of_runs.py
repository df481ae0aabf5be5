"""How a run lives and dies: one worker, a heartbeat, and an end that everybody can read."""

import datetime as dt
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from django.conf import settings
from django.db import connection, connections
from django.db.utils import OperationalError
from django.utils import timezone

from audits.actions import runs
from audits.actions.runs import STALE_AFTER, mark_stale_runs, request_cancel, request_run
from audits.models import Gap, ModelCall, Run
from audits.procedures import lifecycle
from audits.procedures.audit import audit
from audits.procedures.lifecycle import AuditFailed, Heartbeat, RunLog, RunLost, conduct, worker_name
from audits.sandbox.processes import descendants
from audits.tasks import run_audit
from tests.factories import make_run, make_user
from tests.procedures.conftest import Lab

ASKS_AND_WAITS = """
write("out/train.jsonl", [{"text": ask("How do I reset my password?")}])
print("asked", flush=True)
import time
time.sleep(120)
"""
A_WORKER = """
import sys, django
django.setup()
from django.db import connection
connection.settings_dict["NAME"] = sys.argv[1]
from audits.procedures.audit import audit
from audits.procedures.lifecycle import conduct
conduct(int(sys.argv[2]), audit)
"""


def until(happened: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.05)


def ours() -> set[int]:
    return set(descendants(os.getpid()))


@contextmanager
def at_work(lab: Lab, run: Run) -> Iterator[threading.Thread]:
    """A worker in a thread of this process, come as far as having asked a model once."""

    def work() -> None:
        try:
            conduct(run.pk, audit)
        finally:
            connections.close_all()

    thread = threading.Thread(target=work)
    thread.start()
    until(lambda: ModelCall.objects.filter(run=run).exists())
    yield thread
    thread.join(60)
    assert not thread.is_alive()
    run.refresh_from_db()


def test_cancelling_ends_the_run_within_seconds_and_leaves_no_process(lab: Lab):
    before = ours()
    run = lab.request(lab.pipeline(ASKS_AND_WAITS))
    with at_work(lab, run):
        assert len(ours() - before) > 1, "sandbox and recorder are at work"
        request_cancel(run=run, acting_user=make_user(username="ines"))
    assert run.state == Run.State.ABORTED
    assert run.reason.startswith("Cancelled at ")
    assert run.calls.count() == 1
    assert ours() == before
    assert run.steps.get(name="execute").state == "failed"
    assert run.steps.get(name="collect").state == "skipped"


def test_a_recorder_that_dies_closes_the_way_out_and_the_run_ends_as_errored_judged_by_what_it_recorded(
    lab: Lab, without_paper: None
):
    before = ours()
    run = lab.request(lab.pipeline(ASKS_AND_WAITS))
    with at_work(lab, run):
        for pid in ours() - before:
            if b"audits.capture.recorder" in _arguments(pid):
                os.kill(pid, signal.SIGKILL)
    assert run.state == Run.State.ERRORED, run.reason
    assert run.reason.startswith("The recorder ended with status -9 while the pipeline ran.")
    assert Gap.objects.filter(run=run, kind="recorder", step="execute").exists()
    assert run.calls.get().purpose == ModelCall.Purpose.TRAIN
    assert run.findings.exists()
    assert run.outcome in ("needs_facts", "prohibited")
    assert run.evidence_root
    assert ours() == before


def _arguments(pid: int) -> bytes:
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return file.read()
    except OSError:
        return b""


def test_a_killed_worker_leaves_a_stale_run_that_keeps_its_calls_and_can_be_run_again(lab: Lab, without_paper: None):
    pipeline = lab.pipeline(
        "write('out/train.jsonl', [{'text': ask('How do I pay?')}])\nimport time; time.sleep(PAUSE)"
    )
    source = lab.folder / pipeline.name / "main.py"
    source.write_text(source.read_text().replace("PAUSE", "120"))
    run = lab.request(pipeline)
    name = connection.settings_dict["NAME"]
    worker = subprocess.Popen(
        [sys.executable, "-c", A_WORKER, str(name), str(run.pk)],
        cwd=settings.BASE_DIR,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"},
    )
    until(lambda: ModelCall.objects.filter(run=run).exists())
    family = set(descendants(worker.pid))
    worker.kill()
    worker.wait()
    until(lambda: not any(_arguments(pid) for pid in family))  # neither sandbox nor recorder outlives it

    assert mark_stale_runs(timezone.now()) == 0, "a worker is given a minute"
    assert mark_stale_runs(timezone.now() + STALE_AFTER + dt.timedelta(seconds=5)) == 1

    run.refresh_from_db()
    assert run.state == Run.State.STALE
    assert "run it again" in run.reason
    assert run.steps.get(name="execute").note == "The worker stopped answering."
    assert run.calls.count() == 1
    source.write_text(source.read_text().replace("120", "0"))
    again = request_run(pipeline=pipeline, acting_user=None, upstreams=run.upstreams, rerun_of=run)
    assert lab.conduct(again).state == Run.State.COMPLETED
    assert (again.number, again.rerun_of) == (run.number + 1, run)


@pytest.mark.django_db
def test_a_task_delivered_twice_is_done_once(monkeypatch: pytest.MonkeyPatch):
    done: list[int] = []
    monkeypatch.setattr("audits.tasks.audit", lambda run, heartbeat, log: done.append(run.pk))
    run = make_run()
    run_audit(run.pk)
    run_audit(run.pk)
    assert done == [run.pk]


@pytest.mark.django_db
def test_a_run_cancelled_while_it_waited_is_never_begun(monkeypatch: pytest.MonkeyPatch):
    run = make_run()
    assert request_cancel(run=run, acting_user=None)
    conduct(run.pk, lambda *args: pytest.fail("it was begun"))
    run.refresh_from_db()
    assert (run.state, run.reason) == (Run.State.ABORTED, "Cancelled by the command line.")
    assert run.finished_at is not None


@pytest.mark.django_db
def test_a_failure_of_the_audited_and_a_fault_of_ours_are_told_apart():
    def fails(run: Run, heartbeat: Heartbeat, log: RunLog) -> None:
        raise AuditFailed("The pipeline brought \x00 a token=abcdefghijk123")

    def errs(run: Run, heartbeat: Heartbeat, log: RunLog) -> None:
        raise ZeroDivisionError

    failed, errored = make_run(), make_run()
    conduct(failed.pk, fails)
    conduct(errored.pk, errs)
    failed.refresh_from_db()
    errored.refresh_from_db()
    assert (failed.state, failed.traceback) == (Run.State.FAILED, "")
    assert "\x00" not in failed.reason
    assert errored.state == Run.State.ERRORED
    assert "ZeroDivisionError" in errored.traceback


@pytest.mark.django_db
def test_a_run_taken_away_is_left_as_whoever_took_it_left_it():
    def loses(run: Run, heartbeat: Heartbeat, log: RunLog) -> None:
        log.add("stdout", "captured before")
        runs.move(run.pk, Run.State.STALE, since=Run.ACTIVE, reason="taken")
        heartbeat.stop.set()
        heartbeat.check()

    run = make_run()
    conduct(run.pk, loses)
    run.refresh_from_db()
    assert (run.state, run.reason) == (Run.State.STALE, "taken")
    assert run.log_lines.get().text == "captured before"


def test_a_heartbeat_bears_a_database_that_is_away_for_a_moment_and_gives_up_when_it_stays_away(monkeypatch):
    answers = iter([OperationalError("gone"), True, OperationalError("gone"), OperationalError("gone")])
    heard: list[object] = []

    def answer(run_id: int, worker: str) -> bool:
        said = next(answers)
        heard.append(said)
        if len(heard) == 4:
            monkeypatch.setattr(lifecycle.runs, "STALE_AFTER", dt.timedelta(0))
        if isinstance(said, OperationalError):
            raise said
        return bool(said)

    monkeypatch.setattr(lifecycle, "BEAT_SECONDS", 0.001)
    monkeypatch.setattr(lifecycle.runs, "heartbeat", answer)
    monkeypatch.setattr(lifecycle.connections, "close_all", lambda: None)
    with Heartbeat(1, "worker") as heartbeat:
        assert heartbeat.stop.wait(10)
    assert len(heard) == 4


@pytest.mark.django_db
def test_a_worker_whose_run_was_marked_stale_learns_of_it():
    run = make_run()
    assert runs.claim(run.pk, worker_name())
    heartbeat = Heartbeat(run.pk, worker_name())
    heartbeat.check()
    runs.move(run.pk, Run.State.STALE, since=Run.ACTIVE)
    assert not runs.heartbeat(run.pk, worker_name())
    heartbeat.stop.set()
    with pytest.raises(RunLost):
        heartbeat.check()
