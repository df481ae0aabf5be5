"""The few protobuf messages of Google's GenerativeService (v1beta) that a stand-in needs, written by field number."""

from __future__ import annotations

from collections.abc import Iterator


def model_of(framed: bytes) -> str:
    """The model of a GenerateContentRequest (field 1, "models/NAME") inside its gRPC frame."""
    for number, value in fields(framed[5:]):
        if number == 1 and isinstance(value, bytes):
            return value.decode().removeprefix("models/")
    raise ValueError("the request names no model")


def response(text: str, model: str, read: int, written: int, *, last: bool) -> bytes:
    """A framed GenerateContentResponse: one candidate, usage and the model's version."""
    part = _bytes(2, text.encode())
    content = _bytes(1, part) + _bytes(2, b"model")
    candidate = _bytes(1, content) + (_number(2, 1) if last else b"")
    usage = _number(1, read) + _number(2, written) + _number(3, read + written)
    message = _bytes(1, candidate) + _bytes(3, usage) + _bytes(4, model.encode())
    return b"\0" + len(message).to_bytes(4, "big") + message


def fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """(field number, value) of a message: varints as numbers, length-delimited fields as bytes."""
    position = 0
    while position < len(data):
        key, position = _varint(data, position)
        if key & 7 == 0:
            number, position = _varint(data, position)
            yield key >> 3, number
            continue
        size = {1: 8, 5: 4}.get(key & 7)
        if size is None:
            size, position = _varint(data, position)
        yield key >> 3, data[position : position + size]
        position += size


def _varint(data: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[position]
        value |= (byte & 127) << shift
        position, shift = position + 1, shift + 7
        if byte < 128:
            return value, position


def _encode(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def _number(field: int, value: int) -> bytes:
    return _encode(field << 3) + _encode(value)


def _bytes(field: int, value: bytes) -> bytes:
    return _encode(field << 3 | 2) + _encode(len(value)) + value
