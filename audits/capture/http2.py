"""HTTP/2 frames (RFC 9113) as far as a recorder that passes them on needs to read them, and literal HPACK.

A client's connection is joined to one upstream connection and frames are passed on as they are, so settings, flow
control, priorities and GOAWAY stay between the two ends. Only header blocks towards the upstream are written anew,
because credentials are put in there; they are written without the dynamic table, which any peer must accept.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from audits.capture.header_blocks import BlockDecoder, Field, Undecodable, literal_block

DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
END_STREAM, ACK, END_HEADERS, PADDED, HAS_PRIORITY = 0x1, 0x1, 0x4, 0x8, 0x20
FRAME_HEAD = 9
# RFC 9113 allows 16 MiB when the receiver announces it; more than this waits for nobody's memory.
LARGEST_FRAME = 16 * 1024 * 1024 + 255
# Every receiver takes frames of this size, whatever its settings say.
SAFE_FRAME = 16384
LARGEST_HEADERS = 256 * 1024
LARGEST_TABLE = 1 << 20
NO_ERROR, PROTOCOL_ERROR, CANCEL, ENHANCE_YOUR_CALM = 0, 1, 8, 11


class Malformed(ValueError):
    """The peer's bytes are not HTTP/2."""


@dataclass(slots=True)
class H2Frame:
    """One frame; raw holds all its bytes, head included."""

    type: int
    flags: int
    stream: int
    raw: bytes

    @property
    def payload(self) -> bytes:
        """The payload as sent, padding included."""
        return self.raw[FRAME_HEAD:]

    @property
    def ends_stream(self) -> bool:
        """Whether the sender sends nothing more on this stream."""
        return self.type in (DATA, HEADERS) and bool(self.flags & END_STREAM)

    def content(self) -> bytes:
        """The payload without padding and priority; raises Malformed."""
        body = self.raw[FRAME_HEAD:]
        padding = 0
        if self.type in (DATA, HEADERS, PUSH_PROMISE) and self.flags & PADDED:
            padding, body = body[0] if body else 1, body[1:]
        if self.type == HEADERS and self.flags & HAS_PRIORITY:
            body = body[5:]
        if padding > len(body):
            raise Malformed("a frame is padded beyond its length")
        return body[: len(body) - padding]


def take_frames(data: bytes) -> tuple[list[H2Frame], int]:
    """The complete frames at the start of `data`, and how many bytes they take. Raises Malformed."""
    frames, position = [], 0
    while position + FRAME_HEAD <= len(data):
        length = int.from_bytes(data[position : position + 3], "big")
        if length > LARGEST_FRAME:
            raise Malformed("a frame of impossible length")
        end = position + FRAME_HEAD + length
        if end > len(data):
            break
        stream = int.from_bytes(data[position + 5 : position + 9], "big") & 0x7FFFFFFF
        frames.append(H2Frame(data[position + 3], data[position + 4], stream, data[position:end]))
        position = end
    return frames, position


def frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    """One frame's bytes."""
    return len(payload).to_bytes(3, "big") + bytes((kind, flags)) + stream.to_bytes(4, "big") + payload


def header_frames(stream: int, fields: Iterable[Field], *, end_stream: bool) -> bytes:
    """HEADERS and, where the block is long, CONTINUATION frames."""
    return block_frames(stream, literal_block(fields), end_stream=end_stream)


def block_frames(stream: int, block: bytes, *, end_stream: bool) -> bytes:
    """A header block in HEADERS and, where it is long, CONTINUATION frames."""
    if len(block) <= SAFE_FRAME:
        return frame(HEADERS, END_HEADERS | (END_STREAM if end_stream else 0), stream, block)
    pieces = [block[at : at + SAFE_FRAME] for at in range(0, len(block), SAFE_FRAME)]
    written = []
    for number, piece in enumerate(pieces):
        flags = END_HEADERS if number == len(pieces) - 1 else 0
        if number == 0:
            written.append(frame(HEADERS, flags | (END_STREAM if end_stream else 0), stream, piece))
        else:
            written.append(frame(CONTINUATION, flags, stream, piece))
    return b"".join(written)


@dataclass
class HeaderBlocks:
    """Gathers the header blocks of one direction of a connection, in order, and decodes them."""

    decoder: BlockDecoder = field(
        # The table's size is agreed between the two ends, whose settings are passed on unread.
        default_factory=lambda: BlockDecoder(largest_list=LARGEST_HEADERS, largest_table=LARGEST_TABLE)
    )
    _open: H2Frame | None = None
    _parts: list[bytes] = field(default_factory=list)

    def take(self, item: H2Frame) -> tuple[H2Frame, list[Field]] | None:
        """Feed HEADERS, PUSH_PROMISE and CONTINUATION frames; the frame that began a block with its fields once it is
        complete. A block that came before may give the same list again: it is not to be changed. Raises Malformed."""
        if item.type == CONTINUATION:
            if self._open is None or self._open.stream != item.stream:
                raise Malformed("a CONTINUATION frame continues nothing")
            self._parts.append(item.payload)
        else:
            if self._open is not None:
                raise Malformed("a header block is interrupted")
            content = item.content()
            self._open, self._parts = item, [content[4:] if item.type == PUSH_PROMISE else content]
        if sum(map(len, self._parts)) > LARGEST_HEADERS:
            raise Malformed("a header block is too long")
        if not item.flags & END_HEADERS:
            return None
        first, self._open = self._open, None
        return first, self._decode(b"".join(self._parts))

    @property
    def unfinished(self) -> bool:
        """Whether a block has begun and not ended."""
        return self._open is not None

    def _decode(self, block: bytes) -> list[Field]:
        try:
            return self.decoder.decode(block)
        except Undecodable as error:
            raise Malformed(f"a header block cannot be decoded: {error}") from error


def first_value(fields: Sequence[Field], name: bytes) -> bytes | None:
    """The value of the first field of this (lower-case) name."""
    return next((value for key, value in fields if key == name), None)
