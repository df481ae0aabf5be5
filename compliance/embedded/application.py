"""Our own processes: the web server, the workers and beat, started beside the embedded servers."""

import os
import signal
import socket
import sys
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from compliance.embedded import processes
from compliance.embedded.places import run_directory
from compliance.embedded.processes import Record

PROJECT = Path(__file__).resolve().parent.parent.parent
START_SECONDS = 90.0
WARM_SECONDS = 10.0  # what a busy worker is given to finish before it is stopped in the middle
PORTS = range(8000, 8050)


class PortError(RuntimeError):
    """The web server can't have the port it was told to use."""


@dataclass(frozen=True)
class Background:
    """One Celery process and the arguments of its command line."""

    name: str
    arguments: Sequence[str]


# Housekeeping has a worker of its own, so that it never waits behind audits, which may run for hours.
WORKER = Background("worker", ("worker", "--queues=default", "--hostname=default@%h", "--concurrency=1"))
AUDITOR = Background("auditor", ("worker", "--queues=audits", "--hostname=audits@%h", "--concurrency=2"))
BEAT = Background("beat", ("beat",))
BACKGROUND = (WORKER, AUDITOR, BEAT)
WEB = "web"
WEB_ARGUMENTS = ("--interface=wsgi", "--workers=2", "--blocking-threads=4", "--respawn-failed-workers", "--no-ws")


def start_background(var: Path, process: Background, *, temporary: bool = False) -> Record:
    """Start a worker or beat and wait until it works. Raises ProcessError with the end of its log."""
    record = processes.running(var, process.name)
    if record:
        return record
    ready = run_directory(var) / f"{process.name}.ready"
    ready.unlink(missing_ok=True)
    command = [
        sys.executable,
        "-m",
        "celery",
        "--app",
        "compliance.celery",
        "--quiet",
        *process.arguments,
        "--loglevel=INFO",
    ]
    if process is BEAT:
        command += ["--schedule", str(run_directory(var) / "beat-schedule"), "--pidfile="]
    else:
        command += ["--pool=prefork", "-Ofair", "--without-mingle", "--without-gossip"]
    environment = child_environment(var) | {"CLAUSETRAIL_READY_FILE": str(ready)}
    record = processes.spawn(
        var, process.name, command, environment=environment, directory=PROJECT, temporary=temporary
    )
    processes.wait_for(var, record, ready.exists, START_SECONDS)
    return record


def start_web(var: Path, *, temporary: bool = False) -> Record:
    """Start the web server on WEB_PORT, or on the port it had last, or on a free one. Raises PortError, ProcessError."""
    record = processes.running(var, WEB)
    if record:
        return record
    host = os.environ.get("WEB_HOST", "127.0.0.1")
    port = settle_port(var)
    command = [
        sys.executable,
        "-m",
        "granian",
        *WEB_ARGUMENTS,
        "--host",
        host,
        "--port",
        str(port),
        "compliance.wsgi:application",
    ]
    details = {"address": f"http://{_shown(host)}:{port}/"}
    environment = child_environment(var)
    record = processes.spawn(
        var, WEB, command, environment=environment, directory=PROJECT, temporary=temporary, details=details
    )
    processes.wait_for(var, record, lambda: _answers(host, port), START_SECONDS)
    return record


def settle_port(var: Path) -> int:
    """Choose the web server's port and remember it: the workers write addresses, and start beside it. Raises PortError."""
    port = _choose_port(var, os.environ.get("WEB_HOST", "127.0.0.1"))
    (run_directory(var) / "web-port").write_text(str(port))
    return port


def stop_application(var: Path, names: Collection[str]) -> list[str]:
    """Tell all those processes to finish, wait for each in turn (bounded), and return the names of those that ran."""
    order = [name for name in (WEB, BEAT.name, WORKER.name, AUDITOR.name) if name in names]
    stopped = [name for name in order if processes.tell(var, name, signal.SIGTERM)]
    for name in stopped:
        # They have had their SIGTERM; SIGCONT only wakes one that somebody suspended.
        processes.stop(var, name, signals=[(signal.SIGCONT, WARM_SECONDS), (signal.SIGQUIT, 5.0)])
        (run_directory(var) / f"{name}.ready").unlink(missing_ok=True)
    return stopped


def child_environment(var: Path) -> dict[str, str]:
    """The environment of our own processes: this one's, with the installation they belong to."""
    environment = dict(os.environ) | {
        "CLAUSETRAIL_VAR": str(var.absolute()),
        "DJANGO_SETTINGS_MODULE": os.environ.get("DJANGO_SETTINGS_MODULE", "compliance.settings"),
        "PYTHONUNBUFFERED": "1",
    }
    port = _last_port(var)
    if port and not environment.get("PUBLIC_URL") and not environment.get("ALLOWED_HOSTS"):
        environment["PUBLIC_URL"] = f"http://{_shown(environment.get('WEB_HOST', '127.0.0.1'))}:{port}"
    return environment


def _choose_port(var: Path, host: str) -> int:
    given = os.environ.get("WEB_PORT", "")
    if given:
        if not (given.isascii() and given.isdigit() and 0 < int(given) < 65536):
            raise PortError(f"WEB_PORT must be a number from 1 to 65535, not {given!r}")
        if not _free(host, int(given)):
            raise PortError(
                f"port {given} is in use: set WEB_PORT to another one, or leave it out to have a free one chosen"
            )
        return int(given)
    free: list[int] = [port for port in [_last_port(var), *PORTS] if port and _free(host, port)]
    if free:
        return free[0]
    raise PortError(f"no port from {PORTS.start} to {PORTS.stop - 1} is free: set WEB_PORT")


def _last_port(var: Path) -> int:
    """The port that the web server has or had; 0: it was never started."""
    last = run_directory(var) / "web-port"
    return int(last.read_text()) if last.is_file() and last.read_text().isdigit() else 0


def _free(host: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def _answers(host: str, port: int) -> bool:
    reached = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound
    try:
        with socket.create_connection((reached, port), timeout=5) as connection:
            connection.settimeout(START_SECONDS)
            connection.sendall(f"HEAD / HTTP/1.1\r\nHost: {_shown(host)}:{port}\r\nConnection: close\r\n\r\n".encode())
            return connection.recv(9).startswith(b"HTTP/1.1")
    except OSError:
        return False


def _shown(host: str) -> str:
    reached = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound
    return f"[{reached}]" if ":" in reached else reached
