"""Typed netstrings, in which mitmproxy writes its flows: LENGTH:DATA and one character for the type. PURE."""

from collections.abc import Iterator
from typing import Any, BinaryIO

LONGEST = 512 * 1024**2
_DEEPEST = 64


class Damaged(ValueError):
    """Bytes that are no typed netstring; the message says where."""


def values(stream: BinaryIO) -> Iterator[Any]:
    """The values in a stream, one after another, each read whole. Raises Damaged."""
    position = 0
    while head := stream.read(1):
        while head[-1:] != b":":
            head += stream.read(1) or b"?"
            if len(head) > 12 or not head[:-1].isdigit():
                raise Damaged(f"no length at byte {position}")
        if not head[:-1].isdigit():
            raise Damaged(f"no length at byte {position}")
        size = int(head[:-1])
        if size > LONGEST:
            raise Damaged(f"a value of {size} bytes at byte {position}")
        data, kind = stream.read(size), stream.read(1)
        if len(data) < size or not kind:
            raise Damaged(f"the value at byte {position} breaks off")
        yield _value(data, kind, _DEEPEST)
        position += len(head) + size + 1


def _value(data: bytes, kind: bytes, depth: int) -> Any:
    if depth == 0:
        raise Damaged("nested too deeply")
    try:
        if kind == b",":
            return data
        if kind == b";":
            return data.decode("utf-8", "replace")
        if kind == b"#":
            return int(data[:40])
        if kind == b"^":
            return float(data[:60])
    except ValueError as problem:
        raise Damaged(f"{data[:20]!r} is no number") from problem
    if kind == b"!":
        return data == b"true"
    if kind == b"~":
        return None
    if kind == b"]":
        return list(_items(data, depth - 1))
    if kind == b"}":
        listed = list(_items(data, depth - 1))
        keys = [key.decode("utf-8", "replace") if isinstance(key, bytes) else str(key) for key in listed[::2]]
        return dict(zip(keys, listed[1::2], strict=False))
    raise Damaged(f"no type is called {kind!r}")


def _items(data: bytes, depth: int) -> Iterator[Any]:
    at = 0
    while at < len(data):
        colon = data.find(b":", at, at + 12)
        if colon < 0 or not data[at:colon].isdigit():
            raise Damaged("no length within a value")
        end = colon + 1 + int(data[at:colon])
        if end >= len(data):
            raise Damaged("a value is longer than what holds it")
        yield _value(data[colon + 1 : end], data[end : end + 1], depth)
        at = end + 1
