"""Bodies by content: `<directory>/<first two hex digits>/<sha256>.zst`, named by the hash of what they decompress to.

A blob appears under its name complete or not at all (written beside, then renamed), is written once, and never
changes. It is there before the record's line that names it.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import zstandard

LEVEL = 3
PIECE = 1024 * 1024
# Known names are remembered so that a body met again costs no system call; forgotten all at once when too many.
MOST_REMEMBERED = 200_000


class DamagedBlob(ValueError):
    """A stored body does not decompress to what its name says."""


def blob_path(directory: Path, sha256: str) -> Path:
    """Where the body of this hash lies, present or not."""
    return directory / sha256[:2] / f"{sha256}.zst"


def read_blob(directory: Path, sha256: str) -> bytes:
    """A whole body. Raises FileNotFoundError, or DamagedBlob when the content does not match its name."""
    body = b"".join(iterate_blob(directory, sha256))
    if hashlib.sha256(body).hexdigest() != sha256:
        raise DamagedBlob(f"blob {sha256} holds other bytes than its name says")
    return body


def iterate_blob(directory: Path, sha256: str) -> Iterator[bytes]:
    """A body in pieces of at most 1 MiB, for those too large to hold; the hash is the caller's to check."""
    with blob_path(directory, sha256).open("rb") as file, zstandard.ZstdDecompressor().stream_reader(file) as reader:
        try:
            while piece := reader.read(PIECE):
                yield piece
        except zstandard.ZstdError as error:
            raise DamagedBlob(f"blob {sha256} cannot be decompressed: {error}") from error


class BlobStore:
    """Writes blobs below one directory; several writers may share it."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.directory = directory
        self.unsynced: list[str] = []
        self._root = str(directory)
        self._compressor = zstandard.ZstdCompressor(level=LEVEL, write_checksum=True)
        self._known: set[str] = set()
        self._folders: set[str] = set()
        self._temporary = f"{self._root}/.writing-{os.getpid()}-{os.urandom(4).hex()}-"
        self._count = 0

    def put(self, body: bytes) -> str:
        """Store a body held in memory and return its hash."""
        sha256 = hashlib.sha256(body).hexdigest()
        destination = self._destination(sha256)
        if destination is not None:
            temporary = self.temporary_name()
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o640)
            try:
                write_all(descriptor, self._compressor.compress(body))
            finally:
                os.close(descriptor)
            self._publish(temporary, destination)
        return sha256

    def temporary_name(self) -> str:
        """A name for a file being written, in the same file system as the blobs."""
        self._count += 1
        return f"{self._temporary}{self._count}"

    def adopt(self, temporary: str, sha256: str) -> None:
        """Give a finished compressed file its name, or drop it when the body is stored already."""
        destination = self._destination(sha256)
        if destination is None:
            os.unlink(temporary)
        else:
            self._publish(temporary, destination)

    def _destination(self, sha256: str) -> str | None:
        if sha256 in self._known:
            return None
        if len(self._known) >= MOST_REMEMBERED:
            self._known.clear()
        self._known.add(sha256)
        folder = f"{self._root}/{sha256[:2]}"
        if folder not in self._folders:
            os.makedirs(folder, exist_ok=True)
            self._folders.add(folder)
        destination = f"{folder}/{sha256}.zst"
        return None if os.path.exists(destination) else destination

    def _publish(self, temporary: str, destination: str) -> None:
        os.rename(temporary, destination)
        self.unsynced.append(destination)


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


def write_all(descriptor: int, data: bytes) -> None:
    """os.write until every byte is written."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
