"""What the far end heard and said, in its own words: nothing here knows the recorder."""

from __future__ import annotations

import gzip
import hashlib
import re
import zlib
from dataclasses import dataclass, field
from urllib.parse import unquote_plus

import brotli
import zstandard

# Each call of a client carries "matrix:CLIENT:CASE;" in its body or its target, so that both logs can be sorted.
LABEL = re.compile(rb"matrix:([A-Za-z0-9 ._/()+-]+):([A-Za-z0-9 ,._/()+-]+);")
SEARCHED = 1 << 20
Label = tuple[str, str]
# (model, input tokens, output tokens) of one answer
Numbers = tuple[str | None, int | None, int | None]
NO_LABEL: Label = ("", "")


@dataclass
class Heard:
    """One request as it arrived and its answer as it left; bodies as on the wire, transfer coding removed."""

    protocol: str
    host: str
    method: str
    target: str
    headers: dict[str, str]
    body: bytes = b""
    request_size: int = 0
    request_hash: str = ""
    status: int | None = None
    response_size: int = 0
    response_hash: str = ""
    numbers: list[Numbers] = field(default_factory=list)
    messages: list[tuple[str, str]] = field(default_factory=list)

    @property
    def label(self) -> Label:
        """Whose call this is."""
        return label_of(self.target, decoded(self.body, self.headers.get("content-encoding")))


class Tally:
    """Counts and hashes a body while it passes; keeps its beginning."""

    def __init__(self) -> None:
        self.size = 0
        self.first = b""
        self._hash = hashlib.sha256()

    def add(self, data: bytes) -> None:
        self.size += len(data)
        self._hash.update(data)
        if len(self.first) < SEARCHED:
            self.first += data[: SEARCHED - len(self.first)]

    @property
    def digest(self) -> str:
        return self._hash.hexdigest() if self.size else ""


def label_of(target: str, body: bytes) -> Label:
    """(client, case) of a request; two empty words when it carries none."""
    found = LABEL.search(body[:SEARCHED]) or LABEL.search(unquote_plus(target).encode())
    return (found[1].decode(), found[2].decode()) if found else NO_LABEL


def decoded(body: bytes, encoding: str | None) -> bytes:
    """A request's body without its content coding."""
    if encoding == "gzip":
        return gzip.decompress(body)
    if encoding == "deflate":
        return zlib.decompress(body)
    if encoding == "br":
        return bytes(brotli.decompress(body))
    return zstandard.ZstdDecompressor().decompressobj().decompress(body) if encoding == "zstd" else body


def encoded(body: bytes, encoding: str) -> bytes:
    """A response's body in a content coding; unknown names leave it as it is."""
    if encoding == "gzip":
        return gzip.compress(body)
    if encoding == "deflate":
        return zlib.compress(body)
    if encoding == "br":
        return bytes(brotli.compress(body))
    return zstandard.ZstdCompressor().compress(body) if encoding == "zstd" else body
