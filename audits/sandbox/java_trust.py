"""A list of authorities in the form Java reads: it looks at no variable and at no PEM file.

Standard library alone. The format is the "JKS" key store of every Java since 1.2, which later ones still recognise by its
first bytes: magic, version 2, entries, and a SHA-1 digest over the password and all of it.
"""

import hashlib
import re
import ssl
import struct

PASSWORD = "changeit"  # noqa: S105 - the one every Java expects of its list of authorities
_MAGIC, _VERSION, _TRUSTED = 0xFEEDFEED, 2, 2
_SALT = b"Mighty Aphrodite"
_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)


def java_trust_store(bundle: bytes) -> bytes:
    """A key store that trusts every certificate of a PEM bundle. Raises ValueError for a broken one."""
    found = [ssl.PEM_cert_to_DER_cert(text) for text in _CERTIFICATE.findall(bundle.decode("latin-1"))]
    store = struct.pack(">III", _MAGIC, _VERSION, len(found))
    store += b"".join(_entry(f"authority-{number}", der) for number, der in enumerate(found))
    return store + hashlib.sha1(PASSWORD.encode("utf-16-be") + _SALT + store).digest()  # noqa: S324 - the format's own


def _entry(alias: str, der: bytes) -> bytes:
    """Tag, alias, milliseconds since 1970 (none are claimed), kind, length and certificate."""
    return struct.pack(">I", _TRUSTED) + _text(alias) + struct.pack(">Q", 0) + _text("X.509") + _sized(der)


def _text(text: str) -> bytes:
    return struct.pack(">H", len(text)) + text.encode("ascii")


def _sized(data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + data
