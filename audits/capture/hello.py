"""What the first bytes of a connection say: TLS, HTTP, HTTP/2 in the clear, or something we cannot pass on faithfully."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Opening = Literal["tls", "http", "h2c", "unknown", "incomplete"]

H2_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_HANDSHAKE, _CLIENT_HELLO = 22, 1
_SERVER_NAME, _ALPN, _ECH = 0, 16, 0xFE0D
LARGEST_HELLO = 64 * 1024
_METHOD = re.compile(rb"[A-Z][A-Z0-9_-]{0,31} ")
_PART_OF_METHOD = re.compile(rb"[A-Z][A-Z0-9_-]{0,31}\Z")


@dataclass(frozen=True)
class ClientHello:
    """The parts of a TLS ClientHello (RFC 8446, section 4.1.2) that decide where a connection goes."""

    server_name: str | None
    protocols: tuple[str, ...]
    encrypted_hello: bool


class MalformedHello(ValueError):
    """The bytes begin like a TLS handshake and are none."""


def classify(first: bytes) -> Opening:
    """What a connection that begins with these bytes speaks; `incomplete` when more bytes are needed to tell."""
    if not first:
        return "incomplete"
    if first[0] == _HANDSHAKE:
        if len(first) < 3:
            return "incomplete"
        return "tls" if first[1] == 3 else "unknown"
    if H2_PREFACE.startswith(first[: len(H2_PREFACE)]):
        return "h2c" if len(first) >= len(H2_PREFACE) else "incomplete"
    if _METHOD.match(first):
        return "http"
    return "incomplete" if _PART_OF_METHOD.match(first) else "unknown"


def parse_client_hello(first: bytes) -> ClientHello | None:
    """The hello at the start of a connection, or None when it is not complete yet. Raises MalformedHello."""
    handshake, _ = _handshake_bytes(first)
    if len(handshake) >= 1 and handshake[0] != _CLIENT_HELLO:
        raise MalformedHello("the first handshake message is not a ClientHello")
    if len(handshake) < 4:
        return None
    length = int.from_bytes(handshake[1:4], "big")
    if length > LARGEST_HELLO:
        raise MalformedHello("the ClientHello is implausibly long")
    if len(handshake) < 4 + length:
        return None
    try:
        return _parse_body(handshake[4 : 4 + length])
    except (IndexError, UnicodeDecodeError) as error:
        raise MalformedHello("the ClientHello is cut off inside") from error


def _handshake_bytes(first: bytes) -> tuple[bytes, int]:
    """The handshake bytes carried by the records present, and where the last record announced so far ends."""
    parts: list[bytes] = []
    position = 0
    while position + 5 <= len(first):
        if first[position] != _HANDSHAKE:
            raise MalformedHello("another record stands inside the ClientHello")
        length = int.from_bytes(first[position + 3 : position + 5], "big")
        if not 0 < length <= 16384 + 256:
            raise MalformedHello("a record of impossible length")
        parts.append(first[position + 5 : position + 5 + length])
        position += 5 + length
    return b"".join(parts), position


def _parse_body(body: bytes) -> ClientHello:
    position = 2 + 32
    position += 1 + _at(body, position)
    position += 2 + int.from_bytes(_slice(body, position, 2), "big")
    position += 1 + _at(body, position)
    name: str | None = None
    protocols: tuple[str, ...] = ()
    encrypted = False
    end = len(body)
    position += 2
    while position + 4 <= end:
        kind = int.from_bytes(_slice(body, position, 2), "big")
        data = _slice(body, position + 4, int.from_bytes(_slice(body, position + 2, 2), "big"))
        position += 4 + len(data)
        if kind == _SERVER_NAME:
            name = _server_name(data)
        elif kind == _ALPN:
            protocols = _protocols(data)
        encrypted = encrypted or kind == _ECH
    return ClientHello(name, protocols, encrypted)


def _server_name(data: bytes) -> str | None:
    if len(data) < 5 or data[2] != 0:
        return None
    name = _slice(data, 5, int.from_bytes(data[3:5], "big")).decode("ascii")
    return name.lower().rstrip(".") if re.fullmatch(r"[A-Za-z0-9._-]{1,255}", name) else None


def _protocols(data: bytes) -> tuple[str, ...]:
    found: list[str] = []
    position = 2
    while position < len(data):
        length = data[position]
        found.append(_slice(data, position + 1, length).decode("latin-1"))
        position += 1 + length
    return tuple(found)


def _at(body: bytes, position: int) -> int:
    return body[position]


def _slice(body: bytes, position: int, length: int) -> bytes:
    if position + length > len(body):
        raise IndexError(position + length)
    return body[position : position + length]
