"""Starting, stopping and borrowing the embedded servers and our own processes, as a whole."""

import os
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from compliance.embedded import application, postgres, processes, valkey
from compliance.embedded.locks import Lease, exclusive
from compliance.embedded.places import prepare_directories, run_directory
from compliance.embedded.preparation import DATABASE, STATIC, prepare
from compliance.embedded.processes import Record

Say = Callable[[str], None]
ALL = (postgres.NAME, valkey.NAME, "worker", "auditor", "beat", "web")


@dataclass(frozen=True)
class State:
    """One process as `status` shows it."""

    name: str
    record: Record | None
    elsewhere: bool  # the environment names a server that is not ours to start


def variable_directory() -> Path:
    """The installation's directory: CLAUSETRAIL_VAR, or `var` beside manage.py."""
    return Path(os.environ.get("CLAUSETRAIL_VAR") or application.PROJECT / "var").absolute()


def start(var: Path, say: Say) -> str:
    """Start all that does not run yet, preparing what is out of date; returns the address to open."""
    prepare_directories(var)
    with exclusive(var):
        _start_servers(var, say, database=True, broker=True, temporary=False)
        prepare(var, (DATABASE, STATIC), say)
        address = _start_application(var, say)
        _keep(var)
    return address


def stop(var: Path, say: Say) -> list[str]:
    """Stop all that we started, in order, each by its pid; returns the names of what ran."""
    if not run_directory(var).is_dir():
        return []
    with exclusive(var):
        return _stop_all(var, say)


def status(var: Path) -> list[State]:
    """What runs, in the order of starting."""
    elsewhere = {postgres.NAME: "DATABASE_URL" in os.environ, valkey.NAME: "CELERY_BROKER_URL" in os.environ}
    return [State(name, processes.running(var, name), elsewhere.get(name, False)) for name in ALL]


@contextmanager
def ensure_services(*, database: bool = True, broker: bool = False, worker: bool = False) -> Iterator[None]:
    """For commands: what they need runs inside the `with`, and afterwards all is as it was found.

    Servers that the environment names (DATABASE_URL, CELERY_BROKER_URL) are theirs who named them, and are left alone; a
    worker is started when a server it works with is embedded. Says on standard error what it starts. When several commands
    overlap, the last one that ends stops what the first one started. Raises what starting raises.
    """
    if os.environ.get("CLAUSETRAIL_SERVICES") == "started":
        yield
        return
    var = variable_directory()
    embedded_database = (database or worker) and not os.environ.get("DATABASE_URL")
    embedded_broker = (broker or worker) and not os.environ.get("CELERY_BROKER_URL")
    if not (embedded_database or embedded_broker):
        yield
        return

    def begin() -> None:
        _start_servers(var, _on_stderr, database=embedded_database, broker=embedded_broker, temporary=True)
        if embedded_database:
            prepare(var, (DATABASE,), _on_stderr)
        if worker:
            _borrow_workers(var)

    with _borrowed(var, begin):
        yield


@contextmanager
def borrowed_database(var: Path) -> Iterator[None]:
    """The embedded database as it stands, not brought up to date; for dumps and restores."""

    def begin() -> None:
        _start_servers(var, _on_stderr, database=True, broker=False, temporary=True)

    with _borrowed(var, begin):
        yield


@contextmanager
def _borrowed(var: Path, begin: Callable[[], None]) -> Iterator[None]:
    prepare_directories(var)
    with exclusive(var):
        lease = Lease(var)
        try:
            begin()
        except BaseException:
            _give_back(var, lease)
            raise
    try:
        yield
    finally:
        with exclusive(var):
            _give_back(var, lease)


def _give_back(var: Path, lease: Lease) -> None:
    if lease.give_up():
        _stop_all(var, _on_stderr, only_temporary=True)


def _start_servers(var: Path, say: Say, *, database: bool, broker: bool, temporary: bool) -> None:
    if database and not os.environ.get("DATABASE_URL") and not processes.running(var, postgres.NAME):
        _timed(say, "PostgreSQL", lambda: postgres.start(var, say, temporary=temporary))
    if broker and not os.environ.get("CELERY_BROKER_URL") and not processes.running(var, valkey.NAME):
        _timed(say, "broker", lambda: valkey.start(var, temporary=temporary))


def _start_application(var: Path, say: Say) -> str:
    """Side by side: each spends its first second importing. Returns the web server's address."""
    if not processes.running(var, application.WEB):
        application.settle_port(var)
    starters = {process.name: partial(application.start_background, var, process) for process in application.BACKGROUND}
    starters["web"] = partial(application.start_web, var)
    missing = {name: starter for name, starter in starters.items() if not processes.running(var, name)}
    with ThreadPoolExecutor(len(starters)) as pool:
        started = [pool.submit(_timed, say, name, starter) for name, starter in missing.items()]
    for one in started:
        one.result()
    return starters["web"]().details["address"]


def _borrow_workers(var: Path) -> None:
    for process in (application.WORKER, application.AUDITOR):
        if not processes.running(var, process.name):
            _timed(
                _on_stderr,
                process.name,
                partial(application.start_background, var, process, temporary=True),
            )


def _stop_all(var: Path, say: Say, *, only_temporary: bool = False) -> list[str]:
    chosen = [name for name in ALL if _may_stop(var, name, only_temporary)]
    stopped = application.stop_application(var, [name for name in chosen if name not in (postgres.NAME, valkey.NAME)])
    # The servers last, and not below somebody who still uses them.
    for name, stop_server in ((valkey.NAME, valkey.stop), (postgres.NAME, postgres.stop)):
        if name in chosen and stop_server(var):
            stopped.append(name)
    for name in stopped:
        say(f"stopped {name}")
    return stopped


def _may_stop(var: Path, name: str, only_temporary: bool) -> bool:
    record = processes.running(var, name)
    return record is not None and (record.temporary or not only_temporary)


def _keep(var: Path) -> None:
    """What a command borrowed stays now: somebody has asked for it to run."""
    for name in ALL:
        record = processes.running(var, name)
        if record and record.temporary:
            processes.write_record(var, replace(record, temporary=False))


def _timed(say: Say, name: str, start_it: Callable[[], Record]) -> Record:
    began = time.monotonic()
    record = start_it()
    say(f"{name} runs ({time.monotonic() - began:.1f} s)")
    return record


def _on_stderr(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
