"""The far end of the recorder in tests: small HTTP/1.1, HTTP/2 and WebSocket servers that remember what reached them."""

from __future__ import annotations

import asyncio
import gzip
import json
import ssl
import threading
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import h2.config
import h2.connection
import h2.events
import h11
from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, BytesMessage, CloseConnection, Ping, Request, TextMessage
from wsproto.extensions import PerMessageDeflate

GATE_SECONDS = 10
Headers = list[tuple[str, str]]


@dataclass
class Seen:
    """A request as it arrived."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes = b""


@dataclass
class FarEnd:
    """Runs in a thread of its own. `gates` hold an answer back until a test opens them."""

    tls: ssl.SSLContext
    seen: list[Seen] = field(default_factory=list)
    connections: int = 0
    gates: defaultdict[str, threading.Event] = field(default_factory=lambda: defaultdict(threading.Event))

    def start(self) -> None:
        started = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, args=(started,), daemon=True)
        self._thread.start()
        assert started.wait(GATE_SECONDS)

    def stop(self) -> None:
        for gate in list(self.gates.values()):
            gate.set()
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(GATE_SECONDS)

    def count(self, target: str) -> int:
        return sum(1 for item in self.seen if item.target.split("?")[0] == target)

    def _run(self, started: threading.Event) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._main(started))

    async def _main(self, started: threading.Event) -> None:
        self._stopping = asyncio.Event()
        secure = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self.tls)
        plain = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.https_port = secure.sockets[0].getsockname()[1]
        self.http_port = plain.sockets[0].getsockname()[1]
        started.set()
        await self._stopping.wait()
        secure.close()
        plain.close()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        session = writer.get_extra_info("ssl_object")
        try:
            if session is not None and session.selected_alpn_protocol() == "h2":
                await Http2Service(self, reader, writer).run()
            else:
                await Http1Service(self, reader, writer).run()
        except (ConnectionError, ssl.SSLError, h11.RemoteProtocolError):
            pass
        finally:
            writer.close()

    async def gate(self, name: str) -> None:
        """Wait until a test opens a gate."""
        await asyncio.get_running_loop().run_in_executor(None, self.gates[name].wait, GATE_SECONDS)


class Http1Service:
    """One connection, read and written by h11."""

    def __init__(self, end: FarEnd, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.end = end
        self.reader = reader
        self.writer = writer
        self.state = h11.Connection(h11.SERVER, max_incomplete_event_size=1 << 20)

    async def run(self) -> None:
        while True:
            event = await self.next_event()
            if not isinstance(event, h11.Request):
                return
            headers = {name.decode().lower(): value.decode() for name, value in event.headers}
            seen = Seen(event.method.decode(), event.target.decode(), headers)
            self.method = seen.method
            self.end.seen.append(seen)
            if headers.get("upgrade") == "websocket":
                await self.websocket(event)
                return
            route = ROUTES.get(seen.target.split("?")[0].strip("/").split("/")[0], answer_echo)
            if route is not answer_early:
                await self.read_body(seen)
            await route(self, seen)
            if self.state.our_state is not h11.DONE or self.state.their_state is not h11.DONE:
                return
            self.state.start_next_cycle()

    async def read_body(self, seen: Seen) -> None:
        if self.state.they_are_waiting_for_100_continue:
            await self.send(h11.InformationalResponse(status_code=100, headers=[]))
        parts = []
        while isinstance(event := await self.next_event(), h11.Data):
            parts.append(bytes(event.data))
        seen.body = b"".join(parts)

    async def next_event(self) -> object:
        while (event := self.state.next_event()) is h11.NEED_DATA:
            self.state.receive_data(await self.reader.read(65536))
        return event

    async def send(self, *events: h11.Event) -> None:
        for event in events:
            data = self.state.send(event)
            if data:
                self.writer.write(data)
        await self.writer.drain()

    async def answer(self, body: bytes, headers: Headers | None = None, status: int = 200) -> None:
        every = [("Content-Length", str(len(body))), *(headers or [])]
        content = [] if self.method == "HEAD" else [h11.Data(data=body)]
        await self.send(h11.Response(status_code=status, headers=every), *content, h11.EndOfMessage())

    async def websocket(self, request: h11.Request) -> None:
        """Answer each message with one that says the same, as text or bytes."""
        service = WSConnection(ConnectionType.SERVER)
        lines = [b"%s: %s" % (name, value) for name, value in request.headers]
        service.receive_data(b"\r\n".join([b"GET %s HTTP/1.1" % request.target, *lines, b"", b""]))
        while True:
            for event in service.events():
                if isinstance(event, Request):
                    accept = AcceptConnection(extensions=[PerMessageDeflate()])
                    self.writer.write(service.send(accept))
                    self.writer.write(service.send(Ping(payload=b"are you there")))
                elif isinstance(event, TextMessage):
                    self.writer.write(service.send(TextMessage(data=f"heard: {event.data}")))
                elif isinstance(event, BytesMessage):
                    self.writer.write(service.send(BytesMessage(data=bytes(event.data)[::-1])))
                elif isinstance(event, CloseConnection):
                    self.writer.write(service.send(event.response()))
                    return
            data = await self.reader.read(65536)
            if not data:
                return
            service.receive_data(data)


async def answer_echo(service: Http1Service, seen: Seen) -> None:
    body = json.dumps(
        {"target": seen.target, "got": len(seen.body), "authorization": seen.headers.get("authorization")}
    )
    await service.answer(body.encode(), [("Content-Type", "application/json")])


async def answer_events(service: Http1Service, seen: Seen) -> None:
    """Server-sent events; the second is sent only after somebody has seen the first."""
    headers = [("Content-Type", "text/event-stream"), ("Transfer-Encoding", "chunked")]
    await service.send(h11.Response(status_code=200, headers=headers), h11.Data(data=b"data: one\n\n"))
    await service.end.gate("events")
    await service.send(h11.Data(data=b"data: two\n\n"), h11.EndOfMessage(headers=[("X-Tokens", "2")]))


async def answer_gzip(service: Http1Service, seen: Seen) -> None:
    body = gzip.compress(b"squeezed " * 100 + seen.body)
    await service.answer(body, [("Content-Encoding", "gzip")])


async def answer_broken(service: Http1Service, seen: Seen) -> None:
    service.writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nonly this")
    await service.writer.drain()
    service.writer.transport.abort() if seen.target.endswith("reset") else service.writer.close()
    raise ConnectionError


async def answer_until_close(service: Http1Service, seen: Seen) -> None:
    service.writer.write(b"HTTP/1.1 200 OK\r\n\r\nuntil the end")
    await service.writer.drain()
    raise ConnectionError


async def answer_empty(service: Http1Service, seen: Seen) -> None:
    await service.send(h11.Response(status_code=204, headers=[]), h11.EndOfMessage())


async def answer_early(service: Http1Service, seen: Seen) -> None:
    """Refuse before the body was read."""
    await service.answer(b"no", [("Connection", "close")], 413)


async def answer_gated(service: Http1Service, seen: Seen) -> None:
    await service.end.gate(seen.target.strip("/").split("/")[1])
    await service.answer(b"released")


async def answer_large(service: Http1Service, seen: Seen) -> None:
    await service.answer(b"0123456789abcdef" * (int(seen.target.strip("/").split("/")[1]) // 16))


async def answer_secret(service: Http1Service, seen: Seen) -> None:
    """Say the credential back, plain and compressed: what careless servers do."""
    said = f"you are {seen.headers.get('authorization')} at {seen.target}".encode()
    if "gzip" in seen.target:
        await service.answer(gzip.compress(said), [("Content-Encoding", "gzip")])
    else:
        await service.answer(said, [("Set-Cookie", "session=very-private-cookie"), ("X-Said", said.decode())])


ROUTES: dict[str, Callable[[Http1Service, Seen], Awaitable[None]]] = {
    "events": answer_events,
    "gzip": answer_gzip,
    "broken": answer_broken,
    "until-close": answer_until_close,
    "empty": answer_empty,
    "early": answer_early,
    "gated": answer_gated,
    "large": answer_large,
    "secret": answer_secret,
}


class Http2Service:
    """One connection, read and written by h2; each stream is answered in a task of its own."""

    def __init__(self, end: FarEnd, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.end = end
        self.reader = reader
        self.writer = writer
        self.state = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
        self.open: dict[int, Seen] = {}
        self.window = asyncio.Event()
        self.tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        self.state.initiate_connection()
        self.writer.write(self.state.data_to_send())
        while data := await self.reader.read(65536):
            for event in self.state.receive_data(data):
                self.take(event)
            self.writer.write(self.state.data_to_send())
            await self.writer.drain()

    def take(self, event: object) -> None:
        if isinstance(event, h2.events.RequestReceived):
            headers = {name.decode(): value.decode() for name, value in event.headers}
            seen = Seen(headers[":method"], headers[":path"], headers)
            self.end.seen.append(seen)
            self.open[event.stream_id] = seen
        elif isinstance(event, h2.events.DataReceived):
            self.open[event.stream_id].body += event.data
            self.state.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif isinstance(event, h2.events.StreamEnded):
            task = asyncio.get_running_loop().create_task(self.answer(event.stream_id))
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)
        elif isinstance(event, h2.events.WindowUpdated):
            self.window.set()

    async def answer(self, stream: int) -> None:
        seen = self.open[stream]
        if seen.target.startswith("/gated/"):
            await self.end.gate(seen.target.split("/")[2])
        if seen.target.startswith("/reset"):
            self.state.reset_stream(stream, 2)
            self.writer.write(self.state.data_to_send())
            return
        body = json.dumps(
            {"target": seen.target, "got": len(seen.body), "auth": seen.headers.get("authorization")}
        ).encode()
        if seen.target.startswith("/large/"):
            body = b"0123456789abcdef" * (int(seen.target.split("/")[2]) // 16)
        trailers = [("grpc-status", "0"), ("grpc-message", "fine")] if seen.target.startswith("/grpc") else []
        self.state.send_headers(stream, [(":status", "200"), ("content-type", "application/json")])
        await self.send_body(stream, body, end=not trailers)
        if trailers:
            self.state.send_headers(stream, trailers, end_stream=True)
        self.writer.write(self.state.data_to_send())

    async def send_body(self, stream: int, body: bytes, *, end: bool) -> None:
        while True:
            room = min(self.state.local_flow_control_window(stream), self.state.max_outbound_frame_size)
            if room <= 0:
                self.window.clear()
                await self.window.wait()
                continue
            piece, body = body[:room], body[room:]
            self.state.send_data(stream, piece, end_stream=end and not body)
            self.writer.write(self.state.data_to_send())
            if not body:
                return
