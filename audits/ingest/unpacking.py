"""Files as they are given, packed or not, as streams of what is in them, within limits. PURE."""

import io
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any, BinaryIO, NamedTuple

MOST_BYTES = 20 * 1024**3
MOST_PARTS = 2000
# Text packs well, and logs better; beyond this it was made to harm.
HIGHEST_RATIO = 1000
_RATIO_FROM = 64 * 1024**2
_GZIP, _ZIP = b"\x1f\x8b", b"PK\x03\x04"
_OF_GZIP = 31  # zlib's number for gzip's own head and end
_PACKED_AT_ONCE = 256 * 1024
# Begins a line that stands for what could not be read of a file; the rest of the line is the reason.
NOT_READ = b"(not read) "


class Unacceptable(ValueError):
    """A file that is not read at all; the message says which and why, and how to mend it."""


class TooLarge(Unacceptable):
    """A file that unpacks to more than is read, as archives do that were made to harm: nothing of it is tried further."""


class Part(NamedTuple):
    """One file to read: itself, or one in an archive."""

    name: str
    stream: BinaryIO
    of_archive: bool = False


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
                yield Part(member.filename[:300], _plain(stream, member.filename, most, within=True), of_archive=True)


def _opened(archive: zipfile.ZipFile, member: zipfile.ZipInfo, name: str) -> BinaryIO:
    try:
        held: Any = archive.open(member)
        return io.BufferedReader(_Bounded(held, member.filename, member.compress_size, within=True))
    except (zipfile.BadZipFile, NotImplementedError, OSError, ValueError) as problem:
        raise Unacceptable(f"{name}: {member.filename} can't be unpacked: {problem}") from problem


def _plain(stream: BinaryIO, name: str, most: int, *, within: bool = False) -> BinaryIO:
    """The stream, unpacked if it is gzip, and bounded."""
    buffered = stream if isinstance(stream, io.BufferedReader) else io.BufferedReader(_Given(stream), 1024**2)
    if buffered.peek(2)[:2] != _GZIP:
        return io.BufferedReader(_Bounded(buffered, name, 0, most, within=within), 1024**2)
    unpacked: Any = _Gunzipped(buffered)
    return io.BufferedReader(_Bounded(unpacked, name, 0, most, within=within), 1024**2)


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


class _Gunzipped:
    """What is packed with gzip, member by member; given out as far as it can be unpacked."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._packed = zlib.decompressobj(wbits=_OF_GZIP)

    def read(self, size: int) -> bytes:
        """The next bytes, at most `size` of them; b"" at the end. Raises EOFError and zlib.error where it is damaged."""
        while packed := self._next():
            if piece := self._packed.decompress(packed, size):
                return piece
        return b""

    def _next(self) -> bytes:
        """Packed bytes to go on with; b"" after the last member."""
        if not self._packed.eof:
            packed = self._packed.unconsumed_tail or self._stream.read(_PACKED_AT_ONCE)
            if not packed:
                raise EOFError("it ends before its end mark")
            return packed
        packed = self._packed.unused_data.lstrip(b"\0") or self._stream.read(_PACKED_AT_ONCE).lstrip(b"\0")
        if packed:
            self._packed = zlib.decompressobj(wbits=_OF_GZIP)
        return packed


class _Bounded(_Given):
    """Gives no more than it may. Where it is damaged after a part that is not, a line in its place says so.

    `within`: one of several files in an archive, of which the others are read, whatever is left of this one.
    """

    def __init__(self, file: BinaryIO, name: str, packed: int, most: int = MOST_BYTES, *, within: bool = False) -> None:
        super().__init__(file)
        self._name, self._most = name, most
        self._ratio_limit = max(packed * HIGHEST_RATIO, _RATIO_FROM) if packed else most
        self._given = 0
        self._broken, self._within = False, within

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        try:
            given = 0 if self._broken else super().readinto(buffer)
        except (zlib.error, EOFError, zipfile.BadZipFile) as problem:
            if not self._given and not self._within:
                words = f"{self._name}: damaged: {problem}; pack it again, or give it unpacked"
                raise Unacceptable(words) from problem
            self._broken = True
            line = b"\n%s%s is damaged from here on: %s\n" % (NOT_READ, self._name.encode(), str(problem).encode())
            given = len(line[: len(buffer)])
            buffer[:given] = line[:given]
        self._given += given
        if self._given > min(self._most, self._ratio_limit):
            raise TooLarge(f"{self._name}: unpacks to more than {min(self._most, self._ratio_limit) // 1024**2} MB")
        return given
