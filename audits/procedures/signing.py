"""Signing final reports: which approvals a signature stands on, with whose key, and what is put down of it."""

import datetime as dt
import logging
from collections.abc import Sequence
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
from audits.models import Approval, Report, ReportSignature, Run
from audits.procedures.approving import has_changed_since
from audits.reporting.context.audience import SOMEBODY
from audits.reporting.context.material import material_of
from audits.reporting.paper.signing import Signed, Trust, sign

REASON = "Final report of an approved audit"
_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True)
class Standing:
    """What a final report may be signed on: the approvals of all its runs, or why it is not signed."""

    approvals: tuple[Approval, ...] = ()
    why_not: str = ""

    @property
    def newest(self) -> Approval | None:
        """The approval that was completed last."""
        return max(self.approvals, key=_completed, default=None)


def _completed(approval: Approval) -> dt.datetime:
    return approval.completed_at or approval.asked_at


def standing_of(report: Report) -> Standing:
    """The approvals that a report's signature stands on. A final report is signed when all its runs are approved as they are.

    Of several runs, `why_not` names the first that is in the way and counts the others.
    """
    if report.marking != Report.Marking.FINAL:
        return Standing(why_not="A draft is not signed: nobody stands behind it yet.")
    runs = [report.run] if report.run else list(material_of(report).runs)
    if not runs:
        return Standing(
            why_not="Not signed: no completed run is within its scope, so there is no approval to stand on."
        )
    newest = _newest_approvals(runs)
    without = [run for run in runs if run.pk not in newest]
    if without:
        return Standing(why_not=_told("is not approved", "are not approved", without, runs))
    changed = [run for run in runs if has_changed_since(newest[run.pk])]
    if changed and report.run:
        return Standing(
            why_not=f"Not signed: findings or decisions changed since approval {newest[changed[0].pk].number}."
        )
    if changed:
        words = ("changed since it was approved", "changed since they were approved")
        return Standing(why_not=_told(*words, changed, runs))
    return Standing(tuple(newest[run.pk] for run in runs))


def _newest_approvals(runs: Sequence[Run]) -> dict[int, Approval]:
    """Run's id → its newest completed approval, where that was not withdrawn. One query."""
    completed = Approval.objects.filter(run__in=runs).exclude(completed_at=None).select_related("run__pipeline")
    newest = {one.run_id: one for one in completed.order_by("number")}
    return {run: one for run, one in newest.items() if one.withdrawn_at is None}


def _told(one: str, many: str, hindering: Sequence[Run], runs: Sequence[Run]) -> str:
    if len(runs) == 1:
        return f"Not signed: its run {one}."
    count = len(hindering)
    return f"Not signed: {count:,} of its {len(runs):,} runs {one if count == 1 else many}, the first being {hindering[0]}."


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
    if not standing.approvals:
        return None
    several = len(standing.approvals) > 1
    return {
        "approvals": [_approval(one, named=profile == "counsel", several=several) for one in standing.approvals],
        "subject": own.subject,
        "fingerprint": own.fingerprint,
        "own": own.own,
        "authority": urlsplit(settings.TIMESTAMP_URLS[0]).hostname or "" if settings.TIMESTAMP_URLS else "",
    }


def _approval(approval: Approval, *, named: bool, several: bool) -> dict[str, Any]:
    signatures = [
        {
            "step": approval.steps[one.step]["name"],
            "by": str(one.signed_by) if named else SOMEBODY,
            "at": one.signed_at.isoformat(),
        }
        for one in approval.signatures.select_related("signed_by")
    ]
    return {
        "number": approval.number,
        "run": str(approval.run) if several else "",
        "completed_at": _completed(approval).isoformat(),
        "context_sha256": approval.context_sha256,
        "signatures": signatures,
    }


def sign_paper(report: Report, standing: Standing, own: Identity, pdf: bytes) -> bytes:
    """Sign the file and put down with what. An authority that gives no time stamp costs the stamp, not the report."""
    signed, note = _signed(pdf, own, report)
    made, _ = ReportSignature.objects.update_or_create(
        report=report,
        defaults={
            "approval": standing.newest,
            "level": signed.level,
            "subject": own.subject[:300],
            "certificate_sha256": own.fingerprint,
            "own": own.own,
            "signed_at": dt.datetime.now(dt.UTC),
            "stamped_at": signed.stamped_at,
            "note": note,
        },
    )
    made.approvals.set(standing.approvals if report.run is None else ())
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
