"""Signing a bound report (PAdES B-B, B-T, B-LT), and checking such a signature without asking anybody. No Django."""

import asyncio
import datetime as dt
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from asn1crypto import keys, tsp
from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import fields, signers
from pyhanko.sign.signers.pdf_signer import DSSContentSettings, SigDSSPlacementPreference
from pyhanko.sign.timestamps import TimeStamper
from pyhanko.sign.validation import async_validate_pdf_signature
from pyhanko.stamp.noop import NoOpStampStyle
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.registry import SimpleCertificateStore

from audits.evidence.certificates import Identity

FIELD = "Signature"
DIGEST = "sha512"  # what EdDSA asks for (RFC 8419), and no weaker than any other key needs

AskForStamp = Callable[[bytes], bytes]


@dataclass(frozen=True)
class Trust:
    """Whom a signature leads to: roots of signers and of time-stamping authorities; `fetch`: may revocation be asked for."""

    roots: Sequence[x509.Certificate] = ()
    stamp_roots: Sequence[x509.Certificate] = ()
    fetch: bool = False

    def context(self) -> ValidationContext:
        """For pyHanko; without `fetch`, nothing leaves this machine."""
        found = [_asn1(one) for one in (*self.roots, *self.stamp_roots)]
        return ValidationContext(trust_roots=found, allow_fetching=self.fetch, revocation_mode="soft-fail")


@dataclass(frozen=True)
class Signed:
    """A signed file. `level`: B-B, B-T or B-LT; `stamped_at`: the time that an authority gave, if one was asked."""

    pdf: bytes
    level: str
    stamped_at: dt.datetime | None


@dataclass(frozen=True)
class Checked:
    """What a file's signature is worth: it holds, it covers the whole file, and it leads to a certificate that is trusted."""

    signed: bool
    holds: bool = False
    whole: bool = False
    trusted: bool = False
    subject: str = ""
    fingerprint: str = ""
    signed_at: dt.datetime | None = None
    stamped_at: dt.datetime | None = None
    problem: str = ""

    @property
    def good(self) -> bool:
        """Whether nothing is wrong with it."""
        return self.signed and self.holds and self.whole and self.trusted


class _AsItWas(IncrementalPdfFileWriter):
    """Adds to a file without writing its metadata anew, which would be another program's idea of what PDF/A asks of them."""

    def _update_meta(self) -> None:
        """The metadata stay those of the report."""


class _Stamps(TimeStamper):
    """Time stamps by whatever posts a query to an authority."""

    def __init__(self, ask: AskForStamp) -> None:
        super().__init__()
        self.ask = ask

    async def async_request_tsa_response(self, req: tsp.TimeStampReq) -> tsp.TimeStampResp:
        """The authority's answer (RFC 3161)."""
        return tsp.TimeStampResp.load(await asyncio.to_thread(self.ask, req.dump()))


def sign(
    pdf: bytes, identity: Identity, *, trust: Trust, reason: str, location: str = "", ask: AskForStamp | None = None,
    lasting: bool = False,
) -> Signed:  # fmt: skip
    """Fill the signature field. `ask`: posts a query to an authority (B-T); `lasting`: put in what validation needs (B-LT).

    Whatever signing adds keeps the file's conformance: the field has its appearance already.
    """
    writer = _AsItWas(io.BytesIO(pdf), strict=True)
    meta = signers.PdfSignatureMetadata(
        field_name=FIELD, md_algorithm=DIGEST, subfilter=fields.SigSeedSubFilter.PADES, reason=reason, location=location,
        name=identity.subject, embed_validation_info=lasting, validation_context=trust.context() if lasting else None,
        dss_settings=DSSContentSettings(include_vri=False, placement=SigDSSPlacementPreference.TOGETHER_WITH_SIGNATURE),
    )  # fmt: skip
    signer = signers.PdfSigner(
        meta, signer=_signer(identity), timestamper=_Stamps(ask) if ask else None, stamp_style=NoOpStampStyle()
    )
    out = io.BytesIO()
    asyncio.run(signer.async_sign_pdf(writer, existing_fields_only=True, output=out))
    made = out.getvalue()
    checked = check(made, trust)
    level = "B-LT" if lasting else "B-T" if ask else "B-B"
    return Signed(made, level, checked.stamped_at)


def check(pdf: bytes, trust: Trust) -> Checked:
    """What the first signature of a file is worth; a file that can't be read as PDF has none that holds."""
    try:
        reader = PdfFileReader(io.BytesIO(pdf), strict=True)
        found = reader.embedded_regular_signatures
        if not found:
            return Checked(False)
        status = asyncio.run(async_validate_pdf_signature(found[0], trust.context(), trust.context()))
    except (PdfError, ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError) as problem:
        return Checked(True, problem=f"its signature can't be read: {problem}"[:300])
    first, length = list(found[0].byte_range)[2:4]
    return _checked(status, whole=first + length == len(pdf))


def _checked(status: Any, *, whole: bool) -> Checked:
    certificate = status.signing_cert
    stamp = status.timestamp_validity
    return Checked(
        signed=True,
        holds=status.intact and status.valid,
        whole=whole,
        trusted=status.trusted,
        subject=certificate.subject.human_friendly,
        fingerprint=certificate.sha256.hex(),
        signed_at=status.signer_reported_dt,
        stamped_at=stamp.timestamp if stamp is not None and stamp.intact and stamp.valid else None,
        problem="" if status.intact else "what was signed is not what the file holds",
    )


def _signer(identity: Identity) -> signers.SimpleSigner:
    private = identity.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    store = SimpleCertificateStore()
    store.register_multiple([_asn1(one) for one in (identity.certificate, *identity.chain)])
    return signers.SimpleSigner(
        signing_cert=_asn1(identity.certificate),
        signing_key=keys.PrivateKeyInfo.load(private),
        cert_registry=store,
        embed_roots=True,
    )


def _asn1(certificate: x509.Certificate) -> asn1.Certificate:
    return asn1.Certificate.load(certificate.public_bytes(Encoding.DER))
