"""Header blocks of HTTP/2 (HPACK, RFC 7541): read with the tables a connection builds up, written without any.

A recorder reads every request's block, and most of one repeats the block before it: what was decoded or written once is
looked up. tests/capture/test_header_blocks.py holds the reading against the hpack library's, block by block.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterable, Sequence
from functools import lru_cache

from hpack.exceptions import HPACKError
from hpack.huffman_table import decode_huffman
from hpack.table import HeaderTable

Field = tuple[bytes, bytes]

_STATIC: tuple[Field, ...] = HeaderTable.STATIC_TABLE
_ENTRY = 32  # what an entry counts beside its texts (RFC 7541, 4.1)
# How many blocks of one connection are remembered, and up to which size in bytes.
_MOST_KNOWN, _LARGEST_KNOWN = 64, 4096
# Texts that are remembered between connections; longer ones are decoded each time.
_LONGEST_TEXT = 1024


class Undecodable(ValueError):
    """A block that RFC 7541 does not allow, or that is larger than what is read."""


class BlockDecoder:
    """Decodes the header blocks of one direction of a connection, in order."""

    def __init__(self, *, largest_list: int, largest_table: int) -> None:
        """largest_list: bytes that one block's fields may come to, 32 each beside their texts. largest_table: bytes that
        the peer may let the table grow to."""
        self._largest_list = largest_list
        self._largest_table = largest_table
        self._entries: deque[Field] = deque()
        self._size = 0
        self._capacity = HeaderTable.DEFAULT_SIZE
        self._changes = 0
        self._known: dict[bytes, list[Field]] = {}

    def decode(self, block: bytes) -> list[Field]:
        """The fields of a block. One that came before may give the same list again: it is not to be changed.
        Raises Undecodable; the connection is then lost."""
        known = self._known.get(block)
        if known is not None:
            return known
        changes = self._changes
        try:
            fields = self._decode(block)
        except (IndexError, HPACKError) as error:
            raise Undecodable("it ends early, or names an entry that is not there") from error
        if self._changes != changes:
            self._known.clear()  # the same bytes now mean something else
        elif len(block) <= _LARGEST_KNOWN and len(self._known) < _MOST_KNOWN:
            self._known[block] = fields
        return fields

    def _decode(self, block: bytes) -> list[Field]:
        fields: list[Field] = []
        total, at, end = 0, 0, len(block)
        while at < end:
            first = block[at]
            if first & 0x80:
                index, at = _number(block, at, 0x7F)
                field = self._entry(index)
            elif first & 0xE0 == 0x20:
                at = self._resize(block, at, bool(fields))
                continue
            else:
                kept = bool(first & 0x40)
                index, at = _number(block, at, 0x3F if kept else 0x0F)
                if index:
                    name = self._entry(index)[0]
                else:
                    name, at = _text(block, at)
                value, at = _text(block, at)
                field = (name, value)
                if kept:
                    self._add(field)
            fields.append(field)
            total += _ENTRY + len(field[0]) + len(field[1])
            if total > self._largest_list:
                raise Undecodable("its fields are too long together")
        return fields

    def _entry(self, index: int) -> Field:
        if index == 0:
            raise Undecodable("it names an entry without a number")
        return _STATIC[index - 1] if index <= len(_STATIC) else self._entries[index - 1 - len(_STATIC)]

    def _add(self, field: Field) -> None:
        self._changes += 1
        self._entries.appendleft(field)
        self._size += _ENTRY + len(field[0]) + len(field[1])
        self._evict()

    def _resize(self, block: bytes, at: int, begun: bool) -> int:
        if begun:
            raise Undecodable("its table changes its size after the first field")
        size, at = _number(block, at, 0x1F)
        if size > self._largest_table:
            raise Undecodable("its table is to grow beyond measure")
        self._changes += 1
        self._capacity = size
        self._evict()
        return at

    def _evict(self) -> None:
        while self._size > self._capacity:
            name, value = self._entries.pop()
            self._size -= _ENTRY + len(name) + len(value)


def _number(block: bytes, at: int, mask: int) -> tuple[int, int]:
    """The integer whose prefix is what `mask` leaves of the byte at `at`, and where it ends (RFC 7541, 5.1)."""
    number = block[at] & mask
    at += 1
    if number < mask:
        return number, at
    shift = 0
    while True:
        byte = block[at]
        at += 1
        number += (byte & 0x7F) << shift
        if byte < 0x80:
            return number, at
        shift += 7
        if shift > 28:
            raise Undecodable("it holds a number beyond measure")


def _text(block: bytes, at: int) -> tuple[bytes, int]:
    """A string and where it ends (RFC 7541, 5.2)."""
    squeezed = block[at] & 0x80
    length, at = _number(block, at, 0x7F)
    end = at + length
    if end > len(block):
        raise Undecodable("a text ends early")
    text = block[at:end]
    if squeezed:
        text = _known_unsqueezed(text) if length <= _LONGEST_TEXT else _unsqueezed(text)
    return text, end


def _unsqueezed(text: bytes) -> bytes:
    return bytes(decode_huffman(text))


_known_unsqueezed = lru_cache(maxsize=512)(_unsqueezed)


def literal_block(fields: Iterable[Field]) -> bytes:
    """A header block of "never indexed" literals (RFC 7541, section 6.2.3): no state on either side."""
    return b"".join([_known_literal(field) if len(field[1]) <= _LONGEST_TEXT else _literal(field) for field in fields])


def _literal(field: Field) -> bytes:
    name, value = field
    return b"\x10" + _length(name) + name + _length(value) + value


_known_literal = lru_cache(maxsize=512)(_literal)


def _length(text: bytes) -> bytes:
    if len(text) < 127:
        return bytes((len(text),))
    rest, digits = len(text) - 127, bytearray(b"\x7f")
    while rest >= 128:
        digits.append(rest % 128 | 128)
        rest //= 128
    digits.append(rest)
    return bytes(digits)


def pack_headers(fields: Sequence[Field]) -> bytes:
    """Header fields as the payload of a frame of the journal: JSON, a list of pairs."""
    packed = [_known_packed(field) if len(field[1]) <= _LONGEST_TEXT else _packed(field) for field in fields]
    return b"[" + b", ".join(packed) + b"]"


def _packed(field: Field) -> bytes:
    return json.dumps((field[0].decode("latin-1"), field[1].decode("latin-1"))).encode()


_known_packed = lru_cache(maxsize=512)(_packed)


def unpack_headers(payload: bytes) -> list[Field]:
    """Header fields of a frame's payload; an empty payload holds none."""
    if not payload:
        return []
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in json.loads(payload)]
