"""HTTP/2 from the client, HTTP/1.1 to the upstream: for a client that speaks nothing but h2 to a server that doesn't.

Each stream becomes an HTTP/1.1 connection of its own towards an ordinary relay, which records, bounds and passes it on
as any other: what is in the record is what the upstream was asked. Only the framing is put into other words here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import h2.config
import h2.connection
import h2.events
import h2.exceptions
import h2.settings

from audits.capture import http1
from audits.capture.http1 import Body, Head, Malformed
from audits.capture.http2 import PROTOCOL_ERROR
from audits.capture.relay_http1 import Http1Relay
from audits.capture.session import Hop, Session
from audits.capture.streams import HIGH_WATER, Stream

INTERNAL_ERROR = 2
MOST_STREAMS = 100
# Fields that belong to one connection (RFC 9113, section 8.2.2), and those written anew.
_LEFT_OUT = frozenset(
    (b"connection", b"keep-alive", b"proxy-connection", b"transfer-encoding", b"upgrade", b"te", b"host", b"cookie")
)
_LEFT_OUT_OF_ANSWERS = frozenset((b"connection", b"keep-alive", b"proxy-connection", b"transfer-encoding", b"upgrade"))
_BREAKS = (b"\r", b"\n", b"\0")


class _StreamRelay(Http1Relay):
    """Serves one stream; the connection's line in the record is the whole connection's affair."""

    def _close_hop(self) -> None:
        self._hop = None


class _StreamTransport(asyncio.Transport):
    """Stands where a socket would: what the relay writes becomes frames of one stream."""

    def __init__(self, number: int, method: bytes, chunked: bool, relay: TranslatingRelay) -> None:
        super().__init__()
        self.number = number
        self.chunked = chunked
        self.stream = Stream(secure=False)
        self.unacknowledged = 0
        self.waiting = bytearray()
        self.over = False
        self._method = method
        self._relay = relay
        self._raw = b""
        self._body: Body | None = None
        self._reading = True
        self._slowed = False
        self.stream.connection_made(self)

    # What the client sends

    def take(self, data: bytes, length: int) -> None:
        """Bytes of the request's body; their window is given back once somebody reads them."""
        self.unacknowledged += length
        if data:
            self.stream.data_received(b"%x\r\n%s\r\n" % (len(data), data) if self.chunked else data)
        if self._reading:
            self.resume_reading()

    def end(self, trailers: list[tuple[bytes, bytes]]) -> None:
        """The request is complete."""
        if self.chunked:
            lines = [b"%s: %s\r\n" % each for each in trailers if not any(mark in b"".join(each) for mark in _BREAKS)]
            self.stream.data_received(b"0\r\n" + b"".join(lines) + b"\r\n")

    def pause_reading(self) -> None:
        self._reading = False

    def resume_reading(self) -> None:
        self._reading = True
        length, self.unacknowledged = self.unacknowledged, 0
        self._relay.acknowledge(self.number, length)

    # What the relay answers

    def write(self, data: Any) -> None:
        self._raw += bytes(data)
        try:
            if self._body is None:
                self._take_heads()
            if self._body is not None and not self._body.done:
                used, payload = self._body.feed(self._raw)
                self._raw = self._raw[used:]
                self.waiting += payload
        except Malformed:
            self.abort()
            return
        self.pass_on()

    def pass_on(self) -> None:
        """Send what the client's window takes; slow the relay down while it takes too little."""
        if self.over:
            return
        self._relay.send(self)
        if self._body is not None and self._body.done and not self.waiting:
            self._finish(self._body.trailers)
        elif len(self.waiting) > HIGH_WATER and not self._slowed:
            self._slowed = True
            self.stream.pause_writing()
        elif self._slowed and not self.waiting:
            self._slowed = False
            self.stream.resume_writing()

    def _take_heads(self) -> None:
        while self._body is None and (end := self._raw.find(http1.HEAD_END)) >= 0:
            head = http1.parse_response_head(self._raw[: end + 4])
            self._raw = self._raw[end + 4 :]
            if head.start[1][:1] != b"1":
                self._body = http1.response_body(head, self._method)
                self._relay.send_head(self.number, _answer_fields(head))

    def _finish(self, trailers: list[tuple[bytes, bytes]]) -> None:
        self.over = True
        self._relay.finish(self.number, trailers)
        # One stream, one request: the relay finds its client done.
        self.stream.eof_received()

    def close(self) -> None:
        if self._body is not None and self._body.until_close:
            self._body.done = True
            self.pass_on()
            if self.waiting:
                return
        self.abort()

    def abort(self) -> None:
        """The relay is done with this stream; an answer that was not complete is cut off visibly."""
        if not self.over:
            self.over = True
            self._relay.reset(self.number)
        self.gone()

    def gone(self) -> None:
        """The stream is no more."""
        self.over = True
        if not self.stream.lost:
            asyncio.get_running_loop().call_soon(_lose, self.stream)

    # What else a stream asks of its transport

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """The windows of HTTP/2 bound what waits here."""

    def can_write_eof(self) -> bool:
        return False

    def is_closing(self) -> bool:
        return self.over


