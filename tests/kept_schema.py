"""The schema of the test database, kept from one session to the next.

Applying all migrations takes twenty seconds, and they seldom change. What they made is dumped once per state of the migrations,
the installed applications and their versions, and put in place in a second. Django then applies what is missing: nothing.
"""

import hashlib
import os
import subprocess
import tempfile
from collections.abc import Mapping
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

from django.apps import apps
from django.db import connection

from compliance.embedded.places import write_atomically
from compliance.embedded.programs import postgres_programs

KEPT = 6  # branches are gone back to


def kept_schema() -> Path:
    """Where the dump for the present migrations lies, or would lie."""
    folder = Path(tempfile.gettempdir()) / f"clausetrail-test-schemas-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.stat().st_uid != os.getuid():
        raise PermissionError(f"{folder} belongs to somebody else; remove it")
    return folder / f"{_state()}.sql"


def name_of_the_test_database() -> str:
    """The name that Django gives the test database, with the suffix of pytest-xdist's worker."""
    return str(connection.creation._get_test_db_name())  # type: ignore[attr-defined]


def put_in_place(schema: Path, name: str) -> None:
    """Make the database `name` with what was dumped. Raises CalledProcessError."""
    with connection._nodb_cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {connection.ops.quote_name(name)}")
        cursor.execute(f"CREATE DATABASE {connection.ops.quote_name(name)}")
    _run("psql", name, "--quiet", "--no-psqlrc", "--set=ON_ERROR_STOP=1", f"--file={schema}")


def keep(schema: Path, name: str) -> None:
    """Dump the database `name` for the sessions to come; of other states the newest few stay."""
    made = _run("pg_dump", name, "--no-owner")
    for other in sorted(schema.parent.glob("*.sql"), key=lambda file: file.stat().st_mtime)[:-KEPT]:
        other.unlink(missing_ok=True)
    write_atomically(schema, made)


def _state() -> str:
    """A digest of every migration's text and of what is installed."""
    digest = hashlib.sha256()
    for config in sorted(apps.get_app_configs(), key=lambda app: app.name):
        for file in sorted(Path(config.path).glob("migrations/*.py")):
            digest.update(str(file.name).encode() + file.read_bytes())
    for name in sorted(f"{found.name} {found.version}" for found in distributions()):
        digest.update(name.encode())
    return digest.hexdigest()[:32]


def _run(program: str, database: str, *arguments: str) -> str:
    settings: Mapping[str, Any] = connection.settings_dict
    address = {"PGHOST": settings["HOST"], "PGPORT": settings["PORT"], "PGUSER": settings["USER"]}
    environment = os.environ | {name: str(value) for name, value in address.items() if value}
    environment |= {"PGPASSWORD": settings["PASSWORD"], "PGDATABASE": database}
    command = [str(postgres_programs() / program), *arguments]
    return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout
