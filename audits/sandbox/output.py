"""Passes a program's output on, and cuts a flood with a named gap instead of holding it in memory."""

import time
from collections.abc import Callable
from typing import Literal

from audits.sandbox.limits import Limits

Stream = Literal["stdout", "stderr", "gap"]
OnOutput = Callable[[Stream, bytes], None]


class OutputGate:
    """Counts what comes; `dropped` is the number of bytes that were not passed on."""

    def __init__(self, limits: Limits, on_output: OnOutput) -> None:
        self.dropped = 0
        self._limits, self._on_output = limits, on_output
        self._kept = 0
        self._gap = 0
        self._window_started = time.monotonic()
        self._window_kept = 0

    def take(self, stream: Stream, chunk: bytes) -> None:
        """Pass on what is within the limits, and remember how much is not."""
        now = time.monotonic()
        if now - self._window_started >= 1:
            self._window_started, self._window_kept = now, 0
        room = min(
            self._limits.output_bytes - self._kept, self._limits.output_bytes_per_second - self._window_kept, len(chunk)
        )
        if room > 0:
            self.name_gap()
            self._kept += room
            self._window_kept += room
            self._on_output(stream, chunk[:room])
        self._gap += len(chunk) - max(0, room)

    def name_gap(self) -> None:
        """Say how much was left out since the last passed byte; called once more at the end."""
        if self._gap:
            self.dropped += self._gap
            text = f"[{self._gap} bytes of output were left out here: more came than the limits allow]"
            self._gap = 0
            self._on_output("gap", text.encode())
