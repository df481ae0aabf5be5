import os
import signal
import sys
import time
from dataclasses import replace

import pytest

from compliance.embedded import processes

SLEEPER = [sys.executable, "-c", "import time; time.sleep(600)"]
STUBBORN = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True); time.sleep(600)",
]


def test_a_process_survives_the_terminal_it_was_started_from(empty_var):
    record = processes.spawn(empty_var, "sleeper", SLEEPER)

    assert os.getsid(record.pid) == record.pid != os.getsid(0)
    assert processes.stop(empty_var, "sleeper", signals=[(signal.SIGTERM, 5)])


def test_a_process_that_ignores_the_request_is_killed_with_its_children(empty_var):
    script = (
        f"import subprocess, sys\nchild = subprocess.Popen({SLEEPER!r})\nprint(child.pid, flush=True)\n" + STUBBORN[2]
    )
    record = processes.spawn(empty_var, "parent", [sys.executable, "-c", script])
    log = processes.log_path(empty_var, "parent")
    assert processes.wait_until(lambda: "ready" in log.read_text(), 10)
    child = int(log.read_text().split()[0])

    assert processes.stop(empty_var, "parent", signals=[(signal.SIGTERM, 0.2)])

    assert not processes.alive(record)
    assert processes.wait_until(lambda: processes.start_time(child) is None, 5)


def test_a_process_that_ended_by_itself_is_not_running(empty_var):
    record = processes.spawn(empty_var, "short", [sys.executable, "-c", ""])
    assert processes.wait_until(lambda: not processes.alive(record), 10)

    assert processes.running(empty_var, "short") is None
    assert not processes.stop(empty_var, "short", signals=[(signal.SIGTERM, 1)])
    assert not (empty_var / "run" / "short.json").exists()


def test_a_record_of_the_same_pid_with_another_start_time_is_somebody_else(empty_var):
    record = processes.spawn(empty_var, "sleeper", SLEEPER)
    processes.write_record(empty_var, replace(record, started=record.started - 1))

    assert processes.running(empty_var, "sleeper") is None
    assert processes.alive(record)
    os.kill(record.pid, signal.SIGKILL)


def test_a_process_that_never_answers_is_named_with_the_end_of_its_log(empty_var):
    record = processes.spawn(empty_var, "mute", [sys.executable, "-c", "print('\\x1b[31mwhy I can not start')"])

    with pytest.raises(processes.ProcessError, match="mute ended at once") as failure:
        processes.wait_for(empty_var, record, lambda: False, 30)

    assert "why I can not start" in str(failure.value)
    assert "\x1b" not in str(failure.value)


def test_a_log_that_has_grown_is_set_aside_at_the_next_start_and_three_are_kept(empty_var):
    log = processes.log_path(empty_var, "talker")
    for turn in range(5):
        log.write_bytes(str(turn).encode() * 1_000_001)
        processes.spawn(empty_var, "talker", [sys.executable, "-c", "print('new')"])
        assert processes.wait_until(lambda: processes.running(empty_var, "talker") is None, 10)

    assert log.read_text() == "new\n"
    assert [path.read_bytes()[:1] for path in sorted(log.parent.glob("talker.log.*"))] == [b"4", b"3", b"2"]


def test_waiting_ends_when_the_condition_holds():
    end = time.monotonic() + 0.05

    assert processes.wait_until(lambda: time.monotonic() > end, 10)
    assert not processes.wait_until(lambda: False, 0.01)
