"""Fetching a page with httpx: conditional, limited in size and time, and never from inside the operator's network.

The name is resolved here, every address it has is checked, and the connection goes to a checked address: a name that
resolves otherwise a moment later leads nowhere else. Each redirect is checked anew, and told.
"""

import socket
import ssl
import time
import typing
import zlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self
from urllib.parse import urljoin

import httpcore
import httpx

from compliance.sources.addresses import ForbiddenAddress, checked_url, is_public
from compliance.sources.captures import LARGEST_FILE

AGENT: Final = "Clausetrail"
USER_AGENT: Final = f"{AGENT}/0.1 (watches published terms of service; asks once a day)"
PATIENCE: Final = 60.0
"""Seconds for one page with all its redirects."""
READ_PATIENCE: Final = 15.0
MOST_REDIRECTS: Final = 6
LONGEST_URL: Final = 2_000
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})


@dataclass(frozen=True)
class Hop:
    """One address on the way, and the status with which it answered."""

    url: str
    status: int


@dataclass(frozen=True)
class Fetched:
    """What a source answered. `unchanged`: 304, no content. `way`: the addresses it went through, the answering one last."""

    way: tuple[Hop, ...]
    content: bytes = b""
    media_type: str = ""
    etag: str = ""
    last_modified: str = ""

    @property
    def status(self) -> int:
        return self.way[-1].status

    @property
    def unchanged(self) -> bool:
        return self.status == 304


@dataclass(eq=False)
class FetchProblem(RuntimeError):
    """A page can't be had: why, in words; the way so far; and, if the server says so, the seconds until it may be asked again."""

    reason: str
    way: tuple[Hop, ...] = ()
    wait: int = 0

    def __str__(self) -> str:
        return self.reason


Permit = Callable[[str], str]
"""Asked for each address before it is fetched: why it may not be, or ""."""


def _permit_all(url: str) -> str:
    return ""


@dataclass
class Fetcher:
    """Fetches pages. `allowed`: places such as "127.0.0.1:8080" inside the network that an operator allows by name."""

    allowed: Collection[str] = ()
    patience: float = PATIENCE
    largest: int = LARGEST_FILE
    _backend: "_PinnedBackend" = field(init=False)
    _client: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        self._backend = _PinnedBackend(frozenset(self.allowed))
        self._client = httpx.Client(
            transport=_Transport(self._backend),
            timeout=READ_PATIENCE,
            follow_redirects=False,
            trust_env=False,
            headers={"User-Agent": USER_AGENT, "Accept-Encoding": "gzip", "Accept-Language": "en"},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *problem: object) -> None:
        self._client.close()

    def get(self, url: str, *, etag: str = "", last_modified: str = "", permit: Permit = _permit_all) -> Fetched:
        """The page at `url`, by way of its redirects. Raises FetchProblem."""
        self._backend.deadline = time.monotonic() + self.patience
        way: tuple[Hop, ...] = ()
        for _ in range(MOST_REDIRECTS):
            headers = {"Accept": "text/html, application/pdf, text/markdown, text/plain;q=0.9, */*;q=0.1"}
            headers |= {"If-None-Match": etag} if etag else {}
            headers |= {"If-Modified-Since": last_modified} if last_modified else {}
            answer = self._ask(url, headers, way, permit)
            if isinstance(answer, Fetched):
                return answer
            way, url = answer
            etag = last_modified = ""  # they belong to the address that gave them
        raise FetchProblem(f"more than {MOST_REDIRECTS - 1} redirects", way)

    def _ask(
        self, url: str, headers: Mapping[str, str], way: tuple[Hop, ...], permit: Permit
    ) -> Fetched | tuple[tuple[Hop, ...], str]:
        """One request: what it answered, or the way so far and the address it sends to."""
        try:
            refused = permit(checked_url(url, self.allowed))
            if refused:
                raise FetchProblem(refused, way)
            with self._client.stream("GET", url, headers=headers) as response:
                way = (*way, Hop(url, response.status_code))
                if response.status_code in _REDIRECTS:
                    return way, _target(url, response)
                return self._answer(response, way)
        except FetchProblem as problem:
            raise FetchProblem(problem.reason, problem.way or way, problem.wait) from problem
        except ForbiddenAddress as problem:
            raise FetchProblem(str(problem), way) from problem
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, ssl.SSLError, OSError, ValueError) as problem:
            raise FetchProblem(_said(problem, self.patience), way) from problem

    def _answer(self, response: httpx.Response, way: tuple[Hop, ...]) -> Fetched:
        kept = {"etag": response.headers.get("etag", "")[:500]}
        kept["last_modified"] = response.headers.get("last-modified", "")[:100]
        if response.status_code == 304:
            return Fetched(way, **kept)
        if response.status_code != 200:
            raise FetchProblem(_status(response), way, _wait(response))
        content = b"".join(self._content(response))
        return Fetched(way, content, response.headers.get("content-type", "")[:200], **kept)

    def _content(self, response: httpx.Response) -> Iterator[bytes]:
        """The content, unpacked piece by piece: a few bytes that unpack to gigabytes are given up early."""
        packed = response.headers.get("content-encoding", "").strip().casefold()
        if packed not in ("", "identity", "gzip"):
            raise FetchProblem(f"packed as {packed[:40]!r}, which was not asked for")
        unpack = zlib.decompressobj(31) if packed == "gzip" else None
        had = 0
        for piece in response.iter_raw():
            while piece:
                some = unpack.decompress(piece, self.largest + 1 - had) if unpack else piece
                piece = unpack.unconsumed_tail if unpack else b""
                had += len(some)
                if had > self.largest:
                    raise FetchProblem(f"larger than {self.largest // 1024**2} MB, no terms are")
                yield some
        if unpack is not None and had and not unpack.eof:
            raise FetchProblem("the answer breaks off in the middle")


