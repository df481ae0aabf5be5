"""Ed25519 signatures (RFC 8032) checked in plain Python, and the text that a DSSE envelope signs.

Part of the stand-alone verifier: Python 3.8 and the standard library only. It checks and never signs, so nothing
secret passes through it and its running time may depend on its input.
"""

from __future__ import annotations

import hashlib
from typing import Tuple  # noqa: UP035 (this alias is evaluated, and Python 3.8 has no tuple[...])

_P = 2**255 - 19
_ORDER = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, _P - 2, _P) % _P
_SQRT_MINUS_1 = pow(2, (_P - 1) // 4, _P)
_Point = Tuple[int, int, int, int]  # noqa: UP006
_ZERO: _Point = (0, 1, 1, 0)


def _add(a: _Point, b: _Point) -> _Point:
    e, f = (a[1] - a[0]) * (b[1] - b[0]), (a[1] + a[0]) * (b[1] + b[0])
    g, h = 2 * a[3] * b[3] * _D, 2 * a[2] * b[2]
    e, f, g, h = (f - e) % _P, (h - g) % _P, (h + g) % _P, (f + e) % _P
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P


def _times(s: int, a: _Point, k: int, b: _Point) -> _Point:
    """s·a + k·b, both scalars taken bit by bit together."""
    both = _add(a, b)
    total: _Point = _ZERO
    for bit in range(max(s.bit_length(), k.bit_length()) - 1, -1, -1):
        total = _add(total, total)
        which = (s >> bit & 1) + 2 * (k >> bit & 1)
        if which:
            total = _add(total, a if which == 1 else b if which == 2 else both)
    return total


def _is_small(point: _Point) -> bool:
    """Whether eight times the point is nothing: a key that any signature fits."""
    for _ in range(3):
        point = _add(point, point)
    return _encode(point) == _encode(_ZERO)


def _x_of(y: int, sign: int) -> int | None:
    square = (y * y - 1) * pow(_D * y * y + 1, _P - 2, _P) % _P
    x = pow(square, (_P + 3) // 8, _P)
    if (x * x - square) % _P:
        x = x * _SQRT_MINUS_1 % _P
    if (x * x - square) % _P or (x == 0 and sign):
        return None
    return _P - x if x & 1 != sign else x


def _decode(data: bytes) -> _Point | None:
    number = int.from_bytes(data, "little")
    y, sign = number & (2**255 - 1), number >> 255
    x = _x_of(y, sign) if y < _P else None
    return None if x is None else (x, y, 1, x * y % _P)


def _encode(point: _Point) -> bytes:
    inverse = pow(point[2], _P - 2, _P)
    x, y = point[0] * inverse % _P, point[1] * inverse % _P
    return (y | (x & 1) << 255).to_bytes(32, "little")


_BASE = _decode((4 * pow(5, _P - 2, _P) % _P).to_bytes(32, "little"))


def signature_holds(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether an Ed25519 signature is valid: canonical scalar, no key of small order, equation without cofactor."""
    if len(public_key) != 32 or len(signature) != 64 or _BASE is None:
        return False
    key = _decode(public_key)
    s = int.from_bytes(signature[32:], "little")
    if key is None or s >= _ORDER or _is_small(key):
        return False
    challenge = hashlib.sha512(signature[:32] + public_key + message).digest()
    k = int.from_bytes(challenge, "little") % _ORDER
    minus_key = (_P - key[0], key[1], 1, _P - key[3])
    return _encode(_times(s, _BASE, k, minus_key)) == signature[:32]


def signed_text(payload_type: str, payload: bytes) -> bytes:
    """What a DSSE signature is made over: the pre-authentication encoding of type and payload."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)


def fingerprint(public_key: bytes) -> str:
    """How a public key is named: `sha256:` and the hash of its 32 bytes."""
    return "sha256:" + hashlib.sha256(public_key).hexdigest()
