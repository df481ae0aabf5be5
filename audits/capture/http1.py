"""HTTP/1.1 heads and body framing (RFC 9112), strict where leniency would let two readers see different messages.

Heads are kept as the bytes they came in, so that what is passed on is what was sent. Anything ambiguous (folded lines,
white space before a colon, two lengths, a length beside chunked) raises Malformed: such a message is answered by the
recorder and never forwarded, since the far end might read another message than the one recorded.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

LARGEST_HEAD = 128 * 1024
LARGEST_TRAILER = 64 * 1024
# Lines that are remembered as they were read.
MOST_KNOWN_LINES, LONGEST_KNOWN_LINE = 4096, 512
HEAD_END = b"\r\n\r\n"
Header = tuple[bytes, bytes]

_REQUEST_LINE = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]{1,64}) ([^\x00-\x20\x7f]+) HTTP/(1\.[01])\r\n")
_STATUS_LINE = re.compile(rb"HTTP/(1\.[01]) ([1-9][0-9]{2})(?: [^\x00\r\n]*)?\r\n")
_NAME = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
# All header lines and the empty one, checked in one step of compiled code.
_FIELDS = re.compile(rb"(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[^\x00\r\n]*\r\n)*\r\n")
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\x00\r\n]*)?")


class Malformed(ValueError):
    """The peer sent something that is not one unambiguous HTTP/1.1 message."""


@dataclass(slots=True)
class Head:
    """What of a request's or response's head decides how it is passed on.

    start: (method, target, version) of a request, (version, status, b"") of a response. length None: no
    Content-Length. The header lines themselves stay in `raw`, which ends with the empty line.
    """

    raw: bytes
    start: tuple[bytes, bytes, bytes]
    length: int | None
    chunked: bool
    close: bool
    keep_alive: bool
    upgrade: bool
    expect_continue: bool
    host: bytes | None


def parse_request_head(raw: bytes) -> Head:
    """A request's head, the empty line included; raises Malformed."""
    match = _REQUEST_LINE.match(raw)
    if match is None:
        raise Malformed("the request line is not HTTP/1.x")
    method, target, version = match.groups()
    head = _parse_fields(raw, match.end(), (method, target, version))
    if head.chunked and version == b"1.0":
        raise Malformed("HTTP/1.0 has no chunked bodies")
    return head


def parse_response_head(raw: bytes) -> Head:
    """A response's head, the empty line included; raises Malformed."""
    match = _STATUS_LINE.match(raw)
    if match is None:
        raise Malformed("the status line is not HTTP/1.x")
    return _parse_fields(raw, match.end(), (match[1], match[2], b""))


def split_fields(block: bytes) -> list[Header]:
    """The header lines of a head without its first line, as (name, value) in the case they came in."""
    fields = []
    for line in block.split(b"\r\n"):
        if line:
            name, _, value = line.partition(b":")
            fields.append((name, value.strip(b" \t")))
    return fields


class FieldLines:
    """Splits heads into fields, remembering lines: programs and servers send the same ones over and over."""

    def __init__(self) -> None:
        self._known: dict[bytes, Header] = {}

    def split(self, block: bytes) -> list[Header]:
        """What `split_fields` gives; equal lines give the same field."""
        known = self._known
        return [known.get(line) or self._read(line) for line in block.split(b"\r\n") if line]

    def _read(self, line: bytes) -> Header:
        name, _, value = line.partition(b":")
        field = (name, value.strip(b" \t"))
        if len(line) <= LONGEST_KNOWN_LINE:
            if len(self._known) >= MOST_KNOWN_LINES:
                self._known.clear()
            self._known[line] = field
        return field


def _parse_fields(raw: bytes, fields_at: int, start: tuple[bytes, bytes, bytes]) -> Head:
    if not _FIELDS.fullmatch(raw, fields_at):
        raise Malformed("a header line is not well formed")
    head = Head(raw, start, None, False, False, False, False, False, None)
    # Every line begins after CRLF: looking for the few names that matter costs less than reading all lines.
    lower = raw.lower()
    for mark, read in _READERS:
        at = lower.find(mark)
        while at >= 0:
            end = raw.index(b"\r", at + len(mark))
            read(head, raw[at + len(mark) : end].strip(b" \t"))
            at = lower.find(mark, end)
    if head.chunked and head.length is not None:
        raise Malformed("both Content-Length and Transfer-Encoding")
    return head


def _read_length(head: Head, value: bytes) -> None:
    # Python's int() takes "+1", "1_0" and spaces; HTTP takes digits alone.
    if not value.isdigit() or len(value) > 18:
        raise Malformed("Content-Length is not a number")
    length = int(value)
    if head.length is not None and head.length != length:
        raise Malformed("two different Content-Lengths")
    head.length = length


