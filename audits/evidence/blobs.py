"""What stores of evidence have in common: the packed form of a content, and how it is checked when it is read."""

from __future__ import annotations

import hashlib
import io
import re
from typing import IO, BinaryIO

import zstandard

LEVEL = 3
PIECE = 1024 * 1024
FRAME_HEAD = 18  # the longest head of a zstd frame, in bytes
NAME = re.compile(r"([0-9a-f]{64})\.zst\Z")


class StoreProblem(RuntimeError):
    """The store can't be opened or written; the message says how to mend it."""


class Missing(KeyError):
    """No content of this hash is in the store."""

    def __str__(self) -> str:
        return f"no content with the hash {self.args[0]} is in the evidence store"


class Damaged(ValueError):
    """A stored content is not what its name says."""


def pack(content: BinaryIO, target: IO[bytes]) -> str:
    """Write all that can be read from an open file, packed; returns the SHA-256 of what was read."""
    digest = hashlib.sha256()
    with zstandard.ZstdCompressor(level=LEVEL, write_checksum=True).stream_writer(target, closefd=False) as packer:
        while piece := content.read(PIECE):
            digest.update(piece)
            packer.write(piece)
    return digest.hexdigest()


def frame_size(head: bytes, sha256: str) -> int:
    """Bytes of the content, from the head of its packed form; -1 where the head does not tell. Raises Damaged."""
    try:
        return int(zstandard.frame_content_size(head))
    except zstandard.ZstdError as problem:
        raise Damaged(f"the content {sha256} can't be unpacked: {problem}") from problem


class Checked(io.RawIOBase):
    """Unpacks while it is read, and compares the hash at the end."""

    def __init__(self, file: BinaryIO, sha256: str) -> None:
        self._file = file
        self._reader = zstandard.ZstdDecompressor().stream_reader(file)
        self._digest = hashlib.sha256()
        self._sha256 = sha256

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        try:
            piece = self._reader.read(len(buffer))
        except zstandard.ZstdError as problem:
            raise Damaged(f"the content {self._sha256} can't be unpacked: {problem}") from problem
        if not piece and self._digest.hexdigest() != self._sha256:
            raise Damaged(f"the content {self._sha256} holds other bytes than its name says")
        self._digest.update(piece)
        buffer[: len(piece)] = piece
        return len(piece)

    def close(self) -> None:
        self._file.close()
        super().close()
