"""Reads and checks time stamps (RFC 3161) with the standard library, as far as it goes.

Part of the stand-alone verifier: Python 3.8 and the standard library only. Checked: that the stamp is over this very seal,
that its parts belong together, and that the certificate inside it made its signature (RSA with PKCS #1 v1.5, ECDSA on P-256
and P-384). Not checked: whether that certificate belongs to an authority you trust, and whether it was revoked. For that:
openssl ts -verify -data SIGNATURE -in RESPONSE -CAfile ROOTS, or `--tsa sha256:…` with the fingerprint of its certificate.
"""

from __future__ import annotations

import hashlib
from typing import NamedTuple

from audits.evidence.links import Broken

_HASHES = {
    "2.16.840.1.101.3.4.2.1": "sha256",
    "2.16.840.1.101.3.4.2.2": "sha384",
    "2.16.840.1.101.3.4.2.3": "sha512",
}
# What stands before the hash in an RSA signature (RFC 8017, 9.2, note 1).
_DIGEST_INFO = {
    "sha256": bytes.fromhex("3031300d060960864801650304020105000420"),
    "sha384": bytes.fromhex("3041300d060960864801650304020205000430"),
    "sha512": bytes.fromhex("3051300d060960864801650304020305000440"),
}
_SIGNED_DATA, _TST_INFO = "1.2.840.113549.1.7.2", "1.2.840.113549.1.9.16.1.4"
_CONTENT_TYPE, _MESSAGE_DIGEST = "1.2.840.113549.1.9.3", "1.2.840.113549.1.9.4"
_RSA, _EC = "1.2.840.113549.1.1.1", "1.2.840.10045.2.1"
_FOR_TIME_STAMPING = bytes.fromhex("06082b06010505070308")
# Curves y² = x³ − 3x + b over p, with base point (x, y) of order n (SEC 2, 2.4.2 and 2.5.1).
_CURVES = {
    "1.2.840.10045.3.1.7": (
        0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF,
        0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B,
        0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
        0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
        0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
    ),
    "1.3.132.0.34": (
        0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEFFFFFFFF0000000000000000FFFFFFFF,
        0xB3312FA7E23EE7E4988E056BE3F82D19181D9C6EFE8141120314088F5013875AC656398D8A2ED19D2A85C8EDD3EC2AEF,
        0xAA87CA22BE8B05378EB1C71EF320AD746E1D3B628BA79B9859F741E082542A385502F25DBF55296C3A545E3872760AB7,
        0x3617DE4A96262C6F5D9E98BF9292DC29F8F41DBD289A147CE9DA3113B5F0B8C00A60B1CE1D7E819D7A431D7C90EA0E5F,
        0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973,
    ),
}


class Stamp(NamedTuple):
    """One time stamp. `time`: ISO 8601 in UTC; `certificate`: fingerprint of whose key made it; `unchecked`: what was not."""

    authority: str
    time: str
    serial: int
    certificate: str
    unchecked: str
    nonce: int | None


class _Der(NamedTuple):
    """One element: its tag, its content, and all its bytes."""

    tag: int
    content: bytes
    raw: bytes


def _elements(data: bytes) -> list[_Der]:
    """The elements that stand one after the other in DER. Raises ValueError for what is none."""
    found, start = [], 0
    while start < len(data):
        head = data[start : start + 2]
        if len(head) < 2 or head[0] & 0x1F == 0x1F:
            raise ValueError("not DER")
        size, begin = head[1], start + 2
        if size & 0x80:
            count = size & 0x7F
            if not 1 <= count <= 4:
                raise ValueError("not DER")
            size, begin = int.from_bytes(data[begin : begin + count], "big"), begin + count
        end = begin + size
        if end > len(data):
            raise ValueError("it is cut off")
        found.append(_Der(head[0], data[begin:end], data[start:end]))
        start = end
    return found


def _only(data: bytes) -> _Der:
    found = _elements(data)
    if len(found) != 1:
        raise ValueError("not one element")
    return found[0]


