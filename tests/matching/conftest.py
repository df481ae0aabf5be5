"""The shipped rulebook, read once."""

from pathlib import Path

import pytest
from django.conf import settings

from compliance.engine.library import Library
from compliance.engine.rulebook import load_directory


@pytest.fixture(scope="session")
def shipped() -> Library:
    return load_directory(Path(settings.BASE_DIR) / "compliance" / "rulebook")
