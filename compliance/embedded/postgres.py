"""The embedded PostgreSQL: made, started, repaired and stopped. It listens on a unix socket only.

The application's role owns its database and is no superuser; nobody knows a password of the superuser, whom single-user
mode replaces. The role's password is `var/secrets/database`.
"""

import hashlib
import os
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from compliance.embedded import processes
from compliance.embedded.address import DATABASE_NAME, DATABASE_USER
from compliance.embedded.places import POSTGRES_PORT, postgres_socket, secret, socket_directory, write_atomically
from compliance.embedded.processes import Record
from compliance.embedded.programs import major_version, postgres_programs, unprivileged

NAME = "postgres"
START_SECONDS = 60.0  # a crash may have left much to replay
Say = Callable[[str], None]

_HBA = "# written by compliance.embedded; the socket's directory is private as well\nlocal all all scram-sha-256\n"
_MEGABYTE = 1 << 20


class ClusterError(RuntimeError):
    """The data directory can't be made or used; the message says why and what to do."""


@dataclass(frozen=True)
class Cluster:
    """The data directory below `var` and the programs that run it."""

    var: Path
    programs: Path

    @property
    def home(self) -> Path:
        return self.var.absolute() / "postgres"

    @property
    def data(self) -> Path:
        return self.home / "data"


def start(var: Path, say: Say, *, durable: bool = True, temporary: bool = False) -> Record:
    """Start the server, making the cluster first when there is none; returns the record of the running server.

    `durable=False` turns off fsync, for tests. Raises ClusterError, ProgramError or ProcessError.
    """
    record = processes.running(var, NAME)
    if record:
        return record
    cluster = Cluster(var, postgres_programs())
    _repair(cluster, say)
    if not cluster.data.exists():
        _create(cluster, say, durable)
    _check_version(cluster)
    _give(unprivileged().user_id, var, cluster.home, cluster.data, socket_directory(var))
    _agree_on_password(cluster, say)
    server = [str(cluster.programs / "postgres"), "-D", str(cluster.data), *_settings(cluster, durable)]
    command = [*unprivileged().prefix, *server]
    record = processes.spawn(var, NAME, command, directory=cluster.home, temporary=temporary)
    processes.wait_for(var, record, lambda: _ready(cluster, record.pid), START_SECONDS)
    return record


def stop(var: Path) -> bool:
    """Stop the server within seconds: fast (SIGINT ends sessions), then immediate. False when it was not running."""
    stopped = processes.stop(var, NAME, signals=[(signal.SIGINT, 20.0), (signal.SIGQUIT, 5.0)])
    if stopped:
        postgres_socket(var).unlink(missing_ok=True)
    return stopped


def _create(cluster: Cluster, say: Say, durable: bool) -> None:
    """Make the cluster aside and move it into place when it is complete, so that a crash leaves none or a whole one."""
    say("making the database cluster")
    cluster.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    making = cluster.home / f"making-{os.getpid()}"
    making.mkdir(mode=0o700)
    _give(unprivileged().user_id, cluster.var, cluster.home, making)
    _run(cluster, "initdb", "--pgdata", making, "--username=postgres", "--auth=reject", "--encoding=UTF8",
         *_locale(), "--data-checksums", "--no-instructions", "--no-sync")  # fmt: skip
    (making / "pg_hba.conf").write_text(_HBA)
    _single_user(
        cluster,
        making,
        f"ALTER ROLE postgres PASSWORD '{secrets.token_urlsafe(32)}'",
        f"CREATE ROLE {DATABASE_USER} LOGIN CREATEDB PASSWORD '{secret(cluster.var, 'database')}'",
        f"CREATE DATABASE {DATABASE_NAME} OWNER {DATABASE_USER}",
    )
    if durable:
        os.sync()  # once, instead of initdb's fsync of each file
    making.rename(cluster.data)
    write_atomically(cluster.home / "password.sha256", _password_digest(cluster))


def _agree_on_password(cluster: Cluster, say: Say) -> None:
    """Give the role the password of `var/secrets` when that is a new one (it was lost, or the data come from a backup)."""
    kept = cluster.home / "password.sha256"
    digest = _password_digest(cluster)
    if kept.is_file() and kept.read_text() == digest:
        return
    say("var/secrets/database is new: giving the database role this password")
    _single_user(cluster, cluster.data, f"ALTER ROLE {DATABASE_USER} PASSWORD '{secret(cluster.var, 'database')}'")
    write_atomically(kept, digest)


def _repair(cluster: Cluster, say: Say) -> None:
    """Clear away what a crash left: half-made clusters, a dead server's lock file, its orphaned backends."""
    for making in cluster.home.glob("making-*"):
        say(f"removing {making.name}, left by a start that was interrupted")
        shutil.rmtree(making)
    if cluster.data.exists() and not (cluster.data / "PG_VERSION").is_file():
        aside = cluster.home / f"incomplete-{datetime.now(UTC):%Y%m%dT%H%M%S}"
        cluster.data.rename(aside)
        say(f"var/postgres/data is no database cluster: set aside as {aside.name}, a new one is made")
    _clear_lock(cluster, say)
    postgres_socket(cluster.var).unlink(missing_ok=True)