def _oid(element: _Der) -> str:
    if element.tag != 6 or not element.content:
        raise ValueError("no object identifier where one is due")
    first = element.content[0]
    numbers, value = [min(first // 40, 2), first - 40 * min(first // 40, 2)], 0
    for byte in element.content[1:]:
        value = value << 7 | byte & 0x7F
        if not byte & 0x80:
            numbers.append(value)
            value = 0
    return ".".join(map(str, numbers))


def _hash_named(algorithm: _Der) -> str:
    name = _HASHES.get(_oid(_elements(algorithm.content)[0]))
    if name is None:
        raise ValueError("a hash that is not known here")
    return name


def read_stamp(response: bytes, stamped: bytes, authority: str, pinned: str | None = None) -> Stamp:
    """Check a TimeStampResp over `stamped`. `pinned`: fingerprint of the only certificate that may have made it.

    Raises Broken, saying what does not hold.
    """
    name = f"seal.json time stamp of {authority}"
    try:
        return _read(response, stamped, authority, name, pinned)
    except (ValueError, IndexError, OverflowError) as problem:
        raise Broken(f"{name}: it can't be read: {problem}") from None


def _read(response: bytes, stamped: bytes, authority: str, name: str, pinned: str | None) -> Stamp:
    status, token = _elements(_only(response).content)[:2]
    if _elements(status.content)[0].content not in (b"\x00", b"\x01"):
        raise Broken(f"{name}: the authority did not grant it")
    kind, wrapped = _elements(token.content)
    if _oid(kind) != _SIGNED_DATA:
        raise Broken(f"{name}: it holds no signed data")
    parts = _elements(_only(wrapped.content).content)
    content_kind, content = _elements(parts[2].content)
    if _oid(content_kind) != _TST_INFO:
        raise Broken(f"{name}: it holds no time stamp")
    info = _only(content.content).content
    fields = _elements(_only(info).content)
    imprint = _elements(fields[2].content)
    if hashlib.new(_hash_named(imprint[0]), stamped).digest() != imprint[1].content:
        raise Broken(f"{name}: it is over something else than this seal's signature")
    signers = _elements(parts[-1].content)
    if len(signers) != 1 or parts[-1].tag != 0x31:
        raise Broken(f"{name}: it is not signed by one authority")
    certificates = [one for part in parts[3:-1] if part.tag == 0xA0 for one in _elements(part.content)]
    certificate, unchecked = _check_signer(_elements(signers[0].content), info, certificates, name)
    if pinned is not None and pinned != certificate:
        raise Broken(f"{name}: the certificate {certificate or 'that is not in it'} made it, not {pinned}")
    nonce = next((int.from_bytes(one.content, "big") for one in fields[5:] if one.tag == 2), None)
    return Stamp(authority, _moment(fields[4]), int.from_bytes(fields[3].content, "big"), certificate, unchecked, nonce)


def in_order(response: bytes) -> bytes:
    """The same answer with its certificates in the order that DER asks for, which OpenSSL's authorities do not keep.

    No signature covers them where they stand. Raises ValueError for what is no answer.
    """
    token = _elements(_only(response).content)[1]
    parts = _elements(_only(_elements(token.content)[1].content).content)
    for part in parts[3:-1]:
        if part.tag == 0xA0:
            ordered = b"".join(sorted(one.raw for one in _elements(part.content)))
            response = response.replace(part.content, ordered)
    return response


def _moment(element: _Der) -> str:
    text = element.content.decode("ascii")
    if element.tag != 0x18 or not text.endswith("Z") or not text[:14].isdigit():
        raise ValueError("no time where one is due")
    fraction = text[14:-1]
    return f"{text[:4]}-{text[4:6]}-{text[6:8]}T{text[8:10]}:{text[10:12]}:{text[12:14]}{fraction}Z"


def _check_signer(signer: list[_Der], info: bytes, certificates: list[_Der], name: str) -> tuple[str, str]:
    """The fingerprint of the certificate whose key signed, and what could not be checked."""
    if signer[3].tag != 0xA0:
        raise Broken(f"{name}: its attributes are not signed")
    hashed = _hash_named(signer[2])
    attributes = {_oid(_elements(one.content)[0]): _elements(one.content)[1] for one in _elements(signer[3].content)}
    digest = _only(attributes[_MESSAGE_DIGEST].content).content if _MESSAGE_DIGEST in attributes else b""
    if digest != hashlib.new(hashed, info).digest():
        raise Broken(f"{name}: what it signs is not the time stamp in it")
    if _CONTENT_TYPE not in attributes or _oid(_only(attributes[_CONTENT_TYPE].content)) != _TST_INFO:
        raise Broken(f"{name}: what it signs is no time stamp")
    certificate = next((one for one in certificates if _is_named(one, signer[1])), None)
    if certificate is None:
        return "", "the certificate is not in it, so its signature was not checked"
    fingerprint_of = "sha256:" + hashlib.sha256(certificate.raw).hexdigest()
    if _FOR_TIME_STAMPING not in certificate.raw:
        raise Broken(f"{name}: its certificate is not for time stamping")
    # Signed as a SET, although it stands there under a tag of its own (RFC 5652, 5.4).
    message = b"\x31" + signer[3].raw[1:]
    holds = _signature_holds(_public_key(certificate), hashed, message, signer[5].content)
    if holds is None:
        return fingerprint_of, "its kind of signature can't be checked here"
    if not holds:
        raise Broken(f"{name}: its signature does not fit")
    return fingerprint_of, "whether the certificate belongs to an authority you trust, and was not revoked"


def _fields_of(certificate: _Der) -> list[_Der]:
    """What is signed in a certificate, without the version that old ones lack."""
    fields = _elements(_elements(certificate.content)[0].content)
    return fields[1:] if fields[0].tag == 0xA0 else fields


def _is_named(certificate: _Der, named: _Der) -> bool:
    """Whether a signer's name for its certificate (issuer and serial number) means this one."""
    if named.tag != 0x30 or certificate.tag != 0x30:
        return False
    issuer, serial = _elements(named.content)
    fields = _fields_of(certificate)
    return fields[0].content == serial.content and fields[2].raw == issuer.raw


def _public_key(certificate: _Der) -> _Der:
    return _fields_of(certificate)[5]


def _signature_holds(key: _Der, hashed: str, message: bytes, signature: bytes) -> bool | None:
    """None: this kind of key is not known here."""
    algorithm, bits = _elements(key.content)
    kind = _elements(algorithm.content)
    digest = hashlib.new(hashed, message).digest()
    if _oid(kind[0]) == _RSA:
        modulus, exponent = (int.from_bytes(one.content, "big") for one in _elements(_only(bits.content[1:]).content))
        return _rsa_holds(modulus, exponent, _DIGEST_INFO[hashed] + digest, signature)
    if _oid(kind[0]) == _EC and _oid(kind[1]) in _CURVES:
        return _ecdsa_holds(_CURVES[_oid(kind[1])], bits.content[1:], digest, signature)
    return None


def _rsa_holds(modulus: int, exponent: int, info: bytes, signature: bytes) -> bool:
    """RFC 8017, 8.2.2: what the signature stands for, compared whole."""
    size = (modulus.bit_length() + 7) // 8
    if size < 256 or size > 2048 or exponent.bit_length() > 64 or len(signature) != size:
        return False
    found = pow(int.from_bytes(signature, "big"), exponent, modulus).to_bytes(size, "big")
    return found == b"\x00\x01" + b"\xff" * (size - len(info) - 3) + b"\x00" + info


def _ecdsa_holds(curve: tuple[int, int, int, int, int], point: bytes, digest: bytes, signature: bytes) -> bool:
    """FIPS 186-5, 6.4.2."""
    p, b, gx, gy, n = curve
    size = (p.bit_length() + 7) // 8
    r, s = (int.from_bytes(one.content, "big") for one in _elements(_only(signature).content))
    x, y = int.from_bytes(point[1 : 1 + size], "big"), int.from_bytes(point[1 + size :], "big")
    if len(point) != 1 + 2 * size or point[0] != 4 or not (0 < r < n and 0 < s < n):
        return False
    if x >= p or y >= p or (y * y - x * x * x + 3 * x - b) % p:
        return False
    number = int.from_bytes(digest, "big") >> max(0, 8 * len(digest) - n.bit_length())
    inverse = pow(s, -1, n)
    sum_of = _sum_of_points(_multiple(number * inverse % n, (gx, gy), p), _multiple(r * inverse % n, (x, y), p), p)
    return sum_of is not None and sum_of[0] % n == r


def _sum_of_points(one: tuple[int, int] | None, other: tuple[int, int] | None, p: int) -> tuple[int, int] | None:
    if one is None or other is None:
        return one or other
    if one[0] == other[0] and (one[1] + other[1]) % p == 0:
        return None
    if one == other:
        slope = (3 * one[0] * one[0] - 3) * pow(2 * one[1], -1, p) % p
    else:
        slope = (other[1] - one[1]) * pow(other[0] - one[0], -1, p) % p
    x = (slope * slope - one[0] - other[0]) % p
    return x, (slope * (one[0] - x) - one[1]) % p


def _multiple(factor: int, point: tuple[int, int], p: int) -> tuple[int, int] | None:
    result: tuple[int, int] | None = None
    doubled: tuple[int, int] | None = point
    while factor:
        if factor & 1:
            result = _sum_of_points(result, doubled, p)
        doubled = _sum_of_points(doubled, doubled, p)
        factor >>= 1
    return result
