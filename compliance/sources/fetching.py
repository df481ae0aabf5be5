"""Fetching a page with httpx: conditional, limited in size and time, and never from inside the operator's network.

Connections go to checked addresses alone (compliance.sources.pinned). Each redirect is checked anew, and told.
"""

import ssl
import time
import zlib
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Self
from urllib.parse import urljoin

import httpx

from compliance.sources.addresses import ForbiddenAddress, checked_url
from compliance.sources.captures import LARGEST_FILE
from compliance.sources.pinned import SILENCE, PinnedBackend, PinnedTransport

AGENT: Final = "Clausetrail"
USER_AGENT: Final = f"{AGENT}/0.1 (watches published terms of service; asks once a day)"
PATIENCE: Final = 60.0
"""Seconds for one page with all its redirects."""
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
    _backend: PinnedBackend = field(init=False)
    _client: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        self._backend = PinnedBackend(frozenset(self.allowed))
        self._client = httpx.Client(
            transport=PinnedTransport(self._backend),
            timeout=SILENCE,
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
            whose = "whoever runs the installation may allow a place by name (WATCH_ALLOWED)"
            raise FetchProblem(f"{problem}; {whose}", way) from problem
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
        return f"no answer in time (a page has {patience:.0f} s, a silence {SILENCE:.0f} s)"
    words = "".join(letter if letter.isprintable() else " " for letter in str(problem))[:300].strip()
    return f"the connection failed: {words or type(problem).__name__}"
