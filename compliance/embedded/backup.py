"""Dumps of the embedded database, by PostgreSQL's own programs."""

import os
import subprocess
from pathlib import Path

from compliance.embedded.address import DATABASE_NAME, DATABASE_USER
from compliance.embedded.places import POSTGRES_PORT, secret, socket_directory
from compliance.embedded.programs import postgres_programs


class BackupError(RuntimeError):
    """The dump could not be written or read; the message carries what PostgreSQL's program said."""


def dump(var: Path, target: Path) -> None:
    """Write the running database to `target`, in PostgreSQL's custom format; an unfinished dump leaves no file."""
    unfinished = target.with_name(f".{target.name}.unfinished")
    try:
        unfinished.touch(mode=0o600)
        _run(var, "pg_dump", "--format=custom", f"--file={unfinished.absolute()}")
        unfinished.replace(target)
    except OSError as error:
        raise BackupError(f"{target} can't be written: {error.strerror}") from error
    finally:
        unfinished.unlink(missing_ok=True)


def restore(var: Path, source: Path) -> None:
    """Read a dump into the running database, all of it or nothing; the database must still be empty."""
    if not source.is_file():
        raise BackupError(f"{source} is no file")
    _run(var, "pg_restore", "--no-owner", "--exit-on-error", "--single-transaction", str(source.absolute()))


def _run(var: Path, program: str, *arguments: str) -> None:
    connection = {
        "PGHOST": str(socket_directory(var)),
        "PGPORT": str(POSTGRES_PORT),
        "PGUSER": DATABASE_USER,
        "PGPASSWORD": secret(var, "database"),
    }
    command = [str(postgres_programs() / program), f"--dbname={DATABASE_NAME}", *arguments]
    done = subprocess.run(
        command, env=os.environ | connection, capture_output=True, text=True, errors="replace", check=False
    )
    if done.returncode != 0:
        raise BackupError(f"{program} failed:\n{done.stderr.strip()}")
