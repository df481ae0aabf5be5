"""What every test may ask for. The servers come up with `tests.settings`, before Django reads any of it."""

from pathlib import Path

import pytest
from hypothesis import settings

# The same examples on every machine, and none judged by how busy it is.
settings.register_profile("clausetrail", deadline=None, derandomize=True)
settings.load_profile("clausetrail")


@pytest.fixture(scope="session")
def project_directory() -> Path:
    """The root of the checkout."""
    return Path(__file__).resolve().parent.parent