def _target(url: str, response: httpx.Response) -> str:
    place = response.headers.get("location", "")
    if not place or len(place) > LONGEST_URL:
        raise FetchProblem(f"status {response.status_code} leads nowhere")
    return urljoin(url, place).partition("#")[0]


def _status(response: httpx.Response) -> str:
    words = f"{response.status_code} {response.reason_phrase}".strip()
    return f"the server answers {''.join(letter for letter in words if letter.isprintable())[:80]}"


def _wait(response: httpx.Response) -> int:
    seconds = response.headers.get("retry-after", "")
    return min(int(seconds), 7 * 86_400) if seconds.isascii() and seconds.isdigit() and len(seconds) < 9 else 0


def _said(problem: Exception, patience: float) -> str:
    if isinstance(problem, httpx.TimeoutException):
        return f"no answer in time (a page has {patience:.0f} s, a silence {READ_PATIENCE:.0f} s)"
    words = "".join(letter if letter.isprintable() else " " for letter in str(problem))[:300].strip()
    return f"the connection failed: {words or type(problem).__name__}"


class _PinnedBackend(httpcore.NetworkBackend):
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
        raise ForbiddenAddress("sockets of this machine are not fetched from")

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)

    def _left(self, timeout: float | None) -> float:
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout("the time for this page is over")
        return min(left, timeout or READ_PATIENCE)


class _TimedStream(httpcore.NetworkStream):
    """A connection whose every wait ends with the page's deadline: a server that drips is not waited for."""

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


class _Transport(httpx.BaseTransport):
    """httpx on a pool of httpcore's with our own way of connecting, which httpx's transport does not take."""

    def __init__(self, backend: httpcore.NetworkBackend) -> None:
        self._pool = httpcore.ConnectionPool(
            ssl_context=ssl.create_default_context(), network_backend=backend, max_keepalive_connections=0
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        target = httpcore.URL(
            scheme=request.url.raw_scheme,
            host=request.url.raw_host,
            port=request.url.port,
            target=request.url.raw_path,
        )
        asked = httpcore.Request(
            request.method, target, headers=request.headers.raw, extensions=dict(request.extensions)
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
