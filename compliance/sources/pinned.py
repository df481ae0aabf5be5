"""Connections of httpx to addresses that were checked, and to nothing else; with one deadline over all of a request.

The name is resolved here, every address it has is checked, and the connection goes to a checked address: a name that resolves
otherwise a moment later leads nowhere else. What is fetched and what is told (see audits.procedures.delivering) go out this way.
"""

import socket
import ssl
import time
import typing
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

import httpcore
import httpx

from compliance.sources.addresses import ForbiddenAddress, is_public

SILENCE: Final = 15.0
"""Seconds without a byte after which a connection is given up."""


class PinnedBackend(httpcore.NetworkBackend):
    """Connects to addresses that were checked, and to nothing else. TLS still asks for the name."""

    def __init__(self, allowed: frozenset[str]) -> None:
        self._inner = httpcore.SyncBackend()
        self._allowed = allowed
        self.deadline = 0.0

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        problem: Exception | None = None
        for address in self._addresses(host, port):
            try:
                stream = self._inner.connect_tcp(address, port, self._left(timeout), local_address, socket_options)
                return _TimedStream(stream, self._left)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as failed:
                problem = failed
        raise problem or httpcore.ConnectError(f"{host} has no address")

    def _addresses(self, host: str, port: int) -> list[str]:
        """All addresses of a name. One that is not public refuses the whole name: it is somebody's trick or an inner name."""
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as problem:
            raise httpcore.ConnectError(f"{host} can't be resolved") from problem
        addresses = list(dict.fromkeys(str(place[4][0]) for place in found))
        for address in addresses:
            if not is_public(address) and f"{address}:{port}" not in self._allowed:
                raise ForbiddenAddress(
                    f"{host} leads to {address}, which lies inside a network of our own or is special"
                )
        return addresses[:4]

    def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore.NetworkStream:
        raise ForbiddenAddress("sockets of this machine are not asked")

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)

    def _left(self, timeout: float | None) -> float:
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout("the time for this request is over")
        return min(left, timeout or SILENCE)


class _TimedStream(httpcore.NetworkStream):
    """A connection whose every wait ends with the request's deadline: a server that drips is not waited for."""

    def __init__(self, inner: httpcore.NetworkStream, left: Callable[[float | None], float]) -> None:
        self._inner, self._left = inner, left

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, self._left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, self._left(timeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return _TimedStream(self._inner.start_tls(ssl_context, server_hostname, self._left(timeout)), self._left)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


class _Body(httpx.SyncByteStream):
    def __init__(self, inner: Iterable[bytes]) -> None:
        self._inner = inner

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self._inner
        except httpcore.TimeoutException as problem:
            raise httpx.ReadTimeout(str(problem)) from problem
        except (httpcore.NetworkError, httpcore.ProtocolError) as problem:
            raise httpx.ReadError(str(problem)) from problem

    def close(self) -> None:
        close = getattr(self._inner, "close", None)
        if close is not None:
            close()


class PinnedTransport(httpx.BaseTransport):
    """httpx on a pool of httpcore's with our own way of connecting, which httpx's transport does not take."""

    def __init__(self, backend: httpcore.NetworkBackend, context: ssl.SSLContext | None = None) -> None:
        self._pool = httpcore.ConnectionPool(
            ssl_context=context or ssl.create_default_context(), network_backend=backend, max_keepalive_connections=0
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        target = httpcore.URL(
            scheme=request.url.raw_scheme,
            host=request.url.raw_host,
            port=request.url.port,
            target=request.url.raw_path,
        )
        asked = httpcore.Request(
            request.method,
            target,
            headers=request.headers.raw,
            content=typing.cast("Iterable[bytes]", request.stream),
            extensions=dict(request.extensions),
        )
        try:
            answer = self._pool.handle_request(asked)
        except httpcore.TimeoutException as problem:
            raise httpx.ReadTimeout(str(problem)) from problem
        except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.UnsupportedProtocol) as problem:
            raise httpx.ConnectError(str(problem)) from problem
        body = _Body(typing.cast("Iterable[bytes]", answer.stream))
        return httpx.Response(answer.status, headers=answer.headers, stream=body, extensions=answer.extensions)

    def close(self) -> None:
        self._pool.close()
