"""Files as they are given, packed or not, as streams of what is in them, within limits. PURE."""

import gzip
import io
import zipfile
import zlib
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

MOST_BYTES = 20 * 1024**3
MOST_PARTS = 2000
# Text packs well, and logs better; beyond this it was made to harm.
HIGHEST_RATIO = 1000
_RATIO_FROM = 64 * 1024**2
_GZIP, _ZIP = b"\x1f\x8b", b"PK\x03\x04"


class Unacceptable(ValueError):
    """A file that is not read at all; the message says which and why, and how to mend it."""


class Part(NamedTuple):
    """One file to read: itself, or one in an archive."""

    name: str
    stream: BinaryIO


def parts_of(file: BinaryIO, name: str, most: int = MOST_BYTES) -> Iterator[Part]:
    """The files in `file`, which must be seekable: itself, unpacked; or each of a ZIP. Each is to be read before the next.

    Raises Unacceptable for a damaged or overlarge archive, also while a part is read.
    """
    file.seek(0)
    start = file.read(4)
    file.seek(0)
    if start == _ZIP:
        yield from _members(file, name, most)
    else:
        yield Part(name, _plain(file, name, most))


def _members(file: BinaryIO, name: str, most: int) -> Iterator[Part]:
    try:
        archive = zipfile.ZipFile(file)
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError) as problem:
        raise Unacceptable(f"{name}: a damaged ZIP: {problem}") from problem
    with archive:
        members = [one for one in archive.infolist() if not one.is_dir() and not one.filename.startswith("__MACOSX/")]
        if len(members) > MOST_PARTS:
            raise Unacceptable(f"{name}: a ZIP of {len(members)} files; at most {MOST_PARTS} are read")
        for member in members:
            if member.flag_bits & 1:
                raise Unacceptable(f"{name}: {member.filename} is encrypted; give it unpacked")
            with _opened(archive, member, name) as stream:
                yield Part(member.filename[:300], _plain(stream, member.filename, most))


def _opened(archive: zipfile.ZipFile, member: zipfile.ZipInfo, name: str) -> BinaryIO:
    try:
        return io.BufferedReader(_Bounded(archive.open(member), member.filename, member.compress_size))  # type: ignore[arg-type]
    except (zipfile.BadZipFile, NotImplementedError, OSError, ValueError) as problem:
        raise Unacceptable(f"{name}: {member.filename} can't be unpacked: {problem}") from problem


def _plain(stream: BinaryIO, name: str, most: int) -> BinaryIO:
    """The stream, unpacked if it is gzip, and bounded."""
    buffered = stream if isinstance(stream, io.BufferedReader) else io.BufferedReader(_Given(stream), 1024**2)
    if buffered.peek(2)[:2] != _GZIP:
        return io.BufferedReader(_Bounded(buffered, name, 0, most), 1024**2)
    return io.BufferedReader(_Bounded(gzip.GzipFile(fileobj=buffered), name, 0, most), 1024**2)  # type: ignore[arg-type]


class _Given(io.RawIOBase):
    """An open file as a raw stream, left open when it is closed."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        piece = self._file.read(len(buffer))
        buffer[: len(piece)] = piece
        return len(piece)


class _Bounded(_Given):
    """Gives no more than it may; says what is damaged in words."""

    def __init__(self, file: BinaryIO, name: str, packed: int, most: int = MOST_BYTES) -> None:
        super().__init__(file)
        self._name, self._most = name, most
        self._ratio_limit = max(packed * HIGHEST_RATIO, _RATIO_FROM) if packed else most
        self._given = 0

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        try:
            given = super().readinto(buffer)
        except (zlib.error, EOFError, gzip.BadGzipFile, zipfile.BadZipFile) as problem:
            raise Unacceptable(f"{self._name}: damaged: {problem}") from problem
        self._given += given
        if self._given > min(self._most, self._ratio_limit):
            raise Unacceptable(f"{self._name}: unpacks to more than {min(self._most, self._ratio_limit) // 1024**2} MB")
        return given
