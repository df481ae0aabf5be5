"""Protocol buffers by field number, and the gRPC frames that carry them: as much as reading a known message needs.

What comes is hostile: lengths are checked before anything is cut, and nothing is nested deeper than a schema is.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from audits.capture.wire.bodies import Unreadable, decode_body

_DEEPEST = 40
_MOST_FIELDS = 1_000_000
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
Raw = int | bytes
Reader = Callable[[Raw], Any]


@dataclass(frozen=True, slots=True)
class Field:
    """What a field number means: its name in protobuf JSON, how its value is read, and whether there are many."""

    name: str
    read: Reader | Schema
    many: bool = False


Schema = Mapping[int, Field]


def fields(data: bytes) -> Iterator[tuple[int, Raw]]:
    """(field number, value) of a message: varints and fixed numbers as integers, all else as bytes. Raises Unreadable."""
    position = 0
    for _ in range(_MOST_FIELDS):
        if position >= len(data):
            return
        key, position = _varint(data, position)
        kind = key & 7
        if kind == _VARINT:
            value, position = _varint(data, position)
            yield key >> 3, value
            continue
        if kind not in (_FIXED64, _BYTES, _FIXED32):
            raise Unreadable(f"not protobuf: wire type {kind}")
        size, position = _varint(data, position) if kind == _BYTES else (8 if kind == _FIXED64 else 4, position)
        if position + size > len(data):
            raise Unreadable("not protobuf: a field reaches beyond its message")
        piece = data[position : position + size]
        yield key >> 3, piece if kind == _BYTES else int.from_bytes(piece, "little")
        position += size
    raise Unreadable("a message of more fields than are read")


def _varint(data: bytes, position: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if position >= len(data):
            break
        byte = data[position]
        position += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, position
    raise Unreadable("not protobuf: a number without an end")


def message(data: Raw, schema: Schema) -> dict[str, Any]:
    """A message as the JSON object that protobuf JSON would be, unknown fields left out. Raises Unreadable."""
    if not isinstance(data, bytes):
        raise Unreadable("not the message that was expected")
    found: dict[str, Any] = {}
    for number, value in fields(data):
        field = schema.get(number)
        if field is None:
            continue
        read = message(value, field.read) if isinstance(field.read, Mapping) else field.read(value)
        if field.many:
            found.setdefault(field.name, []).append(read)
        else:
            found[field.name] = read
    return found


def text(value: Raw) -> str:
    """A string field."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def number(value: Raw) -> int | None:
    """A count or an enumeration's number; None where bytes stand instead."""
    return value if isinstance(value, int) else None


def flag(value: Raw) -> bool:
    """A truth value."""
    return value == 1


def single(value: Raw) -> float | None:
    """A 32-bit floating number."""
    if not isinstance(value, int) or value >= 1 << 32:
        return None
    return float(struct.unpack("<f", value.to_bytes(4, "little"))[0])


def struct_value(value: Raw) -> dict[str, Any]:
    """A google.protobuf.Struct as the JSON object it stands for. Raises Unreadable."""
    return _struct(value, 0)


def _struct(data: Raw, depth: int) -> dict[str, Any]:
    if not isinstance(data, bytes) or depth > _DEEPEST:
        raise Unreadable("a structure nested too deeply")
    found: dict[str, Any] = {}
    for number_, entry in fields(data):
        if number_ == 1 and isinstance(entry, bytes):
            pair = dict(fields(entry))
            found[text(pair.get(1, b""))] = _value(pair.get(2, b""), depth + 1)
    return found


def _value(data: Raw, depth: int) -> Any:
    if not isinstance(data, bytes) or depth > _DEEPEST:
        raise Unreadable("a structure nested too deeply")
    for kind, value in fields(data):
        if kind == 2 and isinstance(value, int):
            return struct.unpack("<d", value.to_bytes(8, "little"))[0] if value < 1 << 64 else None
        if kind == 3:
            return text(value)
        if kind == 4:
            return value == 1
        if kind == 5:
            return _struct(value, depth + 1)
        if kind == 6 and isinstance(value, bytes):
            return [_value(each, depth + 1) for place, each in fields(value) if place == 1]
    return None


def grpc_messages(body: bytes, headers: Sequence[tuple[str, str]]) -> tuple[list[bytes], bool]:
    """The messages of one side of a gRPC call, and whether the last one is whole. Raises Unreadable.

    A frame is: a byte that says whether the message is compressed, its length (4 bytes, big endian), the message.
    """
    coding = next((value for name, value in headers if name.lower() == "grpc-encoding"), "identity")
    found: list[bytes] = []
    position = 0
    while position < len(body):
        size = int.from_bytes(body[position + 1 : position + 5], "big")
        end = position + 5 + size
        if position + 5 > len(body) or end > len(body):
            return found, False
        data = body[position + 5 : end]
        if body[position] not in (0, 1):
            raise Unreadable("not gRPC: a frame of unknown kind")
        found.append(decode_body(data, [("content-encoding", coding)]).data if body[position] else data)
        position = end
    return found, True