def _read_transfer(head: Head, value: bytes) -> None:
    if head.chunked or value.lower() != b"chunked":
        raise Malformed("a Transfer-Encoding other than chunked")
    head.chunked = True


def _read_connection(head: Head, value: bytes) -> None:
    for token in value.lower().split(b","):
        token = token.strip()
        head.close = head.close or token == b"close"
        head.keep_alive = head.keep_alive or token == b"keep-alive"
        head.upgrade = head.upgrade or token == b"upgrade"


def _read_expect(head: Head, value: bytes) -> None:
    head.expect_continue = value.lower() == b"100-continue"


def _read_host(head: Head, value: bytes) -> None:
    if head.host is not None:
        raise Malformed("two Host headers")
    head.host = value


_READERS = (
    (b"\r\ncontent-length:", _read_length),
    (b"\r\ntransfer-encoding:", _read_transfer),
    (b"\r\nconnection:", _read_connection),
    (b"\r\nexpect:", _read_expect),
    (b"\r\nhost:", _read_host),
)


class Body:
    """The framing of one message body: bytes of the stream in, payload out, and where the message ends.

    length: so many bytes; None with chunked: chunks; None without: until the connection closes.
    """

    __slots__ = ("_chunk_left", "_left", "_line", "chunked", "done", "size", "trailers")

    def __init__(self, length: int | None, chunked: bool) -> None:
        self.chunked = chunked
        self.done = length == 0 and not chunked
        self.size = 0
        self.trailers: list[Header] = []
        self._left = length
        self._chunk_left: int | None = None
        self._line = b""

    def feed(self, data: bytes) -> tuple[int, bytes]:
        """Take bytes of the stream: how many of them belong to this message, and the payload among those.

        Raises Malformed for broken chunking.
        """
        if self.chunked:
            return self._feed_chunks(data)
        if self._left is None:
            self.size += len(data)
            return len(data), data
        taken = data if len(data) <= self._left else data[: self._left]
        self._left -= len(taken)
        self.size += len(taken)
        self.done = self._left == 0
        return len(taken), taken

    @property
    def left(self) -> int | None:
        """How many bytes are still to come; None when that is not known beforehand."""
        return None if self.chunked else self._left

    @property
    def until_close(self) -> bool:
        """Whether only the end of the connection ends this body."""
        return not self.chunked and self._left is None

    def _feed_chunks(self, data: bytes) -> tuple[int, bytes]:
        position, parts = 0, []
        while position < len(data) and not self.done:
            if self._chunk_left:
                part = data[position : position + self._chunk_left]
                parts.append(part)
                position += len(part)
                self._chunk_left -= len(part)
                continue
            end = data.find(b"\n", position)
            stop = len(data) if end < 0 else end + 1
            self._line += data[position:stop]
            position = stop
            if len(self._line) > LARGEST_TRAILER:
                raise Malformed("a chunk's head is too long")
            if end >= 0:
                self._take_line()
        payload = parts[0] if len(parts) == 1 else b"".join(parts)
        self.size += len(payload)
        return position, payload

    def _take_line(self) -> None:
        """One line between chunks: the end of a chunk, the size of the next, a trailer, or the end of all."""
        line, self._line = self._line, b""
        if not line.endswith(b"\r\n"):
            raise Malformed("a line inside a chunked body does not end with CRLF")
        line = line[:-2]
        if self._chunk_left == 0:
            if line:
                raise Malformed("a chunk is longer than its size says")
            self._chunk_left = None
        elif self._left is not None:
            self._take_trailer(line)
        else:
            match = _CHUNK_SIZE.fullmatch(line)
            if match is None:
                raise Malformed("a chunk's size is not a number")
            size = int(match[1], 16)
            if size:
                self._chunk_left = size
            else:
                self._left = 0

    def _take_trailer(self, line: bytes) -> None:
        # After the last chunk `_left` is 0: what follows are trailers up to an empty line.
        if not line:
            self.done = True
            return
        name, colon, value = line.partition(b":")
        if not colon or not _NAME.fullmatch(name) or len(self.trailers) > 200:
            raise Malformed("a trailer is not well formed")
        self.trailers.append((name, value.strip(b" \t")))


def request_body(head: Head) -> Body:
    """The framing of a request's body: none unless a length or chunks announce one."""
    return Body(None if head.chunked else head.length or 0, head.chunked)


def response_body(head: Head, method: bytes) -> Body:
    """The framing of a final response's body, by the method asked with (RFC 9112, section 6.3)."""
    status = head.start[1]
    if method == b"HEAD" or status in (b"204", b"304"):
        return Body(0, False)
    return Body(None if head.chunked else head.length, head.chunked)


def stays_open(head: Head, version: bytes) -> bool:
    """Whether the sender of a head keeps the connection open after this message."""
    if head.close:
        return False
    return version == b"1.1" or head.keep_alive
