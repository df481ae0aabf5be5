"""The short way for the common exchange: a request in one piece, an answer in one piece, no task woken in between.

It does what the relay does for such exchanges, in the callbacks that bring the bytes. Whatever is not plainly such an
exchange is left to the relay: a request by declining it, an answer by handing the exchange over.
"""

from __future__ import annotations

from audits.capture import http1
from audits.capture.http1 import Head, Malformed
from audits.capture.journal import COMPLETE, OVER, Kind
from audits.capture.session import Hop, Session
from audits.capture.streams import Stream
from audits.capture.upstream import Upstream


class Shortcut:
    """Serves a client connection whose relay waits for a request, over one upstream connection."""

    def __init__(self, session: Session, client: Stream, hop: Hop, upstream: Upstream) -> None:
        self.upstream = upstream
        self._session = session
        self._journal = session.journal
        self._client = client
        self._hop = hop
        self._hosts = {hop.host.encode(), f"{hop.host}:{hop.route.port}".encode()}
        self._number = 0
        self._head: Head | None = None
        self._stash = b""

    @property
    def under_way(self) -> bool:
        """Whether a request has gone out and its answer has not come."""
        return self._head is not None

    def request(self, data: bytes) -> bool:
        """Bytes from the client; False: the relay must look at them."""
        if self._head is not None or self._stash:
            # Pipelined: they wait until the answer is through.
            self._stash += data
            return True
        head = self._plain_request(data)
        if head is None:
            return False
        self._number = self._session.next_exchange(self._hop)
        size = len(head.raw)
        self._journal.put(Kind.REQUEST, self._number, self._hop.number, size, payload=data, flags=COMPLETE)
        self._head = head
        self.upstream.stream.on_data = self._answer
        substitution = self._session.substitution
        if substitution:
            data = substitution.fill_head(head.raw, self._hop.host) + data[size:]
        self.upstream.stream.write(data)
        return True

    def hand_over(self) -> tuple[int, Head]:
        """The exchange under way, now the relay's: its number and request head."""
        assert self._head is not None
        self.upstream.stream.on_data = None
        head, self._head = self._head, None
        return self._number, head

    def stashed(self) -> bytes:
        """What the client sent meanwhile, now the relay's."""
        stash, self._stash = self._stash, b""
        return stash

    def _plain_request(self, data: bytes) -> Head | None:
        end = data.find(http1.HEAD_END)
        session, upstream = self._session, self.upstream.stream
        if end < 0 or upstream.eof or upstream.pending or self._journal.full or session.stopping:
            return None
        try:
            head = http1.parse_request_head(data[: end + 4])
        except Malformed:
            return None
        whole = end + 4 + (head.length or 0) == len(data)
        if not whole or head.chunked or head.upgrade or head.expect_continue or head.close:
            return None
        if (head.host or b"").lower() not in self._hosts or head.start[2] != b"1.1":
            return None
        if session.has_call_limits or (head.length or 0) > session.config.limits.max_request_body:
            return None
        if session.substitution and session.substitution.withheld(head.raw, self._hop.host):
            return None
        return head

    def _answer(self, data: bytes) -> bool:
        """Bytes from the upstream; False: the relay takes over and finds them in the upstream's buffer."""
        head = self._plain_answer(data)
        if head is None:
            self._client.interrupt()
            return False
        self._journal.put(Kind.RESPONSE, self._number, c=len(head.raw), payload=data, flags=COMPLETE | OVER)
        self.hand_over()
        self._client.write(data)
        if self._stash:
            self._client.interrupt()
        return True

    def _plain_answer(self, data: bytes) -> Head | None:
        end = data.find(http1.HEAD_END)
        if end < 0 or self._client.eof or self._journal.full:
            return None
        try:
            head = http1.parse_response_head(data[: end + 4])
        except Malformed:
            return None
        assert self._head is not None
        if head.start[1][:1] == b"1" or head.chunked or not http1.stays_open(head, head.start[0]):
            return None
        body = http1.response_body(head, self._head.start[0])
        used, _ = body.feed(data[end + 4 :])
        return head if body.done and end + 4 + used == len(data) else None
