"""What stores of evidence have in common: the packed form of a content, and how it is checked when it is read."""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
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


@dataclass(frozen=True, slots=True)
class Adopted:
    """What adopting a folder of blobs came to; `damaged` names files whose content is not what they are called."""

    taken: int
    known: int
    damaged: tuple[str, ...]


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


def good_blobs(folder: Path) -> Iterator[tuple[Path, str]]:
    """Each file that lies where a blob would, with its hash: "" when its content is not what it is called."""
    for path in sorted(folder.glob("[0-9a-f][0-9a-f]/*.zst")):
        named = NAME.match(path.name)
        yield path, named.group(1) if named and _is_good(path, named.group(1)) else ""


def _is_good(path: Path, sha256: str) -> bool:
    if path.is_symlink() or not path.is_file():
        return False
    with suppress(Damaged), io.BufferedReader(Checked(path.open("rb"), sha256), PIECE) as stream:
        while stream.read(PIECE):
            continue
        return True
    return False


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
