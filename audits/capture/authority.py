"""The recorder's certificate authority: one per installation or run, and leaf certificates minted as hosts are met.

Certificates follow RFC 5280 closely enough for VERIFY_X509_STRICT, which Python 3.13 turns on by default: key
identifiers on both sides, critical basic constraints, key usage, and a subject alternative name that says it all.
"""

from __future__ import annotations

import ipaddress
import os
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

AUTHORITY_LIFETIME = timedelta(days=825)
# Browsers and some libraries refuse leaves that live longer than 398 days; a run needs far less.
LEAF_LIFETIME = timedelta(days=30)
# Clocks inside and outside a sandbox are one, but a stepped clock must not turn a fresh certificate invalid.
BACKDATED = timedelta(hours=12)
LONGEST_COMMON_NAME = 64
# A program that dials endless names must not fill the memory; forgotten contexts are made anew.
MOST_CONTEXTS = 2_000


def create_authority(certificate: Path, key: Path, *, name: str = "Clausetrail recorder") -> None:
    """Make a P-256 authority: `key` readable by its owner only, `certificate` PEM. Raises FileExistsError, never
    overwrites."""
    private = ec.generate_private_key(ec.SECP256R1())
    key.parent.mkdir(parents=True, exist_ok=True)
    certificate.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(key, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(_key_pem(private))
    with certificate.open("xb") as file:
        file.write(_authority_certificate(private, name).public_bytes(serialization.Encoding.PEM))


def ensure_authority(certificate: Path, key: Path) -> None:
    """Make the authority unless both files are there already."""
    if not (certificate.exists() and key.exists()):
        create_authority(certificate, key)


def system_bundle() -> Path | None:
    """The file of authorities that OpenSSL trusts on this machine (SSL_CERT_FILE is honoured), or None."""
    paths = ssl.get_default_verify_paths()
    candidates = [paths.cafile, "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt"]
    return next((Path(path) for path in candidates if path and Path(path).is_file()), None)


def write_bundle(certificate: Path, destination: Path, *, system: Path | None = None) -> None:
    """Write the authorities a captured program shall trust: the system's (or `system`) and the recorder's own."""
    source = system or system_bundle()
    known = source.read_bytes().rstrip(b"\n") + b"\n" if source else b""
    destination.parent.mkdir(parents=True, exist_ok=True)
    destination.write_bytes(known + certificate.read_bytes())


class Authority:
    """A loaded authority that mints leaves and keeps the TLS contexts made of them."""

    def __init__(self, certificate: Path, key: Path) -> None:
        """Load PEM files; raises ValueError or OSError when they are missing, unreadable or do not belong together."""
        self._certificate = x509.load_pem_x509_certificate(certificate.read_bytes())
        private = serialization.load_pem_private_key(key.read_bytes(), password=None)
        if not isinstance(private, ec.EllipticCurvePrivateKey):
            raise ValueError(f"{key}: the authority's key must be an elliptic-curve key")
        if private.public_key() != self._certificate.public_key():
            raise ValueError(f"{key} is not the key of {certificate}")
        self._key = private
        self._leaf_key = ec.generate_private_key(ec.SECP256R1())
        self._contexts: dict[tuple[str, tuple[str, ...]], ssl.SSLContext] = {}

    def leaf(self, host: str) -> x509.Certificate:
        """A certificate for a host name or address literal, valid from yesterday for 30 days."""
        now = datetime.now(UTC)
        name = [x509.NameAttribute(NameOID.COMMON_NAME, host)] if len(host) <= LONGEST_COMMON_NAME else []
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name(name))
            .issuer_name(self._certificate.subject)
            .public_key(self._leaf_key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - BACKDATED)
            .not_valid_after(min(now + LEAF_LIFETIME, self._certificate.not_valid_after_utc))
            .add_extension(x509.SubjectAlternativeName([_general_name(host)]), critical=not name)
        )
        for extension, critical in self._leaf_extensions():
            builder = builder.add_extension(extension, critical=critical)
        return builder.sign(self._key, hashes.SHA256())

    def leaf_key_pem(self) -> bytes:
        """The key that all leaves of this authority share, unencrypted."""
        return _key_pem(self._leaf_key)

    def context(self, host: str, protocols: tuple[str, ...]) -> ssl.SSLContext:
        """The server-side TLS context for `host` offering the ALPN `protocols` (none: no ALPN answer)."""
        known = self._contexts.get((host, protocols))
        if known is None:
            if len(self._contexts) >= MOST_CONTEXTS:
                self._contexts.clear()
            known = self._contexts[host, protocols] = self._new_context(host, protocols)
        return known

    def _new_context(self, host: str, protocols: tuple[str, ...]) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if protocols:
            context.set_alpn_protocols(list(protocols))
        chain = _key_pem(self._leaf_key) + self.leaf(host).public_bytes(serialization.Encoding.PEM)
        _load_chain(context, chain + self._certificate.public_bytes(serialization.Encoding.PEM))
        return context

    def _leaf_extensions(self) -> list[tuple[x509.ExtensionType, bool]]:
        issuer = self._certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
        usage = [ExtendedKeyUsageOID.SERVER_AUTH]
        return [
            (x509.BasicConstraints(ca=False, path_length=None), True),
            (_key_usage(digital_signature=True), True),
            (x509.ExtendedKeyUsage(usage), False),
            (x509.SubjectKeyIdentifier.from_public_key(self._leaf_key.public_key()), False),
            (x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(issuer), False),
        ]


def _authority_certificate(private: ec.EllipticCurvePrivateKey, name: str) -> x509.Certificate:
    now = datetime.now(UTC)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    identifier = x509.SubjectKeyIdentifier.from_public_key(private.public_key())
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATED)
        .not_valid_after(now + AUTHORITY_LIFETIME)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(key_cert_sign=True, crl_sign=True), critical=True)
        .add_extension(identifier, critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), critical=False)
        .sign(private, hashes.SHA256())
    )


def _key_usage(
    *, digital_signature: bool = False, key_cert_sign: bool = False, crl_sign: bool = False
) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=key_cert_sign,
        crl_sign=crl_sign,
        encipher_only=False,
        decipher_only=False,
    )


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _key_pem(private: ec.EllipticCurvePrivateKey) -> bytes:
    return private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _load_chain(context: ssl.SSLContext, chain: bytes) -> None:
    """Load key and certificates from memory: OpenSSL wants a file, and a private key has no business on a disk."""
    descriptor = os.memfd_create("leaf", os.MFD_CLOEXEC)
    try:
        os.write(descriptor, chain)
        context.load_cert_chain(f"/proc/self/fd/{descriptor}")
    finally:
        os.close(descriptor)