class TranslatingRelay:
    """Serves one client connection, each of its streams by a relay of its own, until the client is done."""

    def __init__(self, session: Session, client: Stream, hop: Hop) -> None:
        self._session = session
        self._client = client
        self._hop = hop
        self._state = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False, header_encoding=None))
        self._open: dict[int, _StreamTransport] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._ending: str | None = None
        client.on_lost = self._client_lost

    @property
    def busy(self) -> bool:
        return bool(self._open)

    def expired(self, now: float) -> bool:
        limits = self._session.config.limits
        return now - self._client.active > (limits.idle_seconds if self._open else limits.keep_alive_seconds)

    def abort(self, reason: str) -> None:
        self._ending = self._ending or reason
        self._client.abort()

    async def run(self) -> None:
        """Serve until the connection ends."""
        self._session.live.add(self)
        try:
            self._state.update_settings({h2.settings.SettingCodes.MAX_CONCURRENT_STREAMS: MOST_STREAMS})
            self._state.initiate_connection()
            self._flush()
            while data := await self._client.read():
                for event in self._state.receive_data(data):
                    self._take(event)
                self._flush()
                await self._client.drain()
        except h2.exceptions.ProtocolError as error:
            self._session.gap("http2_malformed", host=self._hop.host, arrival=self._hop.arrival, detail=str(error))
            self._flush()
        finally:
            self._client.close()
            self._client_lost()
            if self._tasks:
                await asyncio.wait(self._tasks)
            self._session.live.discard(self)
            facts = {"received": self._client.received, "sent": self._client.sent, "error": self._ending}
            self._session.close_hop(self._hop, translated="h2 to http/1.1", **facts)

    # From the client

    def _take(self, event: object) -> None:
        if isinstance(event, h2.events.RequestReceived):
            self._begin(event.stream_id, event.headers, ended=event.stream_ended is not None)
        elif isinstance(event, h2.events.WindowUpdated | h2.events.RemoteSettingsChanged):
            for transport in list(self._open.values()):
                transport.pass_on()
        else:
            self._take_of_stream(event)

    def _take_of_stream(self, event: object) -> None:
        transport = self._open.get(getattr(event, "stream_id", None) or 0)
        if isinstance(event, h2.events.DataReceived):
            if transport is None:
                self._state.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            else:
                transport.take(event.data, event.flow_controlled_length)
                if event.stream_ended is not None:
                    transport.end([])
        elif transport is None:
            return
        elif isinstance(event, h2.events.TrailersReceived):
            transport.end([(bytes(name), bytes(value)) for name, value in event.headers])
        elif isinstance(event, h2.events.StreamReset):
            del self._open[transport.number]
            transport.gone()

    def _begin(self, number: int, fields: list[tuple[bytes, bytes]], *, ended: bool) -> None:
        try:
            raw, method, chunked = request_head(fields, ended=ended)
        except Malformed as error:
            self._session.gap("request_malformed", host=self._hop.host, arrival=self._hop.arrival, detail=str(error))
            self._state.reset_stream(number, PROTOCOL_ERROR)
            return
        transport = self._open[number] = _StreamTransport(number, method, chunked, self)
        relay = _StreamRelay(self._session, transport.stream, self._hop.arrival, hop=self._hop)
        task = asyncio.create_task(relay.run())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        transport.stream.data_received(raw)

    def _client_lost(self) -> None:
        for transport in self._open.values():
            transport.gone()
        self._open.clear()

    # To the client, as the streams' transports ask

    def send_head(self, number: int, fields: list[tuple[bytes, bytes]]) -> None:
        """The head of an answer."""
        self._try(number, lambda: self._state.send_headers(number, fields))

    def send(self, transport: _StreamTransport) -> None:
        """As much of what waits as the client's windows take."""
        while transport.waiting and transport.number in self._open:
            number = transport.number
            room = min(self._state.local_flow_control_window(number), self._state.max_outbound_frame_size)
            if room <= 0:
                break
            piece = bytes(transport.waiting[:room])
            del transport.waiting[:room]
            self._try(number, lambda number=number, piece=piece: self._state.send_data(number, piece))  # type: ignore[misc]
        self._flush()

    def finish(self, number: int, trailers: list[tuple[bytes, bytes]]) -> None:
        """An answer is complete."""
        fields = [(name.lower(), value) for name, value in trailers]
        if fields:
            self._try(number, lambda: self._state.send_headers(number, fields, end_stream=True))
        else:
            self._try(number, lambda: self._state.end_stream(number))
        self._open.pop(number, None)

    def reset(self, number: int) -> None:
        """An answer breaks off, or there is none."""
        if self._open.pop(number, None) is not None:
            self._try(number, lambda: self._state.reset_stream(number, INTERNAL_ERROR))

    def acknowledge(self, number: int, length: int) -> None:
        """Give the client's window back for bytes that were read."""
        if length and not self._client.lost:
            self._try(number, lambda: self._state.acknowledge_received_data(length, number))

    def _try(self, number: int, step: Callable[[], None]) -> None:
        """A stream that the client has just ended or reset takes nothing more, which is its right."""
        try:
            step()
        except (h2.exceptions.StreamClosedError, h2.exceptions.NoSuchStreamError):
            self._open.pop(number, None)
        except h2.exceptions.ProtocolError as error:
            self._ending = self._ending or "http2_malformed"
            self._session.gap("http2_malformed", host=self._hop.host, arrival=self._hop.arrival, detail=str(error))
            self._client.abort()
        self._flush()

    def _flush(self) -> None:
        data = self._state.data_to_send()
        if data:
            self._client.write(data)


