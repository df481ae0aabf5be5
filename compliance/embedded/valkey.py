"""The embedded broker: Valkey (or Redis) on a unix socket, with a password and an append-only file."""

import signal
import socket
from pathlib import Path

from compliance.embedded import processes
from compliance.embedded.places import secret, valkey_socket, write_atomically
from compliance.embedded.processes import Record
from compliance.embedded.programs import valkey_program

NAME = "valkey"
START_SECONDS = 30.0


def start(var: Path, *, durable: bool = True, temporary: bool = False) -> Record:
    """Start the broker; returns the record of the running server. Raises ProgramError or ProcessError.

    The password goes in by a configuration file (mode 0600): a command line can be read by every user of the machine.
    """
    record = processes.running(var, NAME)
    if record:
        return record
    home = var.absolute() / "valkey"
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    valkey_socket(var).unlink(missing_ok=True)
    configuration = home / "valkey.conf"
    write_atomically(configuration, _configuration(var, home, durable))
    command = [valkey_program(), configuration]
    record = processes.spawn(var, NAME, command, directory=home, temporary=temporary)
    processes.wait_for(var, record, lambda: _ready(var), START_SECONDS)
    return record


def stop(var: Path) -> bool:
    """Stop the broker; it writes what it holds first. False when it was not running."""
    stopped = processes.stop(var, NAME, signals=[(signal.SIGTERM, 15.0)])
    if stopped:
        valkey_socket(var).unlink(missing_ok=True)
    return stopped


def _configuration(var: Path, home: Path, durable: bool) -> str:
    settings = {
        "port": "0",
        "unixsocket": _quoted(str(valkey_socket(var))),
        "unixsocketperm": "700",
        "requirepass": _quoted(secret(var, "broker")),
        "dir": _quoted(str(home)),
        "appendonly": "yes" if durable else "no",
        "appendfsync": "everysec",
        "save": '""',
        "maxmemory-policy": "noeviction",
        "daemonize": "no",
        "loglevel": "notice",
    }
    return "".join(f"{key} {value}\n" for key, value in settings.items())


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _ready(var: Path) -> bool:
    """Whether it answers PING, which it refuses while it still reads its append-only file."""
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(2)
            connection.connect(str(valkey_socket(var)))
            connection.sendall(f"AUTH {secret(var, 'broker')}\r\nPING\r\n".encode())
            answer = b""
            while answer.count(b"\r\n") < 2 and (more := connection.recv(256)):
                answer += more
    except OSError:
        return False
    return answer == b"+OK\r\n+PONG\r\n"
