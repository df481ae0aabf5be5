"""The short way for the common exchange: a request in one piece, an answer in one piece, no task woken in between.

It does what the relay does for such exchanges, in the callbacks that bring the bytes. Whatever is not plainly such an
exchange is left to the relay: a request by declining it, an answer by handing the exchange over.
"""

from __future__ import annotations

from dataclasses import dataclass

from audits.capture import http1
from audits.capture.http1 import Head, Malformed
from audits.capture.journal import COMPLETE, OVER, Kind
from audits.capture.plain_answers import PlainAnswers
from audits.capture.session import Hop, Session
from audits.capture.streams import Stream
from audits.capture.upstream import Upstream

_LENGTH = b"\r\ncontent-length: "
# Plain numbers: looking up the members of an enumeration costs more than what is done with them.
_REQUEST, _RESPONSE, _ALL = int(Kind.REQUEST), int(Kind.RESPONSE), COMPLETE | OVER


@dataclass(frozen=True, slots=True)
class _Likeness:
    """A request's head that was found plain, as the bytes around its Content-Length: programs send the same head over
    and over, with another length."""

    head: Head
    before: bytes
    after: bytes

    @classmethod
    def of(cls, head: Head) -> _Likeness | None:
        """None for a head without a length, with several, or with one that is not written plainly."""
        line, lower = _LENGTH + b"%d\r\n" % (head.length or 0), head.raw.lower()
        at = lower.find(line)
        if at < 0 or lower.count(_LENGTH.rstrip()) != 1:
            return None
        return cls(head, head.raw[: at + len(_LENGTH)], head.raw[at + len(line) - 2 :])

    def size(self, data: bytes) -> int:
        """The size of the head of `data` when it differs in its length alone and the body is all there, else 0."""
        if not data.startswith(self.before):
            return 0
        begin = len(self.before)
        end = data.find(b"\r", begin, begin + 18)
        if end < 0 or not data.startswith(self.after, end) or not data[begin:end].isdigit():
            return 0
        size = end + len(self.after)
        return size if size + int(data[begin:end]) == len(data) else 0


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
        self._likeness: _Likeness | None = None
        self._stash = b""
        self._largest = 0 if session.has_call_limits else session.config.limits.max_request_body
        self._substitution = session.substitution or None
        self._answers = PlainAnswers()

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
        upstream, session = self.upstream.stream, self._session
        if upstream.eof or upstream.pending or self._journal.full or session.stopping or len(data) > self._largest:
            return False
        likeness = self._likeness
        size = likeness.size(data) if likeness is not None else 0
        head = likeness.head if likeness is not None and size else self._plain_request(data)
        if head is None:
            return False
        size = size or len(head.raw)
        self._number = number = session.next_exchange(self._hop)
        self._journal.put(_REQUEST, number, self._hop.number, size, 0.0, data, COMPLETE)
        self._head = head
        upstream.on_data = self._answer
        if self._substitution is not None:
            data = self._substitution.fill_head(data[:size], self._hop.host) + data[size:]
        upstream.write(data)
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
        if end < 0:
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
        if self._substitution is not None and self._substitution.withheld(head.raw, self._hop.host):
            return None
        self._likeness = _Likeness.of(head)
        return head

    def _answer(self, data: bytes) -> bool:
        """Bytes from the upstream; False: the relay takes over and finds them in the upstream's buffer."""
        size = self._whole_answer(data)
        if not size:
            self._client.interrupt()
            return False
        self._journal.put(_RESPONSE, self._number, 0, size, 0.0, data, _ALL)
        self.upstream.stream.on_data = self._head = None
        self._client.write(data)
        if self._stash:
            self._client.interrupt()
        return True

    def _whole_answer(self, data: bytes) -> int:
        """The size of the head when `data` is an answer from beginning to end after which both connections go on, else 0."""
        if self._client.eof or self._journal.full:
            return 0
        assert self._head is not None
        if self._head.start[0] != b"HEAD" and (size := self._answers.size(data)):
            return size
        end = data.find(http1.HEAD_END)
        try:
            head = http1.parse_response_head(data[: end + 4]) if end >= 0 else None
        except Malformed:
            return 0
        if head is None or head.start[1][:1] == b"1" or head.chunked or not http1.stays_open(head, head.start[0]):
            return 0
        body = http1.response_body(head, self._head.start[0])
        return len(head.raw) if body.left == len(data) - end - 4 else 0
