"""Starting a recorder and following it, for those who run one: a subprocess that inherits its sockets."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from audits.capture.config import Listeners, RecorderConfig, Recording, write_config
from audits.capture.spool import read_events, wait_closed

__all__ = ["RecorderFailed", "RecorderProcess", "RecorderSockets", "read_events", "start_recorder"]

LOG = "recorder.log"
_READY_SECONDS = 30.0
# Beyond the exchanges' own grace time: the writer may still have a backlog to store.
_CLOSING_SECONDS = 60.0


class RecorderFailed(RuntimeError):
    """A recorder did not start; the message holds what it said."""


@dataclass(frozen=True)
class RecorderSockets:
    """Listening and bound sockets to hand over; the caller may close its own copies afterwards."""

    transparent: Sequence[socket.socket] = ()
    proxy: Sequence[socket.socket] = ()
    dns: Sequence[socket.socket] = ()
    udp_sink: Sequence[socket.socket] = ()

    def listeners(self) -> Listeners:
        """Their descriptor numbers, which the recorder inherits under the same numbers."""
        return Listeners(
            transparent=tuple(item.fileno() for item in self.transparent),
            proxy=tuple(item.fileno() for item in self.proxy),
            dns=tuple(item.fileno() for item in self.dns),
            udp_sink=tuple(item.fileno() for item in self.udp_sink),
        )


class RecorderProcess:
    """A running recorder."""

    def __init__(self, process: subprocess.Popen[bytes], config: RecorderConfig) -> None:
        self._process = process
        self.config = config
        self.spool_directory = config.spool_directory

    @property
    def pid(self) -> int:
        """The recorder's process id."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it still runs; a recorder that ended by itself has left the way out closed."""
        return self._process.poll() is None

    @property
    def status(self) -> int | None:
        """The exit status: None while it runs, 0 stopped, 3 its record could not be written."""
        return self._process.poll()

    def tell(self, message: Mapping[str, object]) -> None:
        """Tell it something, such as a person's answer to a held call. A recorder that is gone hears nothing."""
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(json.dumps(message).encode() + b"\n")
            self._process.stdin.flush()

    def stop(self) -> int:
        """Ask it to stop, wait until its record is closed, and return its exit status.

        One that does not obey is killed; what was handed to its writer is stored even then.
        """
        if self.alive:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(self.config.limits.grace_seconds + _CLOSING_SECONDS)
            except subprocess.TimeoutExpired:
                self.kill()
        wait_closed(self.spool_directory, _CLOSING_SECONDS)
        return int(self._process.wait())

    def kill(self) -> None:
        """End it at once; exchanges under way are recorded as cut off."""
        self._process.kill()
        self._process.wait()


def start_recorder(config: RecorderConfig, sockets: RecorderSockets) -> RecorderProcess:
    """Start a recorder on `sockets` (config.listeners is filled in) and wait until it is ready.

    Its messages go to `recorder.log` in the spool directory. Raises RecorderFailed with what it said.
    """
    # The recorder runs in the project's directory, wherever its starter does.
    config = replace(
        config,
        listeners=sockets.listeners(),
        spool_directory=config.spool_directory.absolute(),
        blob_directory=config.blob_directory.absolute(),
        ca_certificate=config.ca_certificate.absolute(),
        ca_key=config.ca_key.absolute(),
        recording=_absolute(config.recording),
    )
    config.spool_directory.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="recorder-") as folder:
        path = Path(folder) / "config.json"
        write_config(config, path)
        with (config.spool_directory / LOG).open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "audits.capture.recorder", str(path)],
                stdin=subprocess.PIPE,  # stays open as long as this process lives: its end is the recorder's signal to stop
                stdout=subprocess.PIPE,
                stderr=log,
                pass_fds=config.listeners.all(),
                cwd=Path(__file__).resolve().parents[2],
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
            )
        if not _is_ready(process):
            process.kill()
            status = process.wait()
            said = (config.spool_directory / LOG).read_text(encoding="utf-8", errors="replace")[-2000:].strip()
            raise RecorderFailed(f"the recorder did not start (status {status}): {said or 'it said nothing'}")
    return RecorderProcess(process, config)


def _absolute(recording: Recording | None) -> Recording | None:
    if recording is None:
        return None
    return replace(recording, record=recording.record.absolute(), blobs=recording.blobs.absolute())


def _is_ready(process: subprocess.Popen[bytes]) -> bool:
    assert process.stdout is not None
    deadline = time.monotonic() + _READY_SECONDS
    line = b""
    while not line.endswith(b"\n"):
        waiting = select.select([process.stdout], [], [], max(0.0, deadline - time.monotonic()))[0]
        piece = os.read(process.stdout.fileno(), 4096) if waiting else b""
        if not piece:
            return False
        line += piece
    return bool(json.loads(line).get("ready"))
