"""Signing final reports: which approvals a signature stands on, with whose key, and what is put down of it."""

import datetime as dt
import logging
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cryptography import x509
from django.conf import settings

from audits.evidence.certificates import Identity, identity_from, identity_of_seal
from audits.evidence.keys import KeyProblem, load_or_make_key
from audits.evidence.stamps import StampProblem, post_query
from audits.models import Approval, Report, ReportSignature
from audits.procedures.approving import has_changed_since
from audits.reporting.context.audience import SOMEBODY
from audits.reporting.paper.signing import Signed, Trust, sign

REASON = "Final report of an approved audit"
_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True)
class Standing:
    """What a final report may be signed on: a standing approval, or why there is none to sign on."""

    approval: Approval | None
    why_not: str = ""


def standing_of(report: Report) -> Standing:
    """The approval that a report's signature stands on. Only a final report of one run, approved as it is, is signed."""
    if report.marking != Report.Marking.FINAL:
        return Standing(None, "A draft is not signed: nobody stands behind it yet.")
    if report.run is None:
        return Standing(None, "A report about several runs is not signed: approvals are of one run each.")
    newest = Approval.objects.filter(run=report.run).exclude(completed_at=None).order_by("-number").first()
    if newest is None or newest.withdrawn_at is not None:
        return Standing(None, "Not signed: the audit is not approved.")
    if has_changed_since(newest):
        return Standing(None, f"Not signed: findings or decisions changed since approval {newest.number}.")
    return Standing(newest)


def identity() -> Identity:
    """What reports are signed with: the certificate given by settings, else one over the key that seals evidence."""
    if settings.SIGNING_CERTIFICATE:
        key = Path(settings.SIGNING_KEY) if settings.SIGNING_KEY else None
        return identity_from(Path(settings.SIGNING_CERTIFICATE), settings.SIGNING_PASSWORD.encode() or None, key)
    keys = Path(settings.VAR_DIR) / "keys"
    name = f"Clausetrail at {urlsplit(settings.PUBLIC_URL).hostname or 'this installation'}"
    return identity_of_seal(load_or_make_key(keys / "seal.pem"), keys / "seal.crt", name)


def trust(own: Identity) -> Trust:
    """Whom signatures are held against: the settings' roots, and what the installation signs with itself."""
    roots = _certificates(settings.SIGNING_ROOTS)
    return Trust(
        roots=[*roots, own.certificate] if own.own or not roots else roots,
        stamp_roots=_certificates(settings.TIMESTAMP_ROOTS),
        fetch=settings.SIGNING_FETCHES,
    )


def _certificates(path: str) -> list[x509.Certificate]:
    """The certificates in a PEM file; none for an empty path. Raises KeyProblem for a file that can't be read."""
    if not path:
        return []
    try:
        return x509.load_pem_x509_certificates(Path(path).read_bytes())
    except (OSError, ValueError) as problem:
        raise KeyProblem(f"{path} can't be read as certificates in PEM: {problem}") from problem


def signing_part(standing: Standing, own: Identity, *, profile: str) -> dict[str, Any] | None:
    """What the signature page says, to be frozen with the report's context; None for a report that is not signed."""
    approval = standing.approval
    if approval is None or approval.completed_at is None:
        return None
    named = profile == "counsel"
    signatures = [
        {
            "step": approval.steps[one.step]["name"],
            "by": str(one.signed_by) if named else SOMEBODY,
            "at": one.signed_at.isoformat(),
        }
        for one in approval.signatures.select_related("signed_by")
    ]
    return {
        "approvals": [
            {
                "number": approval.number,
                "run": "",
                "completed_at": approval.completed_at.isoformat(),
                "context_sha256": approval.context_sha256,
                "signatures": signatures,
            }
        ],
        "subject": own.subject,
        "fingerprint": own.fingerprint,
        "own": own.own,
        "authority": urlsplit(settings.TIMESTAMP_URLS[0]).hostname or "" if settings.TIMESTAMP_URLS else "",
    }


def sign_paper(report: Report, approval: Approval, own: Identity, pdf: bytes) -> bytes:
    """Sign the file and put down with what. An authority that gives no time stamp costs the stamp, not the report."""
    signed, note = _signed(pdf, own, report)
    ReportSignature.objects.update_or_create(
        report=report,
        defaults={
            "approval": approval,
            "level": signed.level,
            "subject": own.subject[:300],
            "certificate_sha256": own.fingerprint,
            "own": own.own,
            "signed_at": dt.datetime.now(dt.UTC),
            "stamped_at": signed.stamped_at,
            "note": note,
        },
    )
    return signed.pdf


def _signed(pdf: bytes, own: Identity, report: Report) -> tuple[Signed, str]:
    held, notes = trust(own), []
    for authority in settings.TIMESTAMP_URLS:
        try:
            ask = partial(post_query, authority)
            return sign(pdf, own, trust=held, reason=REASON, ask=ask, lasting=bool(settings.TIMESTAMP_ROOTS)), ""
        except StampProblem as problem:
            notes.append(str(problem))
            _LOGGER.warning("report %s is signed without a time stamp of %s: %s", report.pk, authority, problem)
    return sign(pdf, own, trust=held, reason=REASON), "; ".join(notes)
