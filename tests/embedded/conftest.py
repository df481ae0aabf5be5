"""Servers of a test's own, in a directory with a short path, stopped when the test ends."""

import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from compliance.embedded import postgres, processes, supervisor
from compliance.embedded.places import prepare_directories, socket_directory


@pytest.fixture(scope="session")
def made_once() -> Iterator[Path]:
    """An installation with a database cluster, for tests to copy: making one takes longer than most of them."""
    home = Path(tempfile.mkdtemp(prefix="ct-"))
    prepare_directories(home / "var")
    postgres.start(home / "var", lambda _: None)
    postgres.stop(home / "var")
    yield home / "var"
    shutil.rmtree(home)


@pytest.fixture
def empty_var(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An installation's directory of its own, with nothing in it; the environment names no servers."""
    home = Path(tempfile.mkdtemp(prefix="ct-"))
    home.chmod(0o755)
    yield from _installation(home / "var", monkeypatch)
    shutil.rmtree(home)


@pytest.fixture
def var(empty_var: Path, made_once: Path) -> Path:
    """The same, in which a database cluster was made before."""
    for name in ("postgres", "secrets"):
        shutil.copytree(made_once / name, empty_var / name)
    return empty_var


@pytest.fixture
def distant_var(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The same, so deep that no socket fits into it, and with all in its name that an address would misread."""
    home = Path(tempfile.mkdtemp(prefix="ct-"))
    yield from _installation(home / ("deep" * 20) / "a b,c %20 größe" / "var", monkeypatch)
    shutil.rmtree(home)


@pytest.fixture
def said() -> list[str]:
    """What a start says, line by line: pass `said.append`."""
    return []


def _installation(var: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    for name in ("DATABASE_URL", "CELERY_BROKER_URL", "CLAUSETRAIL_SERVICES", "WEB_PORT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CLAUSETRAIL_VAR", str(var))
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "compliance.settings")
    prepare_directories(var)
    yield var
    # Its data are thrown away: no need to wait until it has written them to disk.
    processes.stop(var, postgres.NAME, signals=[(signal.SIGQUIT, 20.0)])
    supervisor.stop(var, lambda _: None)
    shutil.rmtree(socket_directory(var), ignore_errors=True)
