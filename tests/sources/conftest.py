"""Commands of these tests find the session's servers running."""

import pytest


@pytest.fixture(autouse=True)
def running_servers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLAUSETRAIL_SERVICES", "started")
