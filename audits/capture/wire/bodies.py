"""Bodies off the wire: content codings undone within a limit, JSON, event streams and forms read without trust."""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import brotli
import zstandard

DECODED_LIMIT = 64 * 1024 * 1024
_CODINGS_LIMIT = 4
_ZSTD_STEP = 1024
_INTEGER_DIGITS = 40
_PARTS_LIMIT = 1000
_PLAIN_STARTS = (b"{", b"[", b"data:", b"event:", b":")


class Unreadable(ValueError):
    """A body that can't be read; the message is the reason shown to people."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """A body after its content codings. `complete` is False when the coded data broke off."""

    data: bytes
    complete: bool = True


def header(headers: Sequence[tuple[str, str]], name: str) -> str:
    """All values of a header joined by commas, in order; empty when it is absent."""
    wanted = name.lower()
    return ", ".join(value for key, value in headers if key.lower() == wanted)


def decode_body(body: bytes, headers: Sequence[tuple[str, str]], limit: int = DECODED_LIMIT) -> Decoded:
    """Undo Content-Encoding (gzip, deflate, br, zstd; several in a row).

    Broken-off data gives what could be decoded. Raises Unreadable for an unknown coding, damaged data, or more
    than `limit` bytes of result.
    """
    codings = [c.strip().lower() for c in header(headers, "content-encoding").split(",")]
    codings = [c for c in codings if c and c != "identity"]
    if len(codings) > _CODINGS_LIMIT:
        raise Unreadable(f"{len(codings)} content codings on one body")
    if len(body) > limit:
        raise Unreadable(f"the body has {len(body)} bytes, over the limit of {limit} for parsing")
    result = Decoded(body)
    for coding in reversed(codings):
        decoder = _DECODERS.get(coding)
        if decoder is None:
            raise Unreadable(f"unknown content coding {coding[:40]!r}")
        step = _undo(decoder, coding, result.data, limit)
        result = Decoded(step.data, step.complete and result.complete)
    return result


def _undo(decoder: Callable[[bytes, int], Decoded], coding: str, data: bytes, limit: int) -> Decoded:
    if not data:
        return Decoded(b"")
    try:
        return decoder(data, limit)
    except (zlib.error, brotli.error, zstandard.ZstdError) as problem:
        if data.lstrip().startswith(_PLAIN_STARTS):
            return Decoded(data)  # labelled as packed and sent, or kept after masking, as plain text
        raise Unreadable(f"damaged {coding} data: {problem}") from problem


def _bounded(size: int, limit: int) -> None:
    if size > limit:
        raise Unreadable(f"the body expands beyond the limit of {limit} bytes")


def _inflate(data: bytes, limit: int, wbits: int) -> Decoded:
    parts: list[bytes] = []
    size = 0
    while data:
        member = zlib.decompressobj(wbits)
        part = member.decompress(data, limit + 1 - size)
        size += len(part)
        _bounded(size, limit)
        parts.append(part)
        if not member.eof:
            return Decoded(b"".join(parts), complete=False)
        data = member.unused_data.lstrip(b"\0")
    return Decoded(b"".join(parts))


def _gunzip(data: bytes, limit: int) -> Decoded:
    return _inflate(data, limit, 31)


def _deflate(data: bytes, limit: int) -> Decoded:
    # RFC 9110 means zlib data, but raw deflate has been sent under this name for decades.
    zlib_wrapped = len(data) >= 2 and data[0] & 0x0F == 8 and int.from_bytes(data[:2], "big") % 31 == 0
    return _inflate(data, limit, 15 if zlib_wrapped else -15)


def _unbrotli(data: bytes, limit: int) -> Decoded:
    decoder = brotli.Decompressor()
    parts = [decoder.process(data, output_buffer_limit=limit + 1)]
    size = len(parts[0])
    while not decoder.is_finished() and size <= limit:
        more = b"" if decoder.can_accept_more_data() else decoder.process(b"", output_buffer_limit=limit + 1 - size)
        if not more:
            break
        parts.append(more)
        size += len(more)
    _bounded(size, limit)
    return Decoded(b"".join(parts), complete=bool(decoder.is_finished()))


def _unzstd(data: bytes, limit: int) -> Decoded:
    parts: list[bytes] = []
    size = 0
    while data:
        frame = zstandard.ZstdDecompressor(max_window_size=128 * 1024 * 1024).decompressobj()
        position = 0
        # Small steps: one call can't be told how much to give back, and a byte may stand for 30 kB.
        while position < len(data) and not frame.eof:
            part = frame.decompress(data[position : position + _ZSTD_STEP])
            position += _ZSTD_STEP
            size += len(part)
            _bounded(size, limit)
            parts.append(part)
        if not frame.eof:
            return Decoded(b"".join(parts), complete=False)
        data = frame.unused_data + data[position:]
    return Decoded(b"".join(parts))


_DECODERS: dict[str, Callable[[bytes, int], Decoded]] = {
    "gzip": _gunzip,
    "x-gzip": _gunzip,
    "deflate": _deflate,
    "br": _unbrotli,
    "zstd": _unzstd,
}


def _integer(digits: str) -> int | None:
    return int(digits) if len(digits) <= _INTEGER_DIGITS else None


class JsonReader:
    """Reads JSON that may be hostile: NaN and numbers beyond measure become null; repeated keys are noticed if asked."""

    def __init__(self, notice_repeated: bool = False) -> None:
        self.repeated_key = False
        hook = self._object if notice_repeated else None
        self._decoder = json.JSONDecoder(
            object_pairs_hook=hook, parse_int=_integer, parse_constant=lambda _: None, strict=False
        )

    def _object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        self.repeated_key = self.repeated_key or len(found) != len(pairs)
        return found

    def value(self, data: bytes | str) -> Any:
        """The one JSON value in `data`; raises Unreadable with the reason otherwise."""
        text = data if isinstance(data, str) else _unicode(data)
        try:
            return self._decoder.decode(text)
        except RecursionError as problem:
            raise Unreadable("JSON nested too deeply") from problem
        except ValueError as problem:
            raise Unreadable(f"not JSON: {problem}"[:200]) from problem

    def first_value(self, text: str, position: int) -> tuple[Any, int] | None:
        """The JSON value that begins at `position` and where it ends; None when it is broken off or none."""
        try:
            value, end = self._decoder.raw_decode(text, position)
        except (ValueError, RecursionError):
            return None
        return value, end


def _unicode(data: bytes) -> str:
    encoding = json.detect_encoding(data)
    return data.decode("utf-8-sig" if encoding == "utf-8" else encoding, "replace")


@dataclass(frozen=True, slots=True)
class Event:
    """One event of a stream: its name (SSE `event:` field, AWS event type) and its payload, not yet read."""

    name: str
    data: str


_LINE_END = re.compile(r"\r\n|\n|\r")


def sse_events(data: bytes) -> Iterator[Event]:
    """Events of a text/event-stream (WHATWG HTML, section 9.2), an unfinished last one included."""
    name, lines = "", list[str]()
    for line in _LINE_END.split(_unicode(data)):
        if not line:
            if lines:
                yield Event(name, "\n".join(lines))
            name, lines = "", []
            continue
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "data":
            lines.append(value)
        elif field == "event":
            name = value
    if lines:
        yield Event(name, "\n".join(lines))


def line_events(data: bytes) -> Iterator[Event]:
    """Lines of newline-delimited JSON, empty ones left out."""
    for line in _unicode(data).split("\n"):
        if line.strip():
            yield Event("", line.strip())


def json_lines(data: bytes, most: int = 100_000) -> tuple[list[dict[str, Any]], str | None]:
    """The objects of newline-delimited JSON, and what was not read of it (None: all was).

    Raises Unreadable when the first line is no object: then the file is something else.
    """
    reader = JsonReader()
    found: list[dict[str, Any]] = []
    bad = 0
    lines = line_events(data)
    for event in islice(lines, most):
        try:
            value = reader.value(event.data)
        except Unreadable:
            if not found:
                raise
            value = None
        if isinstance(value, dict):
            found.append(value)
        elif not found:
            raise Unreadable("not lines of JSON objects")
        else:
            bad += 1
    told = [f"{bad} lines could not be read as JSON objects"] if bad else []
    if more := sum(1 for _ in lines):
        told.append(f"{more} lines after the first {most} were not read")
    return found, ", ".join(told) or None


def array_values(data: bytes, reader: JsonReader) -> tuple[list[Any], bool]:
    """The values of a JSON array that may break off, and whether its closing bracket was reached."""
    text = _unicode(data)
    position = _after_filler(text, 0, " \t\r\n[")
    values: list[Any] = []
    while position < len(text) and text[position] != "]":
        found = reader.first_value(text, position)
        if found is None:
            return values, False
        values.append(found[0])
        position = _after_filler(text, found[1], " \t\r\n,")
    return values, position < len(text)


def _after_filler(text: str, position: int, filler: str) -> int:
    while position < len(text) and text[position] in filler:
        position += 1
    return position


@dataclass(frozen=True, slots=True)
class FormPart:
    """One field of a multipart form; `filename` is None for plain fields."""

    name: str
    filename: str | None
    data: bytes


_BOUNDARY = re.compile(r'boundary="?([^";,]{1,200})"?', re.IGNORECASE)
_DISPOSITION = re.compile(rb'(file)?name="([^"\r\n]{0,300})"', re.IGNORECASE)


def form_parts(body: bytes, content_type: str) -> list[FormPart]:
    """Parts of a multipart/form-data body (RFC 7578); empty when there is no boundary or no part."""
    boundary = _BOUNDARY.search(content_type)
    if boundary is None:
        return []
    parts: list[FormPart] = []
    for piece in body.split(b"--" + boundary.group(1).strip().encode("latin-1", "replace"), _PARTS_LIMIT)[1:]:
        head, gap, data = piece.partition(b"\r\n\r\n")
        if gap:
            names = {bool(m.group(1)): m.group(2).decode("utf-8", "replace") for m in _DISPOSITION.finditer(head)}
            parts.append(FormPart(names.get(False, ""), names.get(True), data.removesuffix(b"\r\n")))
    return parts
