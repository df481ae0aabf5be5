"""What every test may ask for. The servers come up with `tests.settings`, before Django reads any of it."""

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def project_directory() -> Path:
    """The root of the checkout."""
    return Path(__file__).resolve().parent.parent
