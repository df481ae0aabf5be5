"""Follows one running command: reads its output, keeps its time, ends it, and tells how it ended."""

import contextlib
import json
import os
import selectors
import signal
import subprocess
import threading
import time

from audits.sandbox.limits import Limits, Status
from audits.sandbox.output import OutputGate, Stream
from audits.sandbox.processes import descendants, send

TICK = 0.1
CHUNK = 1 << 16


class Supervision:
    """`child` is bubblewrap, or the bare launcher; `ready` and `status` are read ends of pipes into the sandbox."""

    def __init__(
        self, child: subprocess.Popen[bytes], *, ready: int, status: int, limits: Limits, gate: OutputGate, bare: bool
    ) -> None:
        self.child, self.limits, self.gate, self.bare = child, limits, gate, bare
        self.started = time.monotonic()
        self.verdict: tuple[Status, str] | None = None
        self._pipes = {ready: "ready", status: "status"}
        self._ready = b""
        self._init: int | None = None
        self._complaint = b""
        self._kill_at: float | None = None
        self._lock = threading.Lock()

    def stop(self, status: Status, reason: str, *, grace: float = 0.0) -> None:
        """Ask the program to end and kill it `grace` seconds later; the first reason given is the one that stays."""
        with self._lock:
            if self.verdict is not None:
                return
            self.verdict = (status, reason)
            self._kill_at = time.monotonic() + grace
            if grace:
                send(self._inhabitants(), signal.SIGTERM)
            else:
                self.kill()

    def kill(self) -> None:
        """SIGKILL. The first process of a PID namespace takes all others with it; the bare launcher ends by itself
        when its last descendant has gone."""
        # Numbers are looked up anew each time, below a child not yet waited for: none can have changed hands.
        below = descendants(self.child.pid)
        send(below if self.bare else [*below, self.child.pid], signal.SIGKILL)

    def _inhabitants(self) -> list[int]:
        return [pid for pid in descendants(self.child.pid) if pid != self._init]

    def follow(self, cancel: threading.Event | None) -> None:
        """Read until every process that could write is gone, then collect the exit code."""
        assert self.child.stdout is not None
        assert self.child.stderr is not None
        pipes = {self.child.stdout.fileno(): "stdout", self.child.stderr.fileno(): "stderr", **self._pipes}
        with selectors.DefaultSelector() as selector:
            for descriptor, name in pipes.items():
                os.set_blocking(descriptor, False)
                selector.register(descriptor, selectors.EVENT_READ, name)
            while selector.get_map():
                for key, _ in selector.select(TICK):
                    self._read(selector, key.fd, key.data)
                self._keep_time(cancel)

    def _read(self, selector: selectors.BaseSelector, descriptor: int, name: str) -> None:
        chunk = os.read(descriptor, CHUNK)
        if not chunk:
            selector.unregister(descriptor)
        elif name == "ready":
            self._ready += chunk[:1]
        elif name == "status":
            self._note_status(chunk)
        else:
            self._pass_on("stdout" if name == "stdout" else "stderr", chunk)

    def _note_status(self, chunk: bytes) -> None:
        for line in chunk.splitlines():
            with contextlib.suppress(ValueError):
                self._init = json.loads(line).get("child-pid") or self._init

    def _pass_on(self, stream: Stream, chunk: bytes) -> None:
        if not self._ready and len(self._complaint) < CHUNK:
            self._complaint += chunk
        self.gate.take(stream, chunk)

    def _keep_time(self, cancel: threading.Event | None) -> None:
        now, grace = time.monotonic(), self.limits.grace_seconds
        if cancel is not None and cancel.is_set():
            self.stop("cancelled", "it was cancelled", grace=grace)
        if now - self.started > self.limits.wall_seconds:
            self.stop("timed_out", f"it ran longer than the {self.limits.wall_seconds:g} s allowed", grace=grace)
        if self._kill_at is not None and now >= self._kill_at:
            self.kill()

    def outcome(self) -> tuple[Status, str, int | None, int | None]:
        """(status, reason, exit code, signal number) once the child has been waited for."""
        code = self.child.returncode
        number = -code if code < 0 else code - 128 if 128 < code <= 128 + signal.NSIG else None
        if self.verdict is not None:
            return *self.verdict, None, number
        if not self._ready:
            said = self._complaint.decode(errors="replace").strip()[-2000:] or f"it ended with {code}"
            return "could_not_start", f"the sandbox could not be set up: {said}", None, None
        if self._ready == b"n":
            return "could_not_start", "the command was not found inside the sandbox", code, None
        if number is not None:
            return "killed", f"it was ended by signal {number} ({_signal_name(number)})", None, number
        return "finished", f"it ended with exit code {code}", code, None


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return "unknown"
