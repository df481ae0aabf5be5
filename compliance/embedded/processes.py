"""Processes that outlive the command that starts them: started in their own session, recorded, and stopped by pid.

A record in `var/run/NAME.json` names the pid together with the process's start time and the boot it belongs to, so that
a pid the kernel has given to somebody else meanwhile is never taken for ours, and never killed.
"""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from compliance.embedded.places import log_directory, run_directory, write_atomically

LOGS_KEPT = 3
_ROTATE_ABOVE = 1_000_000  # bytes


class ProcessError(RuntimeError):
    """A process did not start or stop as it should; the message carries the last lines of its log."""


@dataclass(frozen=True)
class Record:
    """One process of ours, as kept in `var/run/NAME.json`."""

    name: str
    pid: int
    started: int  # clock ticks after boot, from /proc/PID/stat
    boot: str
    since: str  # ISO 8601, for people
    temporary: bool = False  # started by a command that stops it when it ends
    details: dict[str, str] = field(default_factory=dict)


def spawn(
    var: Path,
    name: str,
    command: Sequence[str | Path],
    *,
    environment: Mapping[str, str] | None = None,
    directory: Path | None = None,
    temporary: bool = False,
    details: Mapping[str, str] | None = None,
) -> Record:
    """Start `command` in its own session, its output appended to `var/log/NAME.log`, and record it."""
    log = log_path(var, name)
    _rotate(log)
    with log.open("ab") as output:
        process = subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env=dict(environment) if environment is not None else None,
            cwd=directory,
        )
    process.returncode = 0  # we hold it by its record from here on; without this Popen warns when it is collected
    started = start_time(process.pid)
    since = datetime.now(UTC).isoformat(timespec="seconds")
    record = Record(name, process.pid, started or 0, _boot(), since, temporary, dict(details or {}))
    write_record(var, record)
    return record


def running(var: Path, name: str) -> Record | None:
    """The record of the process called `name` when it is alive; a stale record is removed."""
    record = _read_record(_record_path(var, name))
    if record and alive(record):
        return record
    _record_path(var, name).unlink(missing_ok=True)
    return None


def alive(record: Record) -> bool:
    """Whether the very process of the record still runs (a zombie does not)."""
    with suppress(ChildProcessError):
        os.waitpid(record.pid, os.WNOHANG)
    return record.boot == _boot() and start_time(record.pid) == record.started


def write_record(var: Path, record: Record) -> None:
    """Keep the record where `running` looks for it."""
    write_atomically(_record_path(var, record.name), json.dumps(asdict(record), indent=1) + "\n")


def stop(var: Path, name: str, *, signals: Sequence[tuple[signal.Signals, float]]) -> bool:
    """Stop the process called `name`, each signal in turn with the seconds it may take, at last its whole session by SIGKILL.

    Returns False when it was not running.
    """
    record = running(var, name)
    if record is None:
        return False
    for number, seconds in signals:
        _send(record, number)
        if wait_until(lambda: not alive(record), seconds):
            break
    kill_session(record.pid)
    wait_until(lambda: not alive(record), 5)
    _record_path(var, name).unlink(missing_ok=True)
    return True


def tell(var: Path, name: str, number: signal.Signals) -> bool:
    """Send a signal to the process called `name`; False when it is not running."""
    record = running(var, name)
    if record:
        _send(record, number)
    return record is not None


def kill_session(session: int) -> None:
    """SIGKILL whatever is left of a session that we opened with `spawn` (its id is the pid of its first process)."""
    for pid in _pids():
        if _session(pid) == session:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)


def wait_for(var: Path, record: Record, ready: Callable[[], bool], seconds: float) -> None:
    """Wait until `ready()`; raises ProcessError with the end of the log when the process ends or `seconds` pass."""
    if wait_until(lambda: ready() or not alive(record), seconds) and alive(record) and ready():
        return
    happened = f"did not answer within {seconds:.0f} s" if alive(record) else "ended at once"
    log = log_path(var, record.name)
    raise ProcessError(f"{record.name} {happened}; the last lines of {log}:\n{tail(log)}")


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    """Whether `condition()` came true within `seconds`."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def log_path(var: Path, name: str) -> Path:
    """The log of the process called `name`."""
    return log_directory(var) / f"{name}.log"


def tail(log: Path, lines: int = 15) -> str:
    """The last lines of a log, control characters made visible (what a process logs is not ours)."""
    if not log.is_file():
        return "  (no log)"
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - 16_384))
        text = file.read().decode("utf-8", "replace")
    shown = (
        "".join(c if c.isprintable() or c == "\t" else "\ufffd" for c in line) for line in text.splitlines()[-lines:]
    )
    return "\n".join(f"  {line}" for line in shown)


def start_time(pid: int) -> int | None:
    """When a process started, in clock ticks after boot; None when there is none, or only its zombie."""
    fields = _stat(pid)
    return int(fields[19]) if fields and fields[0] not in ("Z", "X") else None


def processes_in(directory: Path, program: str) -> list[int]:
    """The pids of the processes of `program` whose working directory is `directory`."""
    found = []
    for pid in _pids():
        with suppress(OSError):
            here = os.readlink(f"/proc/{pid}/cwd") == str(directory)
            if here and os.path.basename(os.readlink(f"/proc/{pid}/exe")) == program and start_time(pid):
                found.append(pid)
    return found


def quit_process(pid: int) -> None:
    """SIGKILL a process found by `processes_in`."""
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def _stat(pid: int) -> list[str] | None:
    try:
        text = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    return text.rpartition(")")[2].split()  # the name before it may hold anything, blanks and brackets too


def _session(pid: int) -> int | None:
    fields = _stat(pid)
    return int(fields[3]) if fields and fields[0] not in ("Z", "X") else None


def _pids() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def _send(record: Record, number: signal.Signals) -> None:
    if alive(record):
        with suppress(ProcessLookupError):
            os.kill(record.pid, number)


def _boot() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def _record_path(var: Path, name: str) -> Path:
    return run_directory(var) / f"{name}.json"


def _read_record(path: Path) -> Record | None:
    try:
        return Record(**json.loads(path.read_text()))
    except (FileNotFoundError, ValueError, TypeError):
        return None  # none, or one that a crash left half written: nothing that could be trusted to name a process


def _rotate(log: Path) -> None:
    """At a start, a log that has grown is set aside as NAME.log.1, and the older ones move on."""
    if not log.is_file() or log.stat().st_size < _ROTATE_ABOVE:
        return
    for number in range(LOGS_KEPT - 1, 0, -1):
        older = log.with_name(f"{log.name}.{number}")
        if older.exists():
            older.replace(log.with_name(f"{log.name}.{number + 1}"))
    log.replace(log.with_name(f"{log.name}.1"))
