"""Passing HTTP/2 on, frame by frame, between one client connection and one upstream connection.

Only a stream's opening header block is written anew (credentials are put in there); everything else passes as it came,
so multiplexing, flow control, resets, trailers and GOAWAY are the two ends' own affair.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from audits.capture import http2
from audits.capture.addresses import normal_name
from audits.capture.asking import asked_by_head
from audits.capture.header_blocks import Field, literal_block, pack_headers
from audits.capture.hello import H2_PREFACE
from audits.capture.http2 import H2Frame
from audits.capture.journal import COMPLETE, Kind
from audits.capture.session import Hop, Session
from audits.capture.streams import Stream
from audits.capture.upstream import Upstream

_BLOCKS = (http2.HEADERS, http2.CONTINUATION, http2.PUSH_PROMISE)
# Streams the recorder answered itself are remembered so that what the client still sends on them goes nowhere.
MOST_TURNED_AWAY = 10_000


class _Stream:
    """One exchange under way."""

    __slots__ = ("answered", "asked", "number", "size")

    def __init__(self, number: int) -> None:
        self.number = number
        self.asked = False
        self.answered = False
        self.size = 0


@dataclass(frozen=True, slots=True)
class _Likeness:
    """A request's header fields with what follows from them alone: programs send the same ones over and over.

    packed: for the journal. named: the host they name, or empty. block: as they go upstream; None: a credential's
    placeholder may be in them, and they are looked at each time.
    """

    fields: list[Field]
    packed: bytes
    named: str
    block: bytes | None


class Http2Relay:
    """Serves one client connection until either side is done."""

    def __init__(self, session: Session, client: Stream, hop: Hop, upstream: Upstream) -> None:
        self._session = session
        self._journal = session.journal
        self._client = client
        self._hop = hop
        self._upstream = upstream.stream
        self._blocks = http2.HeaderBlocks()
        self._likeness: _Likeness | None = None
        self._streams: dict[int, _Stream] = {}
        self._turned_away: set[int] = set()
        self._own_answers: list[bytes] = []
        self._answer_block: H2Frame | None = None
        self._upstream_spoke = False
        self._ending: str | None = None
        self._problem: str | None = None
        client.on_lost = self._upstream.close
        self._upstream.on_lost = client.close

    @property
    def busy(self) -> bool:
        return bool(self._streams)

    def expired(self, now: float) -> bool:
        limits = self._session.config.limits
        silent = now - max(self._client.active, self._upstream.active)
        return silent > (limits.idle_seconds if self._streams else limits.keep_alive_seconds)

    def abort(self, reason: str) -> None:
        self._ending = self._ending or reason
        self._client.abort()
        self._upstream.abort()

    async def run(self) -> None:
        """Serve until the connection ends."""
        self._session.live.add(self)
        directions = [
            self._pump(self._client, self._to_upstream, H2_PREFACE),
            self._pump(self._upstream, self._to_client, b""),
        ]
        try:
            await asyncio.gather(*directions)
        finally:
            self._session.live.discard(self)
            self._client.close()
            self._upstream.close()
            self._end_all()

    async def _pump(self, source: Stream, take: Callable[[bytes], int], preface: bytes) -> None:
        """Read one direction; `take` passes on the complete frames of what is buffered and says how much that was."""
        target = self._upstream if source is self._client else self._client
        buffered = b""
        while data := await source.read():
            source.on_data = None
            buffered += data
            if preface:
                if len(buffered) < len(preface):
                    continue
                target.write(preface)
                buffered, preface = buffered[len(preface) :], b""
            used = self._taken(take, buffered)
            if used < 0:
                return
            buffered = buffered[used:]
            if self._journal.full:
                await self._journal.room()
            await target.drain()
            if not buffered:
                source.on_data = partial(self._at_once, source, target, take)
        target.close()

    def _at_once(self, source: Stream, target: Stream, take: Callable[[bytes], int], data: bytes) -> bool:
        """Pass on, in the callback that brings them, bytes that are whole frames; False: the task has to look at them."""
        if self._journal.full or target.paused:
            return False
        used = self._taken(take, data)
        if 0 <= used < len(data):
            source.keep(data[used:])
        return True

    def _taken(self, take: Callable[[bytes], int], data: bytes) -> int:
        """How many bytes were passed on; below zero: they are no HTTP/2, and the connection is over."""
        try:
            return take(data)
        except http2.Malformed as error:
            self._problem = str(error)
            self.abort("http2_malformed")
            return -1

    # From the client

    def _to_upstream(self, data: bytes) -> int:
        frames, used = http2.take_frames(data)
        written: list[bytes] = []
        for item in frames:
            if item.type in _BLOCKS:
                done = self._blocks.take(item)
                if done is not None:
                    written.append(self._take_fields(*done))
            elif self._blocks.unfinished:
                raise http2.Malformed("a header block is interrupted")
            else:
                written.append(self._take_frame(item))
        self._upstream.write(b"".join(written))
        self._flush_own_answers()
        return used

    def _take_fields(self, item: H2Frame, fields: list[Field]) -> bytes:
        """A complete header block: a new request, or the trailers of one under way."""
        if item.stream in self._turned_away:
            return b""
        stream = self._streams.get(item.stream)
        if stream is not None:
            self._journal.put(Kind.REQUEST_END, stream.number, payload=pack_headers(fields))
            return http2.header_frames(item.stream, fields, end_stream=True) + self._asked(item, stream)
        number = self._session.next_exchange(self._hop)
        like = self._like(fields)
        complete = COMPLETE * item.ends_stream
        self._journal.put(Kind.H2_REQUEST, number, self._hop.number, item.stream, payload=like.packed, flags=complete)
        refusal = self._refusal(number, like)
        if refusal is not None:
            self._turn_away(item.stream, number, *refusal)
            return b""
        stream = self._streams[item.stream] = _Stream(number)
        block = literal_block(self._filled(fields)) if like.block is None else like.block
        return http2.block_frames(item.stream, block, end_stream=item.ends_stream) + self._asked(item, stream)

    def _like(self, fields: list[Field]) -> _Likeness:
        """What follows from header fields, which are the same object when the same block came again."""
        like = self._likeness
        if like is None or like.fields is not fields:
            named = (http2.first_value(fields, b":authority") or b"").decode("latin-1").partition(":")[0]
            block = None if self._session.substitution else literal_block(fields)
            like = self._likeness = _Likeness(fields, pack_headers(fields), normal_name(named), block)
        return like

    def _take_frame(self, item: H2Frame) -> bytes:
        if item.stream in self._turned_away:
            return self._swallow(item)
        stream = self._streams.get(item.stream)
        if stream is not None and item.type == http2.DATA:
            content = item.content()
            stream.size += len(content)
            if stream.size > self._session.config.limits.max_request_body:
                return self._cut_off(item.stream, stream)
            self._journal.put(Kind.REQUEST_DATA, stream.number, payload=content)
            self._asked(item, stream)
        elif stream is not None and item.type == http2.RST_STREAM:
            self._reset(item, stream, "client_aborted")
        return item.raw

    def _asked(self, item: H2Frame, stream: _Stream) -> bytes:
        """Note the end of a request; always empty, for use in sums of bytes."""
        if item.ends_stream and not stream.asked:
            stream.asked = True
            if item.type == http2.DATA:
                self._journal.put(Kind.REQUEST_END, stream.number)
            self._end_if_done(item.stream, stream)
        return b""

    def _refusal(self, number: int, like: _Likeness) -> tuple[str, str, bytes] | None:
        """(reason, detail, status) for a request that must not go out."""
        named = like.named
        if named and named != self._hop.host:
            arrival = self._hop.arrival
            self._session.gap(
                "host_header_mismatch", host=self._hop.host, arrival=arrival, detail=f":authority {named}"
            )
            if self._session.refusal(named) == "policy":
                return "refused", f"{named} may not be talked to in this phase", b"403"
        if self._session.limit_reached():
            return "limit_reached", "the number of calls allowed to this run is used up", b"429"
        gate = self._session.gate
        if gate is not None:
            asked = asked_by_head(number, self._hop.host, self._hop.route.port, like.fields, lambda: self._client.lost)
            reply = gate.glance(asked)
            if reply is not None:
                return reply.ending["error"], reply.ending["error_detail"], b"403"
        return None

    def _filled(self, fields: list[Field]) -> list[Field]:
        substitution = self._session.substitution
        if not substitution:
            return fields
        joined = b"\n".join(value for _, value in fields)
        for name in substitution.withheld(joined, self._hop.host):
            self._session.gap(
                "secret_withheld", host=self._hop.host, arrival=self._hop.arrival, detail=f"{name} is not for it"
            )
        return substitution.fill_fields(fields, self._hop.host)

    # From the upstream

    def _to_client(self, data: bytes) -> int:
        frames, used = http2.take_frames(data)
        if not frames:
            return 0
        whole = data[:used]
        self._journal.put(Kind.H2_ANSWER, self._hop.number, payload=whole)
        self._client.write(whole)
        self._upstream_spoke = True
        for received in frames:
            item = self._whole_block(received) if received.type in _BLOCKS else received
            if item is None:
                continue
            stream = self._streams.get(item.stream)
            if stream is None:
                continue
            if item.type == http2.RST_STREAM:
                self._reset(item, stream, "upstream_reset")
            elif item.ends_stream:
                stream.answered = True
                self._end_if_done(item.stream, stream)
        self._flush_own_answers()
        return used

    def _whole_block(self, item: H2Frame) -> H2Frame | None:
        """The frame that began a header block, once the block is complete: only then its end of stream counts."""
        first = self._answer_block if item.type == http2.CONTINUATION else item
        complete = bool(item.flags & http2.END_HEADERS)
        self._answer_block = None if complete else first
        return first if complete else None

    # Endings

    def _end_if_done(self, identifier: int, stream: _Stream) -> None:
        if stream.asked and stream.answered:
            self._streams.pop(identifier, None)
            self._journal.put(Kind.END, stream.number)

    def _reset(self, item: H2Frame, stream: _Stream, reason: str) -> None:
        code = int.from_bytes(item.payload[:4], "big")
        self._streams.pop(item.stream, None)
        # A server may answer in full and then say that it does not want the rest of the request (RFC 9113, 8.1).
        error = None if stream.answered and code == http2.NO_ERROR else reason
        self._end(stream, error, f"stream reset with code {code}")

    def _end(self, stream: _Stream, error: str | None, detail: str) -> None:
        ending = {"error": error, "error_detail": detail if error else None}
        self._journal.put(Kind.END, stream.number, payload=json.dumps(ending).encode())

    def _end_all(self) -> None:
        reason = self._ending or "connection_closed"
        for stream in self._streams.values():
            self._end(stream, reason, self._problem or "the connection ended before the exchange did")
        self._streams.clear()
        if self._problem is not None:
            self._session.gap("http2_malformed", host=self._hop.host, arrival=self._hop.arrival, detail=self._problem)
        facts = {"received": self._client.received, "sent": self._client.sent, "error": self._ending}
        self._session.close_hop(self._hop, **facts)

    # Answers of our own

    def _turn_away(self, identifier: int, number: int, reason: str, detail: str, status: bytes) -> None:
        """Answer a request ourselves: it never reaches the upstream."""
        self._remember_turned_away(identifier)
        fields = [(b":status", status), (b"x-answered-by", b"recorder"), (b"content-length", b"0")]
        self._own_answers.append(http2.header_frames(identifier, fields, end_stream=True))
        ending = {"error": reason, "error_detail": detail, "answered_by": "recorder"}
        self._journal.put(Kind.END, number, payload=json.dumps(ending).encode())

    def _cut_off(self, identifier: int, stream: _Stream) -> bytes:
        """Reset a stream towards both ends."""
        self._streams.pop(identifier, None)
        self._remember_turned_away(identifier)
        self._end(stream, "request_too_large", "the request's body is larger than allowed")
        reset = http2.frame(http2.RST_STREAM, 0, identifier, http2.ENHANCE_YOUR_CALM.to_bytes(4, "big"))
        self._own_answers.append(reset)
        return reset

    def _remember_turned_away(self, identifier: int) -> None:
        if len(self._turned_away) >= MOST_TURNED_AWAY:
            raise http2.Malformed("too many requests were turned away on one connection")
        self._turned_away.add(identifier)

    def _swallow(self, item: H2Frame) -> bytes:
        """A frame on a stream the upstream does not know: give the connection's window back, pass nothing on."""
        if item.type == http2.DATA and item.payload:
            credit = len(item.payload).to_bytes(4, "big")
            self._own_answers.append(http2.frame(http2.WINDOW_UPDATE, 0, 0, credit))
        return b""

    def _flush_own_answers(self) -> None:
        """After the upstream's settings, between its frames, never inside one of its header blocks."""
        if self._own_answers and self._upstream_spoke and self._answer_block is None:
            self._client.write(b"".join(self._own_answers))
            self._own_answers.clear()
