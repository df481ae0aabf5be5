"""The key that seals evidence: Ed25519, in a file outside the database, made once, readable by its owner alone."""

from __future__ import annotations

import base64
import os
import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audits.evidence.ed25519 import fingerprint, signed_text


class KeyProblem(RuntimeError):
    """The key file can't be used; the message says why and how to mend it."""


@dataclass(frozen=True)
class SigningKey:
    """A private key that signs, and its public half."""

    private: Ed25519PrivateKey

    @property
    def public_key(self) -> bytes:
        """The 32 bytes of the public key."""
        return self.private.public_key().public_bytes_raw()

    @property
    def fingerprint(self) -> str:
        """`sha256:` and the hash of the public key: what to publish, so that others can pin it."""
        return fingerprint(self.public_key)

    def envelope(self, payload_type: str, payload: bytes) -> dict[str, Any]:
        """The parts of a DSSE envelope beside its payload: type, signature and the public key."""
        signature = self.private.sign(signed_text(payload_type, payload))
        return {
            "payloadType": payload_type,
            "public_key": base64.b64encode(self.public_key).decode(),
            "signatures": [{"keyid": self.fingerprint, "sig": base64.b64encode(signature).decode()}],
        }


def load_or_make_key(path: Path) -> SigningKey:
    """The key at `path`, made with mode 0600 when there is none; several processes may ask at once.

    Raises KeyProblem when the file is open to others, or is no Ed25519 key.
    """
    if not path.exists():
        _make(path)
    return load_key(path)


def load_key(path: Path) -> SigningKey:
    """The key at `path`. Raises KeyProblem as above, and when there is none."""
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        data = path.read_bytes()
    except OSError as problem:
        raise KeyProblem(f"the sealing key {path} can't be read: {problem.strerror}") from problem
    if mode & 0o077:
        raise KeyProblem(f"the sealing key {path} is open to others (mode {mode:04o}): run chmod 600 on it")
    try:
        key = serialization.load_pem_private_key(data, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as problem:
        raise KeyProblem(f"the sealing key {path} is no readable PEM key: {problem}") from problem
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyProblem(f"the sealing key {path} is no Ed25519 key")
    return SigningKey(key)


def _make(path: Path) -> None:
    """Write a new key beside its place and link it there: it appears whole, and the first of several wins."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    data = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    beside = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(beside, path)
    finally:
        beside.unlink()
