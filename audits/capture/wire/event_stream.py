"""AWS event streams (application/vnd.amazon.eventstream): length-prefixed frames with checksums, as Bedrock sends.

A frame is: total length (4 bytes, big endian), headers' length (4), CRC-32 of those eight (4), headers, payload,
CRC-32 of all before it (4). A header is: name's length (1), name, type (1), value; type 7 is a string with a
two-byte length.
"""

from __future__ import annotations

import binascii
import struct
import zlib
from typing import Any

from audits.capture.wire.bodies import JsonReader, Unreadable
from audits.capture.wire.formats import StreamEvent
from audits.capture.wire.reading import obj

_PRELUDE = struct.Struct(">III")
_FIXED_SIZES = {0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16}
_LARGEST_FRAME = 24 * 1024 * 1024


def frames(data: bytes) -> tuple[list[tuple[dict[str, str], bytes]], bool]:
    """(headers, payload) of each whole frame, and whether the data ended exactly at a frame's end.

    Raises Unreadable when a frame's checksum is wrong: what follows can't be told from noise.
    """
    found: list[tuple[dict[str, str], bytes]] = []
    position = 0
    while position < len(data):
        if len(data) - position < _PRELUDE.size:
            return found, False
        size, headers_size, checksum = _PRELUDE.unpack_from(data, position)
        if zlib.crc32(data[position : position + 8]) != checksum or not 16 + headers_size <= size <= _LARGEST_FRAME:
            raise Unreadable(f"damaged event stream: frame {len(found)} has a wrong prelude")
        if position + size > len(data):
            return found, False
        body_end = position + size - 4
        if zlib.crc32(data[position:body_end]) != int.from_bytes(data[body_end : body_end + 4], "big"):
            raise Unreadable(f"damaged event stream: frame {len(found)} has a wrong checksum")
        headers_end = position + _PRELUDE.size + headers_size
        found.append((_headers(data[position + _PRELUDE.size : headers_end]), data[headers_end:body_end]))
        position += size
    return found, True


def _headers(data: bytes) -> dict[str, str]:
    found: dict[str, str] = {}
    position = 0
    while position + 2 <= len(data):
        name_end = position + 1 + data[position]
        name, kind = data[position + 1 : name_end], data[name_end : name_end + 1]
        position = name_end + 1
        if not kind:
            break
        if kind[0] in (6, 7):
            size = int.from_bytes(data[position : position + 2], "big")
            found[name.decode("utf-8", "replace")] = data[position + 2 : position + 2 + size].decode("utf-8", "replace")
            position += 2 + size
        elif kind[0] in _FIXED_SIZES:
            position += _FIXED_SIZES[kind[0]]
        else:
            break
    return found


def bedrock_events(data: bytes, reader: JsonReader) -> tuple[list[StreamEvent], bool]:
    """Bedrock's events: converse payloads as they are, invoke chunks unwrapped from their base64."""
    found, whole = frames(data)
    return [_event(headers, reader.value(payload or b"{}"), reader) for headers, payload in found], whole


def _event(headers: dict[str, str], payload: Any, reader: JsonReader) -> StreamEvent:
    name = headers.get(":event-type") or headers.get(":exception-type") or ""
    fields = obj(payload)
    if headers.get(":message-type") in ("exception", "error"):
        message = fields.get("message") or headers.get(":error-message")
        return StreamEvent("error", {"type": "error", "error": {"type": name, "message": message}})
    if isinstance(fields.get("bytes"), str):
        try:
            return StreamEvent(name, obj(reader.value(binascii.a2b_base64(fields["bytes"]))))
        except binascii.Error as problem:
            raise Unreadable(f"damaged chunk in an event stream: {problem}") from problem
    return StreamEvent(name, fields)
