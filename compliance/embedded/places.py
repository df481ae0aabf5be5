"""Where the embedded servers keep things below `var/`, and the few secrets they share with the application.

var/postgres/data    the database cluster           var/run/      sockets, process records, the lock
var/valkey/          the broker's append-only file  var/log/      one log per process
var/secrets/         passwords, readable by their owner only
"""

import hashlib
import os
import re
import secrets
import stat
import tempfile
from pathlib import Path

# sockaddr_un holds 107 bytes of path; PostgreSQL appends its own file name and the broker a temporary one.
LONGEST_SOCKET_PATH = 100
POSTGRES_PORT = 5432  # only names the socket file: nothing listens on TCP
_PLAIN_PATH = re.compile(r"[A-Za-z0-9/._+~@-]+")
_LONGEST_SOCKET_NAME = f".s.PGSQL.{POSTGRES_PORT}.lock"


class PlaceError(RuntimeError):
    """A directory or secret below `var/` can't be used; the message says which and what to do."""


def run_directory(var: Path) -> Path:
    """Where the process records and the locks of the installation at `var` lie."""
    return var.absolute() / "run"


def log_directory(var: Path) -> Path:
    """Where the logs of the processes of the installation at `var` lie."""
    return var.absolute() / "log"


def socket_directory(var: Path) -> Path:
    """The directory of the sockets: `var/sockets`, or a short private one when that path does not do for a socket.

    It does not when it is too long, or holds what means something else in an address (libpq splits hosts at commas).
    The short one is recorded in `var/run/sockets`, so that a shell with another XDG_RUNTIME_DIR finds the same.
    Creates nothing.
    """
    sockets = var.absolute() / "sockets"
    short = len(os.fsencode(sockets / _LONGEST_SOCKET_NAME)) <= LONGEST_SOCKET_PATH
    if short and _PLAIN_PATH.fullmatch(str(sockets)):
        return sockets
    record = run_directory(var) / "sockets"
    if record.is_file():
        return Path(record.read_text().strip())
    name = "clausetrail-" + hashlib.sha256(os.fsencode(var.resolve())).hexdigest()[:16]
    return _short_base() / name


def prepare_directories(var: Path) -> None:
    """Create `var/run`, `var/log` and the directory of the sockets, all private to their owner; raises PlaceError."""
    for directory in (var.absolute(), run_directory(var), log_directory(var)):
        _make(directory)
    sockets = socket_directory(var)
    _make(sockets)
    sockets.chmod(0o700)
    if sockets.parent != var.absolute():
        write_atomically(run_directory(var) / "sockets", f"{sockets}\n")


def postgres_socket(var: Path) -> Path:
    """The socket file of the embedded PostgreSQL."""
    return socket_directory(var) / f".s.PGSQL.{POSTGRES_PORT}"


def valkey_socket(var: Path) -> Path:
    """The socket file of the embedded broker."""
    return socket_directory(var) / "valkey.sock"


def secret(var: Path, name: str) -> str:
    """The password called `name`, made on first use and kept in `var/secrets/` (mode 0600).

    Two processes that ask at once get the same one: whoever links its file first wins.
    """
    path = var.absolute() / "secrets" / name
    if not path.exists():
        var.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.parent.mkdir(exist_ok=True, mode=0o700)
        _link_once(path, secrets.token_urlsafe(48))
    value = path.read_text().strip()
    if not value:
        raise PlaceError(f"{path} is empty; remove it and run `make start`, which makes a new one")
    return value


def write_atomically(path: Path, text: str) -> None:
    """Replace `path` by `text` (mode 0600) so that a reader sees the old or the new text, never half of one."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)


def _make(directory: Path) -> None:
    """Create a directory of mode 0700, refusing one that somebody else laid out for us (in /tmp anyone could).

    One that stands already keeps its mode: its owner may have opened it on purpose.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise PlaceError(f"{directory} can't be made: {error.strerror}; choose another CLAUSETRAIL_VAR") from error
    state = directory.lstat()
    if not stat.S_ISDIR(state.st_mode) or os.geteuid() not in (state.st_uid, 0):
        raise PlaceError(f"{directory} belongs to another user; choose another CLAUSETRAIL_VAR")


def _link_once(path: Path, text: str) -> None:
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(descriptor, "w") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(temporary, path)
    except FileExistsError:
        return  # another process was first; its password counts
    finally:
        os.unlink(temporary)


def _short_base() -> Path:
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    if runtime.startswith("/") and len(runtime) < 40 and os.access(runtime, os.W_OK | os.X_OK):
        return Path(runtime)
    return Path("/tmp")  # noqa: S108 - short by nature; the directory made in it is private and its owner is checked
