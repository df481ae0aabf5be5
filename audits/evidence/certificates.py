"""What a report is signed with: the organisation's certificate, or one of our own over the key that seals evidence."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID

from audits.evidence.keys import KeyProblem, SigningKey

YEARS = 10
PKCS12 = (".p12", ".pfx")


@dataclass(frozen=True)
class Identity:
    """A key that signs documents, its certificate, and the certificates that lead to whom readers trust.

    `own`: made by this installation for itself; nobody else vouches for it.
    """

    key: PrivateKeyTypes
    certificate: x509.Certificate
    chain: Sequence[x509.Certificate] = ()
    own: bool = False

    @property
    def subject(self) -> str:
        """Whose certificate it is: its common name, else all of its name."""
        names = self.certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        return str(names[0].value) if names else self.certificate.subject.rfc4514_string()

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the certificate, in hex."""
        return self.certificate.fingerprint(hashes.SHA256()).hex()


def identity_from(path: Path, password: bytes | None, key_path: Path | None = None) -> Identity:
    """The identity in a PKCS #12 file (.p12, .pfx), or in PEM: certificates, first its own, and the key beside or in it.

    Raises KeyProblem, saying which file and what is wrong with it.
    """
    try:
        if path.suffix.lower() in PKCS12:
            key, certificate, chain = pkcs12.load_key_and_certificates(path.read_bytes(), password)
        else:
            certificate, *chain = x509.load_pem_x509_certificates(path.read_bytes())
            key = serialization.load_pem_private_key((key_path or path).read_bytes(), password)
    except OSError as problem:
        raise KeyProblem(f"{problem.filename} can't be read: {problem.strerror}; see SIGNING_CERTIFICATE") from problem
    except (ValueError, TypeError) as problem:
        raise KeyProblem(f"{path} holds no certificate with a key that SIGNING_PASSWORD opens: {problem}") from problem
    if key is None or certificate is None:
        raise KeyProblem(
            f"{path} holds {'no key' if key is None else 'no certificate'}: SIGNING_CERTIFICATE needs both"
        )
    identity = Identity(key, certificate, chain)
    _check(identity, path)
    return identity


def _check(identity: Identity, path: Path) -> None:
    """The key must be the certificate's, and the certificate in force today."""
    form = (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    if identity.key.public_key().public_bytes(*form) != identity.certificate.public_key().public_bytes(*form):
        raise KeyProblem(f"the key beside {path} is not that of its certificate ({identity.subject})")
    now, until = dt.datetime.now(dt.UTC), identity.certificate.not_valid_after_utc
    if not identity.certificate.not_valid_before_utc <= now <= until:
        raise KeyProblem(
            f"the certificate in {path} ({identity.subject}) is not in force: it ran until {until:%d %B %Y}"
        )


def identity_of_seal(key: SigningKey, path: Path, name: str) -> Identity:
    """An identity over the sealing key, its certificate kept at `path` and made when there is none for this key."""
    with suppress(OSError, ValueError):
        kept = x509.load_pem_x509_certificate(path.read_bytes())
        if kept.public_key() == key.private.public_key() and kept.not_valid_after_utc > dt.datetime.now(dt.UTC):
            return Identity(key.private, kept, own=True)
    made = _certificate(key, name)
    beside = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
    beside.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    os.replace(beside, path)
    return Identity(key.private, made, own=True)


def _certificate(key: SigningKey, name: str) -> x509.Certificate:
    """A certificate that the key gives itself, for signing documents and nothing else."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])])
    now = dt.datetime.now(dt.UTC)
    usage = x509.KeyUsage(
        digital_signature=True, content_commitment=True, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=False, crl_sign=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(minutes=5))
        .not_valid_after(now + dt.timedelta(days=365 * YEARS))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.private.public_key()), critical=False)
        .sign(key.private, None)
    )
