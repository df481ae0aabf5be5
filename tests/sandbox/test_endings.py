"""However a run ends, we know how, and nothing of it is left."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest

from audits.sandbox.limits import Limits
from audits.sandbox.network import Network
from tests.sandbox.conftest import Inside

PATIENT = Limits(wall_seconds=30, grace_seconds=0.3)


def alive(mark: str) -> list[int]:
    """Processes of this machine that have `mark` among their arguments."""
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            if mark.encode() in Path(f"/proc/{name}/cmdline").read_bytes().split(b"\0"):
                found.append(int(name))
        except OSError:
            continue
    return found


def gone(mark: str) -> bool:
    """Whether all of them end within some seconds."""
    for _ in range(100):
        if not alive(mark):
            return True
        time.sleep(0.05)
    return False


@pytest.fixture
def mark(request: pytest.FixtureRequest) -> str:
    """A number to sleep for that no other process sleeps for: it finds the run's processes on the host."""
    return f"3{os.getpid()}{abs(hash(request.node.name)) % 10_000:04d}"


@pytest.mark.parametrize("code", [0, 1, 3, 125, 127])
def test_the_exit_code_is_the_programs_own(inside: Inside, code: int) -> None:
    ended = inside(["sh", "-c", f"exit {code}"]).exit
    assert (ended.status, ended.code, ended.signal) == ("finished", code, None)
    assert ended.isolation == "enforced"


def test_a_program_ended_by_a_signal_is_killed_and_the_signal_named(inside: Inside) -> None:
    ended = inside(["sh", "-c", "kill -SEGV $$"]).exit
    assert (ended.status, ended.signal) == ("killed", signal.SIGSEGV)
    assert "SIGSEGV" in ended.reason


def test_a_missing_command_could_not_start(inside: Inside) -> None:
    ended = inside(["no-such-program-here"]).exit
    assert (ended.status, ended.reason) == ("could_not_start", "the command was not found inside the sandbox")


def test_words_of_the_program_cannot_pass_for_a_failed_set_up(inside: Inside) -> None:
    ended = inside(["sh", "-c", "echo 'bwrap: could not' >&2; exit 1"]).exit
    assert (ended.status, ended.code) == ("finished", 1)


def test_a_program_that_runs_too_long_is_asked_to_end_first(inside: Inside) -> None:
    script = ["sh", "-c", "trap 'echo bye; exit 0' TERM; while :; do sleep 0.05; done"]
    ran = inside(script, limits=Limits(wall_seconds=0.5, grace_seconds=10))
    assert ran.exit.status == "timed_out"
    assert ran.out == "bye\n"
    assert "longer than the 0.5 s allowed" in ran.exit.reason


def test_a_program_deaf_to_being_asked_is_killed(inside: Inside, mark: str) -> None:
    script = ["sh", "-c", f"trap '' TERM; echo deaf; sleep {mark} & while :; do sleep 0.05; done"]
    ran = inside(script, limits=Limits(wall_seconds=0.5, grace_seconds=0.3))
    assert (ran.exit.status, ran.out) == ("timed_out", "deaf\n")
    assert alive(mark) == []


def test_a_daemon_left_behind_ends_with_the_run(inside: Inside, mark: str) -> None:
    ran = inside(["sh", "-c", f"setsid -f sleep {mark} </dev/null >/dev/null 2>&1; sleep 0.2; echo done"])
    assert (ran.exit.status, ran.out) == ("finished", "done\n")
    assert gone(mark)


def test_a_run_can_be_cancelled(inside: Inside, mark: str) -> None:
    cancel = threading.Event()
    ran = inside(
        ["sh", "-c", f"echo started; sleep {mark}"],
        cancel=cancel,
        limits=PATIENT,
        on_output=lambda stream, chunk: cancel.set(),
    )
    assert ran.exit.status == "cancelled"
    assert alive(mark) == []


def test_the_death_of_the_supervisor_ends_the_run(tree: Path, mark: str, project_directory: Path) -> None:
    supervisor = textwrap.dedent(
        f"""
        from pathlib import Path
        from audits.sandbox.execution import run
        from audits.sandbox.network import open_network
        with open_network() as network:
            run(["sh", "-c", "setsid -f sleep {mark}; echo ready; sleep {mark}"], tree=Path({str(tree)!r}),
                network=network, on_output=lambda stream, chunk: print("ready", flush=True))
        """
    )
    with subprocess.Popen([sys.executable, "-c", supervisor], cwd=project_directory, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        assert alive(mark)
        process.kill()
    assert gone(mark)


def test_a_callback_that_fails_ends_the_run(inside: Inside, mark: str) -> None:
    def fail(stream: str, chunk: bytes) -> None:
        raise ValueError("the log could not be written")

    with pytest.raises(ValueError, match="could not be written"):
        inside(["sh", "-c", f"echo x; sleep {mark}"], on_output=fail)
    assert gone(mark)


def test_a_thousand_lines_arrive_complete_and_in_order(inside: Inside) -> None:
    assert inside(["seq", "1000"]).out == "".join(f"{number}\n" for number in range(1, 1001))


def test_no_descriptor_is_left_open_here(inside: Inside, network: Network) -> None:
    inside(["true"], network=network)
    before = sorted(os.listdir("/proc/self/fd"))
    inside(["true"], network=network)
    inside(["false"])
    assert sorted(os.listdir("/proc/self/fd")) == before
