"""The ZIP container of a bundle: its headers follow from the list of its files, byte for byte.

Part of the stand-alone verifier: Python 3.8 and the standard library only. After PKWARE's APPNOTE 6.3: no flags, no
comments, no extra fields but those for sizes from 4 GiB, and one fixed date, so that the same evidence gives the same
bytes and nothing can hide between the files.
"""

from __future__ import annotations

import struct
from typing import BinaryIO, NamedTuple

from audits.evidence.links import Broken

STORED, DEFLATED = 0, 8
_DOS_DATE = 0x21  # 1 January 1980
_BIG, _MANY = 0xFFFFFFFF, 0xFFFF


class Packed(NamedTuple):
    """One file of the container: sizes in bytes, CRC-32 of the content."""

    path: str
    size: int
    packed: int
    crc: int
    method: int


def local_header(file: Packed) -> bytes:
    """The bytes before a file's data (APPNOTE 4.3.7, with 4.5.3 for sizes from 4 GiB)."""
    big = max(file.size, file.packed) >= _BIG
    extra = struct.pack("<HHQQ", 1, 16, file.size, file.packed) if big else b""
    size, packed = (_BIG, _BIG) if big else (file.size, file.packed)
    name = file.path.encode("ascii")
    fields = (45 if big else 20, 0, file.method, 0, _DOS_DATE, file.crc, packed, size, len(name), len(extra))
    return b"PK\x03\x04" + struct.pack("<HHHHHIIIHH", *fields) + name + extra


def directory_header(file: Packed, offset: int) -> bytes:
    """A file's line in the central directory (APPNOTE 4.3.12)."""
    big, far = max(file.size, file.packed) >= _BIG, offset >= _BIG
    numbers = ([file.size, file.packed] if big else []) + ([offset] if far else [])
    extra = struct.pack(f"<HH{len(numbers)}Q", 1, 8 * len(numbers), *numbers) if numbers else b""
    version = 45 if numbers else 20
    size, packed = (_BIG, _BIG) if big else (file.size, file.packed)
    name = file.path.encode("ascii")
    fields = (0x0300 | version, version, 0, file.method, 0, _DOS_DATE, file.crc, packed, size, len(name), len(extra))
    rest = (0, 0, 0, 0o100644 << 16, _BIG if far else offset)
    return b"PK\x01\x02" + struct.pack("<HHHHHHIIIHHHHHII", *fields, *rest) + name + extra


def directory_end(count: int, size: int, offset: int) -> bytes:
    """The end of the container (APPNOTE 4.3.14 to 4.3.16)."""
    big = count >= _MANY or size >= _BIG or offset >= _BIG
    zip64 = b""
    if big:
        zip64 = b"PK\x06\x06" + struct.pack("<QHHIIQQQQ", 44, 0x032D, 45, 0, 0, count, count, size, offset)
        zip64 += b"PK\x06\x07" + struct.pack("<IQI", 0, offset + size, 1)
        count, size, offset = _MANY, _BIG, _BIG
    return zip64 + b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, count, count, size, offset, 0)


def expect(file: BinaryIO, expected: bytes, start: int, path: str) -> None:
    file.seek(start)
    found = file.read(len(expected))
    if found != expected:
        spot = next((i for i in range(len(found)) if expected[i] != found[i]), len(found))
        raise Broken(f"container: byte {start + spot} is not what {path} calls for")


def file_end(packed: Packed, start: int) -> int:
    return start + len(local_header(packed)) + packed.packed