def _clear_lock(cluster: Cluster, say: Say) -> None:
    lock = cluster.data / "postmaster.pid"
    left = processes.processes_in(cluster.data, "postgres")
    if not lock.exists() and not left:
        return
    say("the database server did not stop properly last time: it recovers")
    # Backends end by themselves when they notice that their postmaster is gone; those still busy would block a new one.
    processes.wait_until(lambda: not processes.processes_in(cluster.data, "postgres"), 3.0)
    for pid in processes.processes_in(cluster.data, "postgres"):
        processes.quit_process(pid)
    processes.wait_until(lambda: not processes.processes_in(cluster.data, "postgres"), 5.0)
    lock.unlink(missing_ok=True)


def _check_version(cluster: Cluster) -> None:
    made_by = int((cluster.data / "PG_VERSION").read_text().strip().partition(".")[0])
    found = major_version(cluster.programs)
    if made_by != found:
        raise ClusterError(
            f"{cluster.data} was made by PostgreSQL {made_by}, and {cluster.programs} is PostgreSQL {found}:"
            " run `make setup`, or move the directory away to begin anew (docs/operations.md, Backups)"
        )


def _settings(cluster: Cluster, durable: bool) -> list[str]:
    """Passed on the command line, so that what an older release wrote into postgresql.conf does not linger."""
    memory = _memory_bytes()
    shared = max(64 * _MEGABYTE, min(memory // 8, 512 * _MEGABYTE))
    settings = {
        "listen_addresses": "",
        "port": str(POSTGRES_PORT),
        "unix_socket_directories": str(socket_directory(cluster.var)),
        "unix_socket_permissions": "0700",
        "max_connections": "80",
        "shared_buffers": f"{shared // 1024}kB",
        "effective_cache_size": f"{memory // 2048}kB",
        "work_mem": "16MB",
        "maintenance_work_mem": "128MB",
        "max_wal_size": "2GB",
        "random_page_cost": "1.1",
        "jit": "off",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "log_line_prefix": "%m [%p] ",
        "dynamic_shared_memory_type": _shared_memory(),
    }
    if not durable:
        settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "autovacuum": "off"}
    return [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]


def _memory_bytes() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _shared_memory() -> str:
    """Parallel queries share memory through /dev/shm; where that is tiny (containers often give 64 MB), through files."""
    try:
        room = os.statvfs("/dev/shm")  # noqa: S108 - asked for its size only
    except OSError:
        return "mmap"
    return "posix" if room.f_bsize * room.f_blocks >= 256 * _MEGABYTE else "mmap"


def _locale() -> Sequence[str]:
    # PostgreSQL 17 and later carry C.UTF-8 themselves, so that sorting never depends on the machine's locales.
    if major_version(postgres_programs()) >= 17:
        return ("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C")
    return ("--locale=C.UTF-8",)


def _ready(cluster: Cluster, pid: int) -> bool:
    """The eighth line of postmaster.pid says so, as pg_ctl reads it; the first names the server it speaks of."""
    try:
        lines = (cluster.data / "postmaster.pid").read_text().splitlines()
    except OSError:
        return False
    return len(lines) >= 8 and lines[0].strip() == str(pid) and lines[7].strip() == "ready"


def _single_user(cluster: Cluster, data: Path, *statements: str) -> None:
    _run(cluster, "postgres", "--single", "-D", data, "-c", "exit_on_error=true", "-c", "log_min_messages=fatal",
         "-c", "log_statement=none", "postgres", text="".join(f"{line}\n" for line in statements))  # fmt: skip


def _run(cluster: Cluster, program: str, *arguments: str | Path, text: str = "") -> None:
    command = [*unprivileged().prefix, cluster.programs / program, *arguments]
    began = time.monotonic()
    done = subprocess.run(
        command,
        input=text,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        timeout=300,
        cwd=cluster.home,
    )
    if done.returncode != 0:
        lines = "\n".join(f"  {line}" for line in (done.stdout + done.stderr).splitlines()[-15:])
        raise ClusterError(
            f"{program} failed after {time.monotonic() - began:.1f} s (code {done.returncode}):\n{lines}"
        )


def _give(user_id: int, var: Path, *paths: Path) -> None:
    """Root only: make sure that the files belong to the user the server runs as, and that he can reach them."""
    if os.geteuid() != 0:
        return
    if user_id != 0:
        var.chmod(var.stat().st_mode | 0o011)
    for path in paths:
        if path.stat().st_uid == user_id:
            continue
        for directory, names, files in os.walk(path):
            for name in (".", *names, *files):
                os.chown(os.path.join(directory, name), user_id, -1, follow_symlinks=False)


def _password_digest(cluster: Cluster) -> str:
    return hashlib.sha256(secret(cluster.var, "database").encode()).hexdigest()
