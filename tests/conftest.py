"""What every test may ask for. The servers come up with `tests.settings`, before Django reads any of it."""

import os
import shutil
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def project_directory() -> Path:
    """The root of the checkout."""
    return Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def chromium() -> str:
    """The browser's program, for Playwright's `executable_path`: CHROMIUM, or Debian's."""
    for name in (os.environ.get("CHROMIUM"), "chromium", "chromium-browser", "google-chrome"):
        found = shutil.which(name) if name else None
        if found:
            return found
    raise AssertionError("no Chromium found: apt-get install chromium, or set CHROMIUM to its path")
