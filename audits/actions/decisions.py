"""Decisions on findings: a person's, with a reason, kept for ever."""

from django.core.exceptions import ValidationError
from django.db import transaction

from audits.models import Decision, Finding
from compliance.actions.trail import record
from compliance.models import User


@transaction.atomic
def decide(*, finding: Finding, kind: str, reason: str, acting_user: User) -> Decision:
    """Record what a person decided on a finding. A later decision adds to the history; none is overwritten.

    Raises ValidationError when the kind is unknown or the reason is empty.
    """
    if kind not in Decision.Kind.values:
        raise ValidationError({"kind": f"Choose one of: {', '.join(Decision.Kind.values)}."})
    if not reason.strip():
        raise ValidationError({"reason": "Say why: the reason stands in the report beside the decision."})
    decision = Decision.objects.create(
        project=finding.run.pipeline.project,
        finding_key=finding.key,
        finding=finding,
        kind=kind,
        reason=reason.strip(),
        basis_sha256=finding.basis_sha256,
        decided_by=acting_user,
    )
    record(
        acting_user=acting_user,
        action="finding decided",
        subject=finding,
        project=decision.project,
        kind=kind,
        reason=decision.reason,
    )
    return decision
