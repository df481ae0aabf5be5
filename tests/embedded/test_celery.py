import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from audits.tasks import mark_stale_runs, render_report, run_audit
from compliance.celery import app
from compliance.embedded import application, processes
from compliance.embedded.places import run_directory
from compliance.embedded.processes import Record

VAR = Path(os.environ["CLAUSETRAIL_VAR"])
NOTE = "tests.embedded.probe.note"  # by name: the probe's own configuration is its worker's, and nobody else's here


@pytest.fixture
def start_worker(request) -> Iterator[Callable[[str], Record]]:
    """Start workers of the probe on a queue of this test's own; they are killed when the test ends."""
    started: list[Record] = []

    def start(name: str) -> Record:
        ready = run_directory(VAR) / f"{name}.ready"
        command = [sys.executable, "-m", "celery", "--app", "tests.embedded.probe", "worker", "--queues=default",
                   f"--hostname={name}@%h", "--concurrency=1", "--without-mingle", "--without-gossip"]  # fmt: skip
        environment = os.environ | {"CLAUSETRAIL_READY_FILE": str(ready)}
        record = processes.spawn(VAR, name, command, environment=environment, directory=application.PROJECT)
        started.append(record)
        processes.wait_for(VAR, record, ready.exists, 120)
        return record

    yield start
    for record in started:
        processes.stop(VAR, record.name, signals=[])
        processes.kill_session(record.pid)
    app.control.purge()


def lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


def test_a_task_goes_through_the_broker_to_a_worker(start_worker, tmp_path):
    start_worker("round-trip")

    app.send_task(NOTE, [str(tmp_path / "noted")])

    assert processes.wait_until(lambda: len(lines(tmp_path / "noted")) == 1, 60)


def test_a_task_whose_worker_was_killed_is_done_by_the_next(start_worker, tmp_path):
    doomed = start_worker("doomed")
    app.send_task(NOTE, [str(tmp_path / "noted")], {"wait_for_ever": True})
    assert processes.wait_until(lambda: len(lines(tmp_path / "noted")) == 1, 60)
    processes.kill_session(doomed.pid)

    start_worker("heir")

    assert processes.wait_until(lambda: len(lines(tmp_path / "noted")) == 2, 60)
    assert len(set(lines(tmp_path / "noted"))) == 2


def test_messages_are_json_tasks_come_back_and_only_known_queues_exist():
    assert app.conf.accept_content == ["json"]
    assert app.conf.task_serializer == "json"
    assert app.conf.task_acks_late
    assert app.conf.task_reject_on_worker_lost
    assert {queue.name for queue in app.conf.task_queues} == {"default", "audits"}


@pytest.mark.parametrize(
    ("task", "queue"), [(run_audit, "audits"), (render_report, "default"), (mark_stale_runs, "default")]
)
def test_housekeeping_never_waits_behind_audits(task, queue):
    assert app.amqp.router.route({}, task.name)["queue"].name == queue