def request_head(fields: list[tuple[bytes, bytes]], *, ended: bool) -> tuple[bytes, bytes, bool]:
    """(head in HTTP/1.1, method, whether the body goes in chunks) of a request's fields. Raises Malformed."""
    pseudo = {bytes(name): bytes(value) for name, value in fields if name[:1] == b":"}
    method, path = pseudo.get(b":method", b""), pseudo.get(b":path", b"")
    host = pseudo.get(b":authority") or next((bytes(value) for name, value in fields if name == b"host"), b"")
    if not (method and path and host) or method == b"CONNECT":
        raise Malformed("a stream that is no ordinary request")
    lines = [b"%s %s HTTP/1.1" % (method, path), b"Host: " + host]
    kept = [(bytes(name), bytes(value)) for name, value in fields if name[:1] != b":" and name not in _LEFT_OUT]
    lines += [name + b": " + value for name, value in kept]
    cookies = [bytes(value) for name, value in fields if name == b"cookie"]
    lines += [b"Cookie: " + b"; ".join(cookies)] if cookies else []
    sized = any(name == b"content-length" for name, _ in kept)
    chunked = not ended and not sized
    if chunked:
        lines.append(b"Transfer-Encoding: chunked")
    elif ended and not sized and method in (b"POST", b"PUT", b"PATCH"):
        lines.append(b"Content-Length: 0")
    if any(mark in line for line in lines for mark in _BREAKS):
        raise Malformed("a field holds a line break")
    return b"\r\n".join([*lines, b"", b""]), method, chunked


def _answer_fields(head: Head) -> list[tuple[bytes, bytes]]:
    _, _, block = head.raw.partition(b"\r\n")
    named = [(name.lower(), value) for name, value in http1.split_fields(block)]
    return [(b":status", head.start[1]), *((name, value) for name, value in named if name not in _LEFT_OUT_OF_ANSWERS)]


def _lose(stream: Stream) -> None:
    if not stream.lost:
        stream.connection_lost(None)
