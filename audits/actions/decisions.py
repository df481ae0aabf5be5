"""Decisions on findings: a person's, with a reason, for a scope, kept for ever."""

import datetime as dt
from collections.abc import Sequence

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from audits.actions.events import decision_made
from audits.actions.remedies import work_behind
from audits.models import Decision, Finding
from audits.queries.review import student_of
from compliance.actions.trail import record
from compliance.models import User

LONGEST_WAIVER = dt.timedelta(days=366)
MOST_AT_ONCE = 200
ENDING = (Decision.Kind.WAIVE, Decision.Kind.ACCEPT_RISK)
"""What may have a last day; a waiver must."""


@transaction.atomic
def decide(
    *, finding: Finding, kind: str, reason: str, acting_user: User, scope: str = Decision.Scope.FINDING,
    until: dt.date | None = None,
) -> Decision:  # fmt: skip
    """Record what a person decided on a finding. A later decision adds to the history; none is overwritten.

    Behind "remediated" stands work: what a run has shown, or what the next one has to show (audits.actions.remedies.work_behind).

    Raises ValidationError naming the field: an unknown kind or scope, no reason, a waiver without an end or with one that is
    past or more than a year away, an end where none belongs, a wider scope without a rule or student to go by.
    """
    _require_sense(finding, kind, reason, scope, until)
    remedy = work_behind(finding, reason, acting_user) if kind == Decision.Kind.REMEDIATED else None
    revision = finding.rule_revision if scope != Decision.Scope.FINDING else None
    decision = Decision.objects.create(
        project=finding.run.pipeline.project,
        finding_key=finding.key,
        finding=finding,
        kind=kind,
        reason=reason.strip(),
        basis_sha256=finding.basis_sha256,
        decided_by=acting_user,
        scope=scope,
        rule=revision.rule.identifier if revision else "",
        student=student_of(finding) if scope == Decision.Scope.STUDENT else "",
        rule_revision=revision,
        until=until,
        remedy=remedy,
    )
    record(
        acting_user=acting_user,
        action="finding decided",
        subject=finding,
        project=decision.project,
        kind=kind,
        scope=scope,
        until=until.isoformat() if until else "",
        reason=decision.reason,
        **({"remedy": remedy.pk} if remedy else {}),
    )
    decision_made(decision)
    return decision


@transaction.atomic
def decide_many(
    *, findings: Sequence[Finding], kind: str, reason: str, acting_user: User, until: dt.date | None = None
) -> list[Decision]:
    """The same decision on several findings, each in its own history; all of them, or none.

    Raises ValidationError when none is given, when there are more than MOST_AT_ONCE, or as `decide` does.
    """
    if not findings:
        raise ValidationError("Choose at least one finding.")
    if len(findings) > MOST_AT_ONCE:
        raise ValidationError(f"Decide at most {MOST_AT_ONCE} findings at once; {len(findings)} are chosen.")
    return [
        decide(finding=finding, kind=kind, reason=reason, acting_user=acting_user, until=until) for finding in findings
    ]


def _require_sense(finding: Finding, kind: str, reason: str, scope: str, until: dt.date | None) -> None:
    if kind not in Decision.Kind.values:
        raise ValidationError({"kind": f"Choose one of: {', '.join(Decision.Kind.values)}."})
    if scope not in Decision.Scope.values:
        raise ValidationError({"scope": f"Choose one of: {', '.join(Decision.Scope.values)}."})
    if not reason.strip():
        raise ValidationError({"reason": "Say why: the reason stands in the report beside the decision."})
    _require_end(kind, until)
    if scope != Decision.Scope.FINDING and finding.rule_revision is None:
        raise ValidationError({"scope": "This finding rests on no rule: decide it for itself."})
    if scope == Decision.Scope.STUDENT and not student_of(finding):
        raise ValidationError(
            {"scope": "The run declares no student: decide the finding, or the rule for the project."}
        )


def _require_end(kind: str, until: dt.date | None) -> None:
    if until is None:
        if kind == Decision.Kind.WAIVE:
            raise ValidationError({"until": "A waiver ends: say on which day."})
        return
    if kind not in ENDING:
        raise ValidationError({"until": "Only a waiver or an accepted risk ends on a day. Leave it empty."})
    today = timezone.localdate()
    if not today <= until <= today + LONGEST_WAIVER:
        raise ValidationError({"until": f"Choose a day from today on, at most {LONGEST_WAIVER.days} days away."})
