"""Reading a DNS question and writing its answer (RFC 1035), for a resolver that knows only synthetic addresses."""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Sequence
from dataclasses import dataclass

PORT = 53
A, AAAA = 1, 28
TYPE_NAMES = {1: "A", 2: "NS", 5: "CNAME", 6: "SOA", 12: "PTR", 15: "MX", 16: "TXT", 28: "AAAA", 33: "SRV", 65: "HTTPS"}
TYPE_NAMES[64] = "SVCB"
INTERNET = 1
# Long enough that a client need not ask again for every call, short enough not to outlive a run's name.
TIME_TO_LIVE = 60
_HEADER = struct.Struct("!HHHHHH")
_QUESTION_TAIL = struct.Struct("!HH")
_RECORD = struct.Struct("!HHHIH")
_RESPONSE, _RECURSION_DESIRED, _RECURSION_AVAILABLE, _OPCODE = 0x8000, 0x0100, 0x0080, 0x7800
_NOT_IMPLEMENTED = 4

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class MalformedQuery(ValueError):
    """The datagram is no DNS question that can be answered."""


@dataclass(frozen=True)
class Question:
    """One question: its name without the trailing dot, its numeric type, and the bytes needed to answer it."""

    name: str
    type: int
    identifier: int
    flags: int
    raw: bytes

    @property
    def type_name(self) -> str:
        """ "A", "AAAA", …; "TYPE64000" for a type without a name (RFC 3597)."""
        return TYPE_NAMES.get(self.type, f"TYPE{self.type}")


def parse_query(message: bytes) -> Question:
    """The first question of a query message; raises MalformedQuery for anything else."""
    if len(message) < _HEADER.size:
        raise MalformedQuery("shorter than a DNS header")
    identifier, flags, questions, *_ = _HEADER.unpack_from(message)
    if flags & _RESPONSE or questions < 1:
        raise MalformedQuery("not a question")
    name, position = _read_name(message, _HEADER.size)
    if position + _QUESTION_TAIL.size > len(message):
        raise MalformedQuery("the question is cut off")
    kind, _ = _QUESTION_TAIL.unpack_from(message, position)
    end = position + _QUESTION_TAIL.size
    return Question(name, kind, identifier, flags, message[_HEADER.size : end])


def answer(question: Question, addresses: Sequence[Address]) -> bytes:
    """A complete answer: the addresses of the asked type; nothing (NOERROR, no records) for every other type."""
    records = [address.packed for address in addresses if question.type == (A if address.version == 4 else AAAA)]
    flags = _RESPONSE | _RECURSION_AVAILABLE | (question.flags & (_RECURSION_DESIRED | _OPCODE))
    if question.flags & _OPCODE:
        records, flags = [], flags | _NOT_IMPLEMENTED
    body = [_HEADER.pack(question.identifier, flags, 1, len(records), 0, 0), question.raw]
    for packed in records:
        # 0xC00C points back at the question's name.
        body.append(_RECORD.pack(0xC00C, question.type, INTERNET, TIME_TO_LIVE, len(packed)) + packed)
    return b"".join(body)


def _read_name(message: bytes, position: int) -> tuple[str, int]:
    labels: list[str] = []
    while True:
        if position >= len(message):
            raise MalformedQuery("the name is cut off")
        length = message[position]
        position += 1
        if length == 0:
            return ".".join(labels), position
        if length > 63 or position + length > len(message) or len(labels) > 127:
            raise MalformedQuery("the name is not well formed")
        labels.append(message[position : position + length].decode("ascii", "backslashreplace"))
        position += length
