"""Servers of a test's own, in a directory with a short path, stopped when the test ends."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from compliance.embedded import supervisor
from compliance.embedded.places import prepare_directories, socket_directory


@pytest.fixture
def var(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An installation's directory of its own, with nothing in it; the environment names no servers."""
    home = Path(tempfile.mkdtemp(prefix="ct-"))
    home.chmod(0o755)
    var = home / "var"
    yield from _installation(var, monkeypatch)
    shutil.rmtree(home)


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
    supervisor.stop(var, lambda _: None)
    shutil.rmtree(socket_directory(var), ignore_errors=True)
