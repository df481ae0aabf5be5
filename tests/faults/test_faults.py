"""A handful of struck audits; `python -m tests.faults` is the whole series."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings


@pytest.mark.sandbox
def test_audits_that_are_struck_lose_no_acknowledged_answer_and_end_in_a_true_state():
    given = {name: value for name, value in os.environ.items() if not name.startswith(("CLAUSETRAIL_", "PYTEST_"))}
    for name in ("EVIDENCE_URL", "DJANGO_SETTINGS_MODULE", "DATABASE_URL", "CELERY_BROKER_URL"):
        given.pop(name, None)
    command = [sys.executable, "-m", "tests.faults", "--runs", "4", "--faults", "worker,recorder,database,power"]
    ended = subprocess.run(command, cwd=Path(settings.BASE_DIR), env=given, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout[-4000:] + ended.stderr[-2000:]
    assert "0 runs with something wrong, 0 bundles invalid" in ended.stdout
