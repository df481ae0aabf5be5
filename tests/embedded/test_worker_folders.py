"""What a worker's pool lays down in the temporary directory goes with the worker, and with the next one if it was killed."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from compliance.settings import BASE_DIR

POOL = """
import signal, sys
import billiard
from celery.signals import worker_init
import compliance.celery
worker_init.send(None)
shared = billiard.get_context().Value("i")  # as a pool's does for each of its processes
print("ready", flush=True)
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
signal.pause()
"""
Start = Callable[[], "subprocess.Popen[str]"]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    with ExitStack() as started:

        def begin() -> "subprocess.Popen[str]":
            worker = subprocess.Popen(
                [sys.executable, "-c", POOL], cwd=BASE_DIR, env=os.environ | {"TMPDIR": str(tmp_path)},
                stdout=subprocess.PIPE, text=True,
            )  # fmt: skip
            started.callback(worker.wait, 10)
            started.callback(worker.kill)
            assert worker.stdout is not None
            assert worker.stdout.readline() == "ready\n"
            return worker

        yield begin


def test_what_a_killed_worker_s_pool_left_goes_with_the_next_worker_and_what_another_holds_stays(
    start: Start, tmp_path: Path
) -> None:
    killed, at_work = start(), start()
    folders = set(tmp_path.iterdir())
    assert {one.name.startswith("clausetrail-worker-") for one in folders} == {True}, "nothing lies beside them"
    assert len(list(tmp_path.glob("*/pymp-*"))) == len(folders) == 2
    killed.kill()
    killed.wait()
    assert set(tmp_path.iterdir()) == folders, "a worker that is killed clears nothing away"
    following = start()
    left = set(tmp_path.iterdir())
    assert (len(left), len(left & folders)) == (2, 1)
    for worker in (at_work, following):
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(10) == 0
    assert list(tmp_path.iterdir()) == []
