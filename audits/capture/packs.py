"""Packs: the small bodies of a recorder's session behind one another in one file, for as long as its run lasts.

A file for each body costs the recorder more than all else it does for a call; a pack costs it a copy. Whoever takes the
bodies into the evidence store gives each its own file there.

A pack is `<name>.pack`: entries of a mark (4 bytes: `BODY`, or `ZSTD` for a body that is packed as a zstd frame), a length
in bytes (4, little-endian), the SHA-256 of the unpacked body (32), and so many bytes of body. It only grows, and an entry is
there before the record's line that names its body. A writer that was killed leaves at most one entry torn, the last, and its
successor begins another pack. What is found is what a pack claims: readers compare the hash.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from io import FileIO
from itertools import islice
from pathlib import Path
from typing import NamedTuple

SUFFIX = ".pack"
_MARKS = {False: b"BODY", True: b"ZSTD"}
_IS_PACKED = {mark: packed for packed, mark in _MARKS.items()}
_HEAD = struct.Struct("<4sI32s")
_WINDOW = 256 * 1024
_READ_AHEAD = 10_000


class Place(NamedTuple):
    """Where a body lies. at, length: in bytes. packed: whether as a zstd frame."""

    path: Path
    at: int
    length: int
    packed: bool


class Found(NamedTuple):
    """A body as it lies in its pack. packed: whether as a zstd frame."""

    content: bytes
    packed: bool


class PackWriter:
    """Appends bodies to a pack of its own in a folder; made with the first of them. Several writers may share a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._descriptor = -1
        self._waiting: list[bytes] = []
        self.path = ""

    def add(self, digest: bytes, content: bytes, *, packed: bool) -> None:
        """Append a body by its SHA-256 in 32 bytes, as it is or as a zstd frame; it reaches the file with the next flush."""
        self._waiting += (_HEAD.pack(_MARKS[packed], len(content), digest), content)

    def flush(self) -> bool:
        """Hand what was added to the kernel; whether there was anything. Raises OSError, and may leave a torn entry."""
        if not self._waiting:
            return False
        if self._descriptor < 0:
            number = sum(1 for _ in self._folder.glob(f"*{SUFFIX}"))
            self.path = str(self._folder / f"{number:04d}-{os.urandom(4).hex()}{SUFFIX}")
            self._descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o640)
        data, self._waiting = b"".join(self._waiting), []
        write_all(self._descriptor, data)
        return True


class PackIndex:
    """Finds bodies in the packs of one folder, which may still be growing."""

    def __init__(self, folder: Path, *, most: int | None = None) -> None:
        """most: how many places are remembered, those read last; None for all. A body that was forgotten is not found again:
        for those who ask in the order of the record and keep what they were given."""
        self._folder = folder
        self._most = most
        self._places: dict[bytes, Place] = {}
        self._read_to: dict[Path, int] = {}
        self._last: tuple[Path, FileIO] | None = None

    def find(self, sha256: str) -> Found | None:
        """A body by the SHA-256 that its pack claims; None when no pack has it, or not yet."""
        digest = bytes.fromhex(sha256)
        if digest not in self._places:
            self._read_on(digest)
        place = self._places.get(digest)
        if place is None:
            return None
        try:
            return Found(os.pread(self._open(place.path).fileno(), place.length, place.at), place.packed)
        except FileNotFoundError:
            return None

    def _open(self, path: Path) -> FileIO:
        """A pack, kept open until another is asked for."""
        if self._last is None or self._last[0] != path:
            self._last = (path, FileIO(path))
        return self._last[1]

    def _read_on(self, digest: bytes) -> None:
        """Read what was not read yet, to the body and somewhat beyond: the next will be asked for soon."""
        for path in sorted(self._folder.glob(f"*{SUFFIX}")):
            news = entries(path, self._read_to.get(path, 0))
            while some := list(islice(news, _READ_AHEAD)):
                self._places.update((found, place) for found, place, _ in some)
                self._read_to[path] = some[-1][2]
                self._forget()
                if digest in self._places:
                    return

    def _forget(self) -> None:
        if self._most is not None:
            for digest in list(islice(self._places, max(0, len(self._places) - self._most))):
                del self._places[digest]


def write_all(descriptor: int, data: bytes) -> None:
    """os.write until every byte is written."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def entries(path: Path, begin: int = 0) -> Iterator[tuple[bytes, Place, int]]:
    """The whole entries from a byte offset on: (SHA-256, place of the packed body, where the entry ends)."""
    with path.open("rb", buffering=_WINDOW) as file:
        size = os.fstat(file.fileno()).st_size
        at = file.seek(begin)
        while at + _HEAD.size <= size:
            mark, length, digest = _HEAD.unpack(file.read(_HEAD.size))
            end = at + _HEAD.size + length
            if mark not in _IS_PACKED or end > size:
                return
            yield digest, Place(path, at + _HEAD.size, length, _IS_PACKED[mark]), end
            at = file.seek(end)
