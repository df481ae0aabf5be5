"""Short secrets that have to be stored and read again: encrypted under a key that follows from SECRET_KEY.

AES-128 in CBC with HMAC-SHA256, as Fernet has it; the key by HKDF (RFC 5869), so that nothing else that is made from SECRET_KEY
helps with it. Keys named in SECRET_KEY_FALLBACKS still decrypt: a change of keys loses nothing while the old one stands there.
"""

import base64
from typing import Final

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

PURPOSE: Final = b"clausetrail: secrets that are stored"


class Unreadable(ValueError):
    """A stored secret that the installation's keys don't open; the message says how to mend it."""


def encrypted(text: str) -> str:
    """What is stored in the secret's place; each time another."""
    return _keys().encrypt(text.encode()).decode()


def decrypted(stored: str) -> str:
    """The secret. Raises Unreadable when SECRET_KEY was changed without naming the old one in SECRET_KEY_FALLBACKS."""
    try:
        return _keys().decrypt(stored.encode()).decode()
    except InvalidToken as problem:
        raise Unreadable(
            "A stored secret can’t be read: SECRET_KEY has changed. Name the old one in SECRET_KEY_FALLBACKS, or give the "
            "secret anew."
        ) from problem


def _keys() -> MultiFernet:
    return MultiFernet([Fernet(_derived(text)) for text in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)])


def _derived(text: str) -> bytes:
    key = HKDF(algorithm=SHA256(), length=32, salt=None, info=PURPOSE).derive(text.encode())
    return base64.urlsafe_b64encode(key)
