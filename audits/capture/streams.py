"""One side of a connection: bytes in as they come, bytes out, and word when it is gone."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import cast

# Read ahead so much, no more: what a slow reader does not take stays with the sender.
HIGH_WATER = 256 * 1024


class Stream(asyncio.Protocol):
    """A protocol that a single task reads from with `read`; writing is direct, `drain` waits for a slow peer.

    eof: the peer sends nothing more. lost: the connection is gone. active: monotonic time of the last bytes, in
    seconds. received, sent: bytes of payload, TLS removed.
    """

    __slots__ = (
        "_data",
        "_drained",
        "_interrupted",
        "_loop",
        "_paused_reading",
        "_paused_writing",
        "_secure",
        "_waiter",
        "active",
        "eof",
        "error",
        "lost",
        "on_data",
        "on_lost",
        "received",
        "sent",
        "transport",
    )

    def __init__(self, *, secure: bool) -> None:
        self._loop = asyncio.get_running_loop()
        self._secure = secure
        self._data = b""
        self._waiter: asyncio.Future[None] | None = None
        self._drained: asyncio.Future[None] | None = None
        self._interrupted = False
        self._paused_reading = False
        self._paused_writing = False
        # Asked first about every piece that comes; True: it has dealt with it.
        self.on_data: Callable[[bytes], bool] | None = None
        self.transport: asyncio.Transport = cast("asyncio.Transport", None)
        self.eof = False
        self.lost = False
        self.error: Exception | None = None
        self.on_lost: Callable[[], None] | None = None
        self.active = time.monotonic()
        self.received = 0
        self.sent = 0

    # Called by the event loop

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self.transport.set_write_buffer_limits(high=HIGH_WATER)

    def data_received(self, data: bytes) -> None:
        self.active = time.monotonic()
        self.received += len(data)
        if self.on_data is not None and not self._data and self.on_data(data):
            return
        self._data = self._data + data if self._data else data
        if len(self._data) > HIGH_WATER and not self._paused_reading:
            self._paused_reading = True
            self.transport.pause_reading()
        self._wake()

    def eof_received(self) -> bool:
        self.eof = True
        self._wake()
        # A plain connection may stay open for the answer; TLS closes both ways.
        return not self._secure

    def connection_lost(self, exc: Exception | None) -> None:
        self.eof = self.lost = True
        self.error = exc
        self._wake()
        self.resume_writing()
        if self.on_lost is not None:
            self.on_lost()

    def pause_writing(self) -> None:
        self._paused_writing = True

    def resume_writing(self) -> None:
        self._paused_writing = False
        if self._drained is not None and not self._drained.done():
            self._drained.set_result(None)

    # Called by relays

    async def read(self) -> bytes:
        """All bytes that have come, waiting for the first; empty at the end of the stream and after `interrupt`."""
        while not self._data and not self.eof and not self._interrupted:
            self._waiter = self._loop.create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        self._interrupted = False
        data, self._data = self._data, b""
        if self._paused_reading and not self.lost:
            self._paused_reading = False
            self.transport.resume_reading()
        return data

    def interrupt(self) -> None:
        """Make a `read` that waits return with nothing."""
        self._interrupted = True
        self._wake()

    def write(self, data: bytes) -> None:
        """Send; bytes to a lost connection go nowhere."""
        if not self.lost:
            self.sent += len(data)
            self.active = time.monotonic()
            self.transport.write(data)

    async def drain(self) -> None:
        """Wait until the peer has taken enough of what was written."""
        while self._paused_writing and not self.lost:
            self._drained = self._loop.create_future()
            await self._drained

    def write_eof(self) -> None:
        """Send nothing more; on TLS the connection is closed once everything is out."""
        if self.lost:
            return
        if self._secure or not self.transport.can_write_eof():
            self.transport.close()
        else:
            self.transport.write_eof()

    def close(self) -> None:
        """Send what was written, then close."""
        if not self.lost:
            self.transport.close()

    def abort(self) -> None:
        """Close now; what was written and not sent is lost."""
        if not self.lost:
            self.transport.abort()

    def keep(self, data: bytes) -> None:
        """The beginning of something whose rest has not come: `read` gives it together with what comes next."""
        self._data = data

    @property
    def paused(self) -> bool:
        """Whether the peer has not yet taken enough of what was written."""
        return self._paused_writing

    @property
    def pending(self) -> bool:
        """Whether bytes have come that nobody has read."""
        return bool(self._data)

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
