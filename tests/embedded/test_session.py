import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection

from compliance.embedded import processes

SESSION = """
import os, sys
from tests.servers import prepare_environment
prepare_environment()
print(os.environ["CLAUSETRAIL_TEST_SESSION"], flush=True)
sys.stdin.readline()
"""


def begin_session(project: Path) -> tuple[subprocess.Popen[str], Path]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CLAUSETRAIL")}
    session = subprocess.Popen(
        [sys.executable, "-c", SESSION],
        cwd=project,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert session.stdout is not None
    return session, Path(session.stdout.readline().strip())


@pytest.mark.django_db
def test_the_session_has_a_database_of_its_own():
    with connection.cursor() as cursor:
        cursor.execute("select current_database()")
        assert cursor.fetchone()[0].startswith("test_")


def test_a_session_that_was_killed_is_cleared_away_by_the_next_and_the_others_stay(project_directory):
    killed, abandoned = begin_session(project_directory)
    server = processes.running(abandoned / "var", "postgres")
    killed.kill()
    killed.communicate()
    assert server is not None
    assert processes.alive(server)

    following, home = begin_session(project_directory)
    following.communicate("\n", timeout=60)

    assert not processes.alive(server)
    assert not abandoned.exists()
    assert not home.exists()
    assert processes.running(Path(os.environ["CLAUSETRAIL_VAR"]), "valkey")
