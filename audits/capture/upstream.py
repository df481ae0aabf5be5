"""The way out: where a host's traffic goes, and connections to there.

Names are resolved here, outside the sandbox, and the address that was checked is the address that is dialled: a name
that resolves to the recorder's own machine or network is refused unless the configuration lists it.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
import time
from collections import defaultdict
from dataclasses import dataclass
from urllib.parse import urlsplit

from audits.capture.config import RecorderConfig
from audits.capture.streams import Stream

H2, H1 = "h2", "http/1.1"
MOST_PARKED = 32


class UpstreamError(Exception):
    """The far end cannot be reached; reason is a code for the record, str() the detail."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


@dataclass(frozen=True)
class Route:
    """Where requests for a host go. `url` is the stand-in's address, None when the real host is meant."""

    host: str
    port: int
    scheme: str
    dial_host: str
    dial_port: int
    url: str | None

    @property
    def simulated(self) -> bool:
        """Whether something stands in for the real host."""
        return self.url is not None


@dataclass
class Upstream:
    """An open connection to the far end."""

    stream: Stream
    route: Route
    protocol: str | None
    address: str
    asked: tuple[str, ...]
    parked_at: float = 0.0


class Upstreams:
    """Makes connections, and keeps idle ones for a moment so that a client without keep-alive need not pay twice."""

    def __init__(self, config: RecorderConfig) -> None:
        self._config = config
        self._contexts: dict[tuple[str, ...], ssl.SSLContext] = {}
        self._parked: defaultdict[tuple[Route, tuple[str, ...]], list[Upstream]] = defaultdict(list)

    def route(self, host: str, port: int, scheme: str) -> Route:
        """Where a request for scheme://host:port goes."""
        url = self._config.upstream_for(host)
        if url is None:
            return Route(host, port, scheme, host, port, None)
        parts = urlsplit(url)
        default = 443 if parts.scheme == "https" else 80
        return Route(host, port, parts.scheme, parts.hostname or "", parts.port or default, url)

    async def connect(self, route: Route, protocols: tuple[str, ...]) -> Upstream:
        """A connection that speaks one of `protocols` (ALPN) where TLS is spoken. Raises UpstreamError."""
        if self._config.recording is not None:
            raise UpstreamError("replay", f"{route.host} is not asked: this is a replay, without network")
        parked = self._take(route, protocols)
        if parked is not None:
            return parked
        try:
            async with asyncio.timeout(self._config.limits.connect_seconds):
                return await self._open(route, protocols)
        except TimeoutError as error:
            raise UpstreamError("upstream_unreachable", f"{route.dial_host} did not answer in time") from error

    def park(self, upstream: Upstream) -> None:
        """Keep an idle connection for the next client that asks for the same."""
        waiting = self._parked[upstream.route, upstream.asked]
        if upstream.stream.lost or upstream.stream.pending or len(waiting) >= MOST_PARKED:
            upstream.stream.close()
            return
        upstream.parked_at = time.monotonic()
        upstream.stream.on_lost = None
        waiting.append(upstream)

    def close_stale(self) -> None:
        """Close connections nobody came for; called every few seconds."""
        oldest = time.monotonic() - self._config.limits.park_seconds
        for key in list(self._parked):
            kept = [item for item in self._parked[key] if not item.stream.lost and item.parked_at > oldest]
            for item in self._parked[key]:
                if item not in kept:
                    item.stream.close()
            if kept:
                self._parked[key] = kept
            else:
                del self._parked[key]

    def _take(self, route: Route, protocols: tuple[str, ...]) -> Upstream | None:
        waiting = self._parked.get((route, protocols), [])
        oldest = time.monotonic() - self._config.limits.park_seconds
        while waiting:
            upstream = waiting.pop()
            stream = upstream.stream
            if not stream.eof and not stream.pending and upstream.parked_at > oldest:
                return upstream
            stream.close()
        return None

    async def _open(self, route: Route, protocols: tuple[str, ...]) -> Upstream:
        addresses = await self.addresses(route)
        failure: Exception | None = None
        for address in addresses:
            try:
                return await self._dial(route, address, protocols)
            except ssl.SSLCertVerificationError as error:
                raise UpstreamError("upstream_untrusted", f"{route.dial_host}: {error.verify_message}") from error
            except ssl.SSLError as error:
                raise UpstreamError("upstream_tls", f"{route.dial_host}: {error.reason or error}") from error
            except OSError as error:
                failure = error
        raise UpstreamError("upstream_unreachable", f"{route.dial_host}:{route.dial_port}: {failure}")

    async def addresses(self, route: Route) -> list[str]:
        """The addresses that may be dialled for a route, in the resolver's order. Raises UpstreamError."""
        loop = asyncio.get_running_loop()
        try:
            found = await loop.getaddrinfo(route.dial_host, route.dial_port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise UpstreamError("upstream_unresolved", f"{route.dial_host} cannot be resolved: {error}") from error
        addresses = list(dict.fromkeys(str(item[4][0]) for item in found))
        if route.simulated or self._config.may_be_private(route.host):
            return addresses
        public = [address for address in addresses if is_public(address)]
        if not public:
            raise UpstreamError("private_address", f"{route.host} resolves to {addresses[0]}, which is not public")
        return public

    async def _dial(self, route: Route, address: str, protocols: tuple[str, ...]) -> Upstream:
        loop = asyncio.get_running_loop()
        secure = route.scheme == "https"
        transport, stream = await loop.create_connection(
            lambda: Stream(secure=secure),
            address,
            route.dial_port,
            ssl=self._context(protocols) if secure else None,
            server_hostname=route.dial_host if secure else None,
        )
        session = transport.get_extra_info("ssl_object")
        return Upstream(stream, route, session.selected_alpn_protocol() if session else None, address, protocols)

    def _context(self, protocols: tuple[str, ...]) -> ssl.SSLContext:
        context = self._contexts.get(protocols)
        if context is None:
            # Honours SSL_CERT_FILE and SSL_CERT_DIR.
            context = self._contexts[protocols] = ssl.create_default_context()
            if protocols:
                context.set_alpn_protocols(list(protocols))
        return context


def is_public(address: str) -> bool:
    """Whether an address lies outside every private, local and special range, also when wrapped in an IPv6 one."""
    parsed = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(parsed, ipaddress.IPv6Address):
        inner = parsed.ipv4_mapped or parsed.sixtofour or _nat64(parsed)
        if inner is not None:
            return inner.is_global
    return parsed.is_global and not parsed.is_multicast


def _nat64(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    if address in ipaddress.IPv6Network("64:ff9b::/96"):
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return None
