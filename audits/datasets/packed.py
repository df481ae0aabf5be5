"""Zstandard, which the standard library does not open before Python 3.14."""

import io
from pathlib import Path
from typing import BinaryIO

import zstandard

LARGEST_WINDOW = 1 << 27  # 128 MB, what the zstd program accepts without being told: a hostile file can't ask for more
_CHUNK = 128 * 1024
_PACKED_CHUNK = 2 * 1024  # four bytes may stand for 128 KB: so much at once unpacks to 64 MB at most


def open_zst(path: Path) -> BinaryIO:
    """The unpacked content, several frames in a row read as one. Reading raises OSError where the file is broken or cut off."""
    return io.BufferedReader(_Unpacked(path.open("rb")), _CHUNK)


class _Unpacked(io.RawIOBase):
    """Frames unpacked one after the other. The library's own reader takes a file that was cut off for one that has ended."""

    def __init__(self, packed: BinaryIO) -> None:
        self._packed = packed
        self._start()

    def _start(self) -> None:
        self._frame = zstandard.ZstdDecompressor(max_window_size=LARGEST_WINDOW).decompressobj()
        self._ready = memoryview(b"")
        self._begun = False
        self._given = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Back to the beginning; nowhere else."""
        if offset or whence:
            raise io.UnsupportedOperation("packed data can only be read again from its beginning")
        self._packed.seek(0)
        self._start()
        return 0

    def tell(self) -> int:
        """How many unpacked bytes were given out."""
        return self._given

    def close(self) -> None:
        self._packed.close()
        super().close()

    def readinto(self, buffer: "memoryview[int]") -> int:  # type: ignore[override]
        while not self._ready:
            left = self._frame.unused_data if self._frame.eof else b""
            fresh = left or self._packed.read(_PACKED_CHUNK)
            if not fresh:
                return self._end()
            self._ready = memoryview(self._unpacked(fresh))
        size = min(len(buffer), len(self._ready))
        buffer[:size] = self._ready[:size]
        self._ready = self._ready[size:]
        self._given += size
        return size

    def _unpacked(self, fresh: bytes) -> bytes:
        if self._frame.eof:
            self._frame = zstandard.ZstdDecompressor(max_window_size=LARGEST_WINDOW).decompressobj()
        self._begun = True
        try:
            return self._frame.decompress(fresh)
        except zstandard.ZstdError as error:
            raise OSError(f"not readable as zstd ({error})") from error

    def _end(self) -> int:
        if self._begun and not self._frame.eof:
            raise EOFError("the packed data ends in the middle of a frame")
        return 0
