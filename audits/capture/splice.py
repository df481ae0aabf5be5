"""Passing a connection on unread: its host, bytes and times are recorded, its content is not."""

from __future__ import annotations

import asyncio

from audits.capture.session import Hop, Session
from audits.capture.streams import Stream


class Splice:
    """Joins two plain streams until both are done."""

    def __init__(self, session: Session, client: Stream, hop: Hop, upstream: Stream) -> None:
        self._session = session
        self._client = client
        self._hop = hop
        self._upstream = upstream
        self._ending: str | None = None
        client.on_lost = self._upstream.close
        upstream.on_lost = self._client.close

    @property
    def busy(self) -> bool:
        return not (self._client.lost or self._upstream.lost)

    def expired(self, now: float) -> bool:
        return now - max(self._client.active, self._upstream.active) > self._session.config.limits.idle_seconds

    def abort(self, reason: str) -> None:
        self._ending = self._ending or reason
        self._client.abort()
        self._upstream.abort()

    async def run(self) -> None:
        """Serve until the connection ends."""
        self._session.live.add(self)
        try:
            await asyncio.gather(self._pump(self._client, self._upstream), self._pump(self._upstream, self._client))
        finally:
            self._session.live.discard(self)
            self._client.close()
            self._upstream.close()
            facts = {"received": self._client.received, "sent": self._client.sent, "error": self._ending}
            self._session.close_hop(self._hop, **facts)

    async def _pump(self, source: Stream, target: Stream) -> None:
        while data := await source.read():
            target.write(data)
            await target.drain()
        target.write_eof()
