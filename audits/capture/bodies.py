"""Bodies on their way into the store: masked, kept in memory while small, compressed to a file as they grow."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from typing import Any

import brotli
import zstandard

from audits.capture.blobs import BlobStore, LargeBlob
from audits.capture.masking import Masker

LARGEST_IN_MEMORY = 256 * 1024
# What a compressed body may grow to when it is read: a bomb ends here, not in the machine's memory.
LARGEST_DECODED = 256 * 1024 * 1024

BodyFacts = dict[str, Any]


class UndecodableBody(ValueError):
    """A content-encoding that is not known, or bytes that are not in it."""


def decode_body(data: bytes, encoding: str | None, *, most: int = LARGEST_DECODED) -> bytes:
    """The body under its content-encoding (gzip, deflate, br, zstd, identity, also stacked with commas).

    Raises UndecodableBody, also when more than `most` bytes come out. A truncated body gives what is readable.
    """
    for name in reversed([part.strip().lower() for part in (encoding or "").split(",") if part.strip()]):
        if name == "identity":
            continue
        parts, size = [], 0
        for part in _decoded([data], name):
            size += len(part)
            if size > most:
                raise UndecodableBody(f"the body decodes to more than {most} bytes")
            parts.append(part)
        data = b"".join(parts)
    return data


def _decoder(name: str) -> Callable[[bytes], bytes]:
    if name in ("gzip", "x-gzip", "deflate"):
        return _Inflate(raw_allowed=name == "deflate").feed
    if name == "br":
        decode: Callable[[bytes], bytes] = brotli.Decompressor().process
        return decode
    if name == "zstd":
        return zstandard.ZstdDecompressor().decompressobj(read_across_frames=True).decompress
    raise UndecodableBody(f"the content-encoding {name!r} is not known")


class _Inflate:
    """gzip (several members too) and deflate, which some servers send without its zlib wrapper."""

    def __init__(self, *, raw_allowed: bool) -> None:
        self._raw_allowed = raw_allowed
        self._inflate = zlib.decompressobj(47)
        self._began = False

    def feed(self, data: bytes) -> bytes:
        parts = []
        while data:
            try:
                parts.append(self._inflate.decompress(data))
            except zlib.error:
                if not self._raw_allowed or self._began:
                    raise
                self._inflate = zlib.decompressobj(-15)
                parts.append(self._inflate.decompress(data))
            self._began = True
            data = self._inflate.unused_data
            if data:
                self._inflate = zlib.decompressobj(47)
        return b"".join(parts)


def _decoded(pieces: list[bytes] | Iterator[bytes], name: str) -> Iterator[bytes]:
    decode = _decoder(name)
    for piece in pieces:
        # Small slices bound what one step can expand to.
        for at in range(0, len(piece), 16384):
            try:
                yield decode(piece[at : at + 16384])
            except (zlib.error, brotli.error, zstandard.ZstdError) as error:
                raise UndecodableBody(f"the body is not {name}: {error}") from error


class BodySink:
    """Takes one body's payload as it comes and stores it masked."""

    def __init__(self, store: BlobStore, masker: Masker, encoding: str | None) -> None:
        """encoding: the content-encoding header's value, None where there is none."""
        self._store = store
        self._masker = masker
        self.encoding = encoding.strip().lower() if encoding and encoding.strip().lower() != "identity" else None
        self._mask = masker.stream() if masker else None
        self._parts: list[bytes] = []
        self._large: LargeBlob | None = None
        self.size = 0

    def write(self, data: bytes) -> None:
        """Add payload."""
        self._keep(data if self._mask is None else self._mask(data, False))

    def finish(self, *, truncated: bool) -> BodyFacts | None:
        """Store the body and say what it is; None when nothing came and nothing was cut off."""
        if self._mask is not None:
            self._keep(self._mask(b"", True))
        if not self.size and not truncated:
            return None
        facts: BodyFacts = {"size": self.size, "encoding": self.encoding, "truncated": truncated}
        if self._mask is not None and self._reveals():
            return facts | self._store_decoded()
        parts = self._parts
        whole = parts[0] if len(parts) == 1 else b"".join(parts)
        facts["sha256"] = self._large.finish() if self._large else self._store.put(whole)
        return facts

    def _keep(self, data: bytes) -> None:
        if not data:
            return
        self.size += len(data)
        if self._large is not None:
            self._large.write(data)
            return
        self._parts.append(data)
        if self.size > LARGEST_IN_MEMORY:
            self._large = LargeBlob(self._store)
            self._large.write(b"".join(self._parts))
            self._parts.clear()

    def _pieces(self) -> Iterator[bytes]:
        if self._large is not None:
            return self._large.pieces()
        return iter(self._parts)

    def _plain(self) -> Iterator[bytes]:
        """The body decoded, piece by piece."""
        pieces = self._pieces()
        for name in reversed([part.strip() for part in (self.encoding or "").split(",")]):
            pieces = _decoded(pieces, name)
        return pieces

    def _reveals(self) -> bool:
        """Whether the compressed body holds a secret that its wire bytes do not show."""
        if not self.encoding or not self.size:
            return False
        tail, size = b"", 0
        try:
            for piece in self._plain():
                tail += piece
                if self._masker.reveals(tail):
                    return True
                tail = tail[-self._masker.longest :]
                size += len(piece)
                if size > LARGEST_DECODED:
                    return False
        except UndecodableBody:
            # What no decoder of ours can read is kept as it came; nobody reads a secret out of it by looking.
            return False
        return False

    def _store_decoded(self) -> BodyFacts:
        """Store the body decoded and masked: the one case in which other bytes than the wire's are kept."""
        blob, mask, size = LargeBlob(self._store), self._masker.stream(), 0
        for piece in self._plain():
            masked = mask(piece, False)
            blob.write(masked)
            size += len(masked)
        last = mask(b"", True)
        blob.write(last)
        if self._large is not None:
            self._large.discard()
        return {"sha256": blob.finish(), "size": size + len(last), "encoding": None, "decoded_to_mask": self.encoding}
