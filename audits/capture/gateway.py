"""Each TCP connection's way from the listening socket to the relay that serves it, or to its refusal."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from dataclasses import replace

from audits.capture import hello as opening
from audits.capture.addresses import is_synthetic, normal_name
from audits.capture.answers import own_answer
from audits.capture.authority import Authority
from audits.capture.datagrams import Resolver
from audits.capture.hello import ClientHello, MalformedHello
from audits.capture.http1 import HEAD_END, LARGEST_HEAD, Malformed, parse_request_head
from audits.capture.relay_http1 import Http1Relay
from audits.capture.relay_http2 import Http2Relay
from audits.capture.relay_translated import TranslatingRelay
from audits.capture.session import Arrival, Hop, Session
from audits.capture.sockets import original_destination, peek, reset, send_all
from audits.capture.splice import Splice
from audits.capture.streams import Stream
from audits.capture.upstream import H1, H2, Upstream, UpstreamError

DNS_PORT = 53
_ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"
_HANDSHAKE_SECONDS = 30.0


class Refused(Exception):
    """A connection that is not passed on. protocol and reason are codes for the record."""

    def __init__(self, protocol: str, reason: str, host: str | None, detail: str = "") -> None:
        super().__init__(detail)
        self.protocol = protocol
        self.reason = reason
        self.host = host


class Gateway:
    """Takes accepted sockets of both kinds of listener."""

    def __init__(self, session: Session, resolver: Resolver) -> None:
        self._session = session
        self._resolver = resolver
        self._authority: Authority = session.authority

    async def serve(self, connection: socket.socket, *, proxy: bool) -> None:
        """Serve one connection to its end; never raises for what the peer does."""
        arrival = Arrival(None, 0, None, proxy) if proxy else self._arrival(connection)
        try:
            await self._serve(connection, arrival)
        except Refused as refusal:
            self._session.refused(
                refusal.protocol, refusal.reason, host=refusal.host, arrival=arrival, detail=str(refusal)
            )
            reset(connection)
        except OSError as error:
            # The peer reset the connection before it had said enough to be served.
            self._session.event("connection_lost", host=arrival.named, address=arrival.address, detail=str(error))
            connection.close()
        except Exception as error:
            # A fault of ours must not pass for a connection that never was.
            self._session.gap(
                "recorder_fault", host=arrival.named, arrival=arrival, detail=f"{type(error).__name__}: {error}"
            )
            reset(connection)
            raise

    def _arrival(self, connection: socket.socket) -> Arrival:
        destination = original_destination(connection)
        if destination is None or destination == connection.getsockname()[:2]:
            return Arrival(None, 0, None)
        address, port = destination
        return Arrival(address, port, self._session.addresses.name_of(address))

    async def _serve(self, connection: socket.socket, arrival: Arrival) -> None:
        if arrival.port == DNS_PORT:
            await self._resolver.serve_stream(connection)
            return
        kind, first = await self._opening(connection, arrival)
        if kind == "http" and first.startswith(b"CONNECT "):
            arrival = await self._tunnel_target(connection, arrival)
            kind, first = await self._opening(connection, arrival)
        if kind == "tls":
            await self._serve_tls(connection, arrival)
        elif kind == "http":
            stream = await self._stream(connection)
            await Http1Relay(self._session, stream, arrival).run()
        elif kind == "h2c":
            await self._serve_h2c(connection, arrival)

    # First bytes

    async def _opening(self, connection: socket.socket, arrival: Arrival) -> tuple[opening.Opening, bytes]:
        """What the connection speaks. Raises Refused when that is nothing we can pass on."""
        limit = self._session.config.limits.first_bytes_seconds
        first = b""
        try:
            async with asyncio.timeout(limit):
                while True:
                    least = len(first) + 1
                    first = await peek(connection, least)
                    kind = opening.classify(first)
                    if kind not in ("incomplete", "unknown"):
                        return kind, first
                    if kind == "unknown":
                        raise Refused("unknown", "unknown_protocol", arrival.named, f"begins with {first[:16]!r}")
                    if len(first) < least:
                        self._said_too_little(connection, arrival, first)
                        return kind, first
        except TimeoutError as error:
            detail = f"nothing came for {limit:g} s: perhaps a protocol in which the server speaks first"
            raise Refused("unknown", "unknown_protocol", arrival.named, detail) from error

    def _said_too_little(self, connection: socket.socket, arrival: Arrival, first: bytes) -> None:
        """The peer closed before it said what it wants: a spare connection of its own, a probe, or it gave up waiting.

        Raises Refused when it had dialled an address that no name was given for: nothing else would tell of that.
        """
        detail = f"closed after {len(first)} bytes: a probe, or a protocol in which the server speaks first"
        if arrival.address is not None and arrival.named is None:
            raise Refused("unknown", "unknown_protocol", None, detail)
        self._session.event("connection_lost", host=arrival.named, address=arrival.address, detail=detail)
        connection.close()

    async def _tunnel_target(self, connection: socket.socket, arrival: Arrival) -> Arrival:
        """Answer a CONNECT request (RFC 9110, 9.3.6) and say where it wants to go."""
        raw = await self._connect_head(connection)
        try:
            target = parse_request_head(raw).start[1].decode("latin-1")
            host, colon, port = target.rpartition(":")
            number = int(port) if colon and port.isdigit() else 0
            if not host or not 0 < number < 65536:
                raise Malformed(f"CONNECT {target[:200]!r} names no host and port")
        except Malformed as error:
            await send_all(connection, own_answer(400, str(error)))
            raise Refused("http", "request_malformed", None, str(error)) from error
        name = normal_name(host.strip("[]"))
        arrival = replace(arrival, port=number, named=name, proxy=True)
        if self._session.refusal(name) == "policy" and arrival.address is None:
            await send_all(connection, own_answer(403, f"{name} may not be talked to in this phase"))
            raise Refused("connect", "policy", name, f"CONNECT {target[:200]}")
        await send_all(connection, _ESTABLISHED)
        return arrival

    async def _connect_head(self, connection: socket.socket) -> bytes:
        first = b""
        while HEAD_END not in first:
            least = len(first) + 1
            first = await peek(connection, least)
            if len(first) < least or len(first) > LARGEST_HEAD:
                raise Refused("http", "request_malformed", None, "the CONNECT request is not complete")
        # Take it off the socket; what follows belongs to the tunnel.
        return connection.recv(first.index(HEAD_END) + 4)

    async def _hello(self, connection: socket.socket, arrival: Arrival) -> ClientHello:
        first = b""
        try:
            async with asyncio.timeout(self._session.config.limits.first_bytes_seconds):
                while True:
                    least = len(first) + 1
                    first = await peek(connection, least)
                    found = opening.parse_client_hello(first)
                    if found is not None:
                        return found
                    if len(first) < least:
                        raise Refused("tls", "unknown_protocol", arrival.named, "the ClientHello is cut off")
        except MalformedHello as error:
            raise Refused("tls", "unknown_protocol", arrival.named, str(error)) from error
        except TimeoutError as error:
            raise Refused("tls", "unknown_protocol", arrival.named, "the ClientHello does not end") from error

    # TLS

    async def _serve_tls(self, connection: socket.socket, arrival: Arrival) -> None:
        hello = await self._hello(connection, arrival)
        host = hello.server_name or arrival.named or arrival.address
        if host is None:
            raise Refused("tls", "raw_address", None, "the ClientHello names no host")
        if not hello.server_name and is_synthetic(host):
            raise Refused("tls", "raw_address", host, "a synthetic address that was never given to a name")
        reason = self._session.refusal(host)
        if reason is not None:
            raise Refused("tls", reason, host)
        self._session.check_name(host, arrival)
        port = arrival.port or 443
        if self._session.config.policy_for(host) == "splice":
            await self._splice(connection, host, port, arrival)
        else:
            await self._intercept(connection, hello, host, port, arrival)

    async def _splice(self, connection: socket.socket, host: str, port: int, arrival: Arrival) -> None:
        hop = self._session.open_hop(host, port, "https", arrival, policy="splice", server_name=host, protocol=None)
        try:
            # The client's own TLS goes to the upstream: towards it this is a plain stream of bytes.
            route = replace(hop.route, scheme="http")
            upstream = await self._session.upstreams.connect(route, ())
        except UpstreamError as error:
            self._session.close_hop(hop, error=error.reason, error_detail=str(error))
            reset(connection)
            return
        client = await self._stream(connection)
        await Splice(self._session, client, hop, upstream.stream).run()

    async def _intercept(
        self, connection: socket.socket, hello: ClientHello, host: str, port: int, arrival: Arrival
    ) -> None:
        """Learn from the upstream which protocol it chooses, offer the client exactly that, and relay."""
        offered = tuple(name for name in hello.protocols if name in (H2, H1))
        if self._session.gate is not None and H1 in offered:
            offered = (H1,)  # what is looked at first is read whole: over HTTP/1.1 wherever the client speaks it
        facts = {"policy": "intercept", "server_name": hello.server_name, "encrypted_hello": hello.encrypted_hello}
        hop = self._session.open_hop(host, port, "https", arrival, **facts)
        upstream, failure = await self._first_upstream(hop, offered)
        chosen = upstream.protocol if upstream else None
        if chosen is None and offered:
            chosen = H1 if H1 in offered else H2
        client = await self._handshake(connection, hop, chosen, encrypted_hello=hello.encrypted_hello)
        if client is None:
            if upstream is not None:
                self._session.upstreams.park(upstream)
            return
        if chosen == H2 and upstream is not None and upstream.protocol == H2:
            await Http2Relay(self._session, client, hop, upstream).run()
        elif chosen == H2:
            if upstream is not None:
                self._session.upstreams.park(upstream)
            await TranslatingRelay(self._session, client, hop).run()
        else:
            await Http1Relay(self._session, client, arrival, hop=hop, upstream=upstream, failure=failure).run()

    async def _first_upstream(self, hop: Hop, offered: tuple[str, ...]) -> tuple[Upstream | None, UpstreamError | None]:
        gate = self._session.gate
        if gate is not None and not gate.dials(hop.host):
            return None, None  # its requests are answered here, or it is dialled once one was let through
        protocols = offered if hop.route.scheme == "https" else ()
        try:
            return await self._session.upstreams.connect(hop.route, protocols), None
        except UpstreamError as error:
            return None, error

    async def _handshake(
        self, connection: socket.socket, hop: Hop, chosen: str | None, *, encrypted_hello: bool
    ) -> Stream | None:
        """TLS with the client, or None when it will not have our certificate."""
        context = self._authority.context(hop.host.strip("[]"), (chosen,) if chosen else ())
        try:
            return await self._stream(connection, context)
        except (ssl.SSLError, OSError) as error:
            detail = getattr(error, "reason", None) or str(error) or type(error).__name__
            if encrypted_hello:
                detail += "; its hello was encrypted, so it may have meant another host"
            self._session.gap("tls_refused_by_client", host=hop.host, arrival=hop.arrival, detail=detail)
            self._session.close_hop(hop, error="tls_refused_by_client", error_detail=detail)
            return None

    async def _serve_h2c(self, connection: socket.socket, arrival: Arrival) -> None:
        """HTTP/2 in the clear with prior knowledge: the host is the name that was dialled."""
        host = arrival.named or arrival.address
        if host is None:
            raise Refused("http", "raw_address", None, "HTTP/2 in the clear names no host before it begins")
        reason = self._session.refusal(host)
        if reason is not None:
            raise Refused("http", reason, host)
        hop = self._session.open_hop(host, arrival.port or 80, "http", arrival, policy="intercept", server_name=None)
        upstream, failure = await self._first_upstream(hop, (H2,))
        if failure is not None:
            self._session.close_hop(hop, error=failure.reason, error_detail=str(failure))
            reset(connection)
        elif upstream is None:
            await TranslatingRelay(self._session, await self._stream(connection), hop).run()
        else:
            await Http2Relay(self._session, await self._stream(connection), hop, upstream).run()

    async def _stream(self, connection: socket.socket, context: ssl.SSLContext | None = None) -> Stream:
        stream = Stream(secure=context is not None)
        await asyncio.get_running_loop().connect_accepted_socket(
            lambda: stream,
            connection,
            ssl=context,
            ssl_handshake_timeout=_HANDSHAKE_SECONDS if context else None,
        )
        return stream


class Listener:
    """Accepts connections of one listening socket and serves each in a task of its own."""

    def __init__(self, listening: socket.socket, gateway: Gateway, *, proxy: bool) -> None:
        self._socket = listening
        self._gateway = gateway
        self._proxy = proxy
        self._tasks: set[asyncio.Task[None]] = set()
        listening.setblocking(False)
        asyncio.get_running_loop().add_reader(listening, self._accept)

    def close(self) -> None:
        """Accept nothing more."""
        asyncio.get_running_loop().remove_reader(self._socket)
        self._socket.close()

    async def ended(self) -> None:
        """Wait for the connections still being served."""
        if self._tasks:
            await asyncio.wait(self._tasks)

    def _accept(self) -> None:
        with contextlib.suppress(BlockingIOError, ConnectionAbortedError):
            connection, _ = self._socket.accept()
            connection.setblocking(False)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            task = asyncio.get_running_loop().create_task(self._gateway.serve(connection, proxy=self._proxy))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
