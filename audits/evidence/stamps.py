"""Asking a time-stamping authority (RFC 3161) for a time stamp over a seal, and checking it against the roots one trusts."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from pathlib import Path

import httpx
from cryptography import x509
from rfc3161_client import (
    HashAlgorithm,
    TimestampRequestBuilder,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)

from audits.evidence.links import Broken
from audits.evidence.seal import Seal
from audits.evidence.timestamps import Stamp, in_order, read_stamp

SECONDS = 20.0
LARGEST = 256 * 1024


class StampProblem(RuntimeError):
    """No time stamp was to be had, or it does not hold; the message says why."""


def stamped_bytes(seal: Seal) -> bytes:
    """What is stamped: the seal's own signature, which covers the statement and, through its root, every entry."""
    return base64.b64decode(seal.definition["signatures"][0]["sig"])


def ask_for_stamp(seal: Seal, authority: str, roots: Path | None = None) -> tuple[bytes, Stamp]:
    """The authority's answer (a TimeStampResp in DER), and what it says. Raises StampProblem.

    `authority`: URL that takes requests by HTTP POST (RFC 3161, 3.4). `roots`: PEM file of the certificates that its own must
    lead to; without it, only that the stamp holds in itself is checked.
    """
    data = stamped_bytes(seal)
    request = TimestampRequestBuilder().data(data).hash_algorithm(HashAlgorithm.SHA256).nonce(nonce=True).build()
    answer = post_query(authority, request.as_bytes())
    try:
        stamp = read_stamp(answer, data, authority)
        if stamp.nonce != request.nonce:
            raise StampProblem(f"{authority} answered another request than ours")
        if roots is not None:
            decoded = decode_timestamp_response(in_order(answer))
            _verifier(roots, request.nonce).verify(decoded, hashlib.sha256(data).digest())
    except (Broken, ValueError, VerificationError) as problem:
        raise StampProblem(f"the time stamp of {authority} does not hold: {problem}") from problem
    return answer, stamp


def post_query(authority: str, request: bytes) -> bytes:
    """The authority's answer to a query (TimeStampReq in DER), at most 256 KiB. Raises StampProblem."""
    headers = {"Content-Type": "application/timestamp-query", "Accept": "application/timestamp-reply"}
    try:
        with httpx.stream("POST", authority, content=request, headers=headers, timeout=SECONDS) as answer:
            answer.raise_for_status()
            body = b""
            for piece in answer.iter_bytes():
                body += piece
                if len(body) > LARGEST:
                    raise StampProblem(f"{authority} answered with more than {LARGEST:,} bytes")
    except (httpx.HTTPError, httpx.InvalidURL) as problem:
        raise StampProblem(f"{authority} gave no time stamp: {problem}") from problem
    return body


def _verifier(roots: Path, nonce: int | None):  # type: ignore[no-untyped-def] # the library exports no type for it
    try:
        certificates: Sequence[x509.Certificate] = x509.load_pem_x509_certificates(roots.read_bytes())
    except (OSError, ValueError) as problem:
        raise StampProblem(f"TIMESTAMP_ROOTS {roots} can't be read: {problem}") from problem
    builder = VerifierBuilder(nonce=nonce)
    for certificate in certificates:
        builder = builder.add_root_certificate(certificate)
    return builder.build()
