"""Bodies by content, named by the SHA-256 of what they decompress to: small ones in packs, large ones each in a file,
`<directory>/<first two hex digits>/<sha256>.zst`, as the evidence store keeps all of them.

A body is there, whole, before the record's line that names it, and never changes. A large one is written beside and
renamed, so that it appears complete or not at all.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import zstandard

from audits.capture.packs import Found, PackIndex, PackWriter

# Bodies of a few kilobytes cost a quarter of what level 3 takes for them, and come out about as small.
LEVEL = 1
# A smaller body gains little by being packed, and packing it is a third of what the writer does for it: left to those who
# take it into the evidence store.
LEAST_PACKED, LEVEL_TO_KEEP = 1024, 3
PIECE = 1024 * 1024
# Known names are remembered so that a body met again costs no system call; forgotten all at once when too many.
MOST_REMEMBERED = 200_000


_NAME = re.compile(r"[0-9a-f]{64}\Z")
# Beyond so many bytes packed but not flushed, a flush comes by itself.
MOST_WAITING = 4 * 1024 * 1024


class DamagedBlob(ValueError):
    """A stored body does not decompress to what its name says."""


def blob_path(directory: Path, sha256: str) -> Path:
    """Where a body of this hash lies that has a file of its own, present or not."""
    return directory / sha256[:2] / f"{sha256}.zst"


class Bodies:
    """The bodies below one directory, which recorders may still be writing to."""

    def __init__(self, directory: Path, *, most: int | None = None) -> None:
        """most: see PackIndex."""
        self._directory = directory
        self._packs = PackIndex(directory, most=most)
        self._compressor = zstandard.ZstdCompressor(level=LEVEL_TO_KEEP, write_checksum=True)

    def packed(self, sha256: str) -> BinaryIO | None:
        """A body as one zstd frame, not checked; None when there is none of this hash."""
        found = self._find(sha256)
        if found is None:
            return self._file(sha256)
        return io.BytesIO(found.content if found.packed else self._compressor.compress(found.content))

    def read(self, sha256: str) -> bytes:
        """A whole body. Raises FileNotFoundError, or DamagedBlob when the content does not match its name."""
        found = self._find(sha256)
        if found is not None and not found.packed:
            body = found.content
        else:
            packed = self._file(sha256) if found is None else io.BytesIO(found.content)
            if packed is None:
                raise FileNotFoundError(f"no body of the hash {sha256} is in {self._directory}")
            body = _unpacked(packed, sha256)
        if hashlib.sha256(body).hexdigest() != sha256:
            raise DamagedBlob(f"blob {sha256} holds other bytes than its name says")
        return body

    def _find(self, sha256: str) -> Found | None:
        return self._packs.find(sha256) if _NAME.match(sha256) else None

    def _file(self, sha256: str) -> BinaryIO | None:
        """A body that has a file of its own."""
        if not _NAME.match(sha256):
            return None
        try:
            return blob_path(self._directory, sha256).open("rb")
        except FileNotFoundError:
            return None


def _unpacked(packed: BinaryIO, sha256: str) -> bytes:
    with packed, zstandard.ZstdDecompressor().stream_reader(packed) as reader:
        try:
            return b"".join(iter(lambda: reader.read(PIECE), b""))
        except zstandard.ZstdError as error:
            raise DamagedBlob(f"blob {sha256} cannot be decompressed: {error}") from error


class BlobStore:
    """Writes bodies below one directory; several writers may share it.

    unsynced: files that were written and may not be on the disk yet; whoever brings them there takes them out.
    """

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.directory = directory
        self.unsynced: deque[str] = deque()
        self._root = str(directory)
        self._compressor = zstandard.ZstdCompressor(level=LEVEL, write_checksum=True)
        self._pack = PackWriter(directory)
        self._waiting = 0
        self._known: set[bytes] = set()
        self._temporary = f"{self._root}/.writing-{os.getpid()}-{os.urandom(4).hex()}-"
        self._count = 0

    def put(self, body: bytes) -> str:
        """Store a body held in memory and return its hash. It can be read after the next `flush`."""
        sha256 = hashlib.sha256(body)
        digest = sha256.digest()
        if self._is_news(digest):
            packed = len(body) >= LEAST_PACKED
            content = self._compressor.compress(body) if packed else body
            self._pack.add(digest, content, packed=packed)
            self._waiting += len(content)
            if self._waiting > MOST_WAITING:
                self.flush()
        return sha256.hexdigest()

    def flush(self) -> None:
        """Hand to the kernel what was put; before the lines that name it."""
        self._waiting = 0
        if self._pack.flush():
            self.unsynced.append(self._pack.path)

    def temporary_name(self) -> str:
        """A name for a file being written, in the same file system as the blobs."""
        self._count += 1
        return f"{self._temporary}{self._count}"

    def adopt(self, temporary: str, sha256: str) -> None:
        """Give a finished compressed file its name, or drop it when the body is stored already."""
        place = f"{self._root}/{sha256[:2]}/{sha256}.zst"
        if not self._is_news(bytes.fromhex(sha256)) or os.path.exists(place):
            os.unlink(temporary)
            return
        os.makedirs(os.path.dirname(place), exist_ok=True)
        os.rename(temporary, place)
        self.unsynced.append(place)

    def _is_news(self, digest: bytes) -> bool:
        """Whether this writer has not stored it, as far as it remembers."""
        if digest in self._known:
            return False
        if len(self._known) >= MOST_REMEMBERED:
            self._known.clear()
        self._known.add(digest)
        return True


class LargeBlob:
    """A body that arrives in pieces: hashed and compressed as it comes, memory flat. `finish` or `discard` it."""

    def __init__(self, store: BlobStore) -> None:
        self._store = store
        self._path = store.temporary_name()
        self._file: BinaryIO = open(self._path, "xb")  # noqa: SIM115 - it outlives this call and is closed by finish
        self._hash = hashlib.sha256()
        self._compressor = zstandard.ZstdCompressor(level=LEVEL, write_checksum=True).compressobj()

    def write(self, data: bytes) -> None:
        """Add the next piece."""
        self._hash.update(data)
        self._file.write(self._compressor.compress(data))

    def pieces(self) -> Iterator[bytes]:
        """What was written so far; after this, `finish` or `discard` only."""
        self._end()
        with open(self._path, "rb") as file, zstandard.ZstdDecompressor().stream_reader(file) as reader:
            while piece := reader.read(PIECE):
                yield piece

    def finish(self) -> str:
        """Store it and return its hash."""
        self._end()
        sha256 = self._hash.hexdigest()
        self._store.adopt(self._path, sha256)
        return sha256

    def discard(self) -> None:
        """Forget it."""
        self._end()
        os.unlink(self._path)

    def _end(self) -> None:
        if not self._file.closed:
            self._file.write(self._compressor.flush())
            self._file.close()
