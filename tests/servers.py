"""A PostgreSQL and a broker of the test session's own, in a temporary directory: started in under a second, gone afterwards.

Each process that runs tests starts its own and points its environment at them: what one of pytest-xdist's workers puts into
a queue or a file, no other finds. The programs that a test starts inherit the environment.
TEST_DATABASE_URL names another server to test against; the tests then make their databases there.
"""

import atexit
import json
import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

from compliance.embedded import postgres, processes, valkey
from compliance.embedded.places import prepare_directories, write_atomically

_PREFIX = "clausetrail-test-"
_OF_THE_MACHINE = (
    "DATABASE_URL",
    "CELERY_BROKER_URL",
    "EVIDENCE_URL",
    "SECRET_KEY",
    "WATCH_ALLOWED",
    "WEBHOOK_ALLOWED",
    "SECRET_KEY_FALLBACKS",
    "ALLOWED_HOSTS",
    "CLAUSETRAIL_DEBUG",
    "CLAUSETRAIL_SERVICES",
    "WEB_HOST",
    "WEB_PORT",
)


def prepare_environment() -> None:
    """Make the environment that of a test session. Once per worker: the programs it starts inherit it and find it done."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "none")
    if os.environ.get("CLAUSETRAIL_TEST_WORKER") == worker:
        return
    for name in _OF_THE_MACHINE:
        os.environ.pop(name, None)
    _remove_abandoned()
    home = Path(tempfile.mkdtemp(prefix=_PREFIX))
    write_atomically(home / "owner.json", json.dumps([os.getpid(), processes.start_time(os.getpid())]))
    atexit.register(_end, home, os.getpid())
    os.environ |= {
        "CLAUSETRAIL_TEST_SESSION": str(home),
        "CLAUSETRAIL_TEST_WORKER": worker,
        "CLAUSETRAIL_VAR": str(home / "var"),
    }
    if "TEST_DATABASE_URL" in os.environ:
        os.environ["DATABASE_URL"] = os.environ["TEST_DATABASE_URL"]
    _start(home / "var")


def _start(var: Path) -> None:
    prepare_directories(var)
    (var / "static").mkdir()  # where collectstatic would put files
    valkey.start(var, durable=False)
    if "DATABASE_URL" not in os.environ:
        postgres.start(var, lambda _: None, durable=False)


def _end(home: Path, owner: int) -> None:
    if os.getpid() != owner:
        return  # a child that a test forked
    _stop(home)


def _stop(home: Path) -> None:
    valkey.stop(home / "var")
    postgres.stop(home / "var")
    shutil.rmtree(home, ignore_errors=True)


def _remove_abandoned() -> None:
    """Stop the servers of sessions that were killed before they could."""
    for owner in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*/owner.json"):
        with suppress(FileNotFoundError):  # another session that begins just now was quicker
            if owner.stat().st_uid == os.getuid():
                pid, started = json.loads(owner.read_text())
                if processes.start_time(pid) != started:
                    _stop(owner.parent)
