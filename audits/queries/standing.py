"""Where a finding stands: which decision covers it today, whether that still holds, and why it is open again when it does not.

A decision covers every run of its project. In the scope "finding" it goes by the finding's key; in the wider scopes by the rule,
for one student or for the whole project. The newest decision that covers a finding is the one that counts. It stops to hold when

- what it rested on has changed: the finding's basis, or, in a wider scope, the wording of the rule;
- its last day has passed;
- it says that the finding is remediated, and a later run finds it again.
"""

import datetime as dt
from typing import Any, Final

from django.db.models import Case, CharField, F, OuterRef, Q, QuerySet, Subquery, TextField, Value, When
from django.db.models.fields.json import KeyTextTransform, KeyTransform
from django.db.models.functions import Coalesce, Concat, NullIf, Trim
from django.utils import timezone

from audits.models import Assignment, Decision, Finding, Remedy

OPEN: Final = "open"
REOPENED: Final = "reopened"
ENDED: Final = "ended"
FOUND_AGAIN: Final = "found_again"
WAITING: Final = "waiting"
TO_BE_SHOWN: Final = "to_be_shown"
DECIDED: Final = "decided"
STANDINGS: Final = {
    OPEN: "Open",
    REOPENED: "Re-opened: its basis changed",
    ENDED: "Re-opened: the waiver ended",
    FOUND_AGAIN: "Re-opened: a later run found it again",
    WAITING: "Waiting for facts",
    TO_BE_SHOWN: "Remediated, to be shown by the next run",
    DECIDED: "Decided",
}
TO_DECIDE: Final = (OPEN, REOPENED, ENDED, FOUND_AGAIN)
"""What waits for a reviewer; the rest waits for somebody else, or for nobody."""


def with_standing(findings: QuerySet[Finding], on: dt.date | None = None) -> QuerySet[Any]:
    """Annotates what stands today (or on a day): `standing`, and of the decision that counts `decision_kind`, `decision_scope`,
    `decision_basis` and `decision_until`. Which decision that is, the finding's row holds (decision 0308).
    """
    return findings.annotate(
        decision_kind=F("decision__kind"),
        decision_scope=F("decision__scope"),
        decision_basis=F("decision__basis_sha256"),
        decision_until=F("decision__until"),
        standing=_standing(on or timezone.localdate()),
    )


def with_reach(findings: QuerySet[Any]) -> QuerySet[Any]:
    """Annotates what wider decisions go by: the rule's identifier as `of_rule`, the student's name as `of_student` (or "")."""
    return findings.annotate(
        of_rule=Coalesce(F("rule_revision__rule__identifier"), Value(""), output_field=TextField()),
        of_student=Coalesce(
            KeyTextTransform("name", KeyTransform("student", "run__manifest")), Value(""), output_field=TextField()
        ),
    )


def _standing(today: dt.date) -> Case:
    """Where a finding stands by the decision that counts for it."""
    narrow = Q(decision__scope=Decision.Scope.FINDING)
    changed = (narrow & ~Q(decision__basis_sha256=F("basis_sha256"))) | (
        ~narrow & ~Q(decision__rule_revision=F("rule_revision"))
    )
    remediated = Q(decision__kind=Decision.Kind.REMEDIATED)
    return Case(
        When(Q(decision=None) | Q(decision__kind=Decision.Kind.REOPEN), then=Value(OPEN)),
        When(changed, then=Value(REOPENED)),
        When(decision__until__lt=today, then=Value(ENDED)),
        When(remediated & Q(decision__finding__run__lt=F("run")), then=Value(FOUND_AGAIN)),
        When(remediated & Q(decision__remedy__state=Remedy.State.PROVED), then=Value(DECIDED)),
        When(remediated, then=Value(TO_BE_SHOWN)),
        When(decision__kind=Decision.Kind.NEEDS_FACTS, then=Value(WAITING)),
        default=Value(DECIDED),
        output_field=CharField(),
    )


def with_assignment(findings: QuerySet[Any]) -> QuerySet[Any]:
    """Annotates `assignee` (a person's id), `assignee_name` (as people are shown: User.__str__) and `due_on`."""
    held = Assignment.objects.filter(project=OuterRef("run__pipeline__project"), finding_key=OuterRef("key"))
    full_name = Trim(Concat("assignee__first_name", Value(" "), "assignee__last_name"))
    return findings.annotate(
        assignee=Subquery(held.values("assignee")[:1]),
        assignee_name=Subquery(held.values(name=Coalesce(NullIf(full_name, Value("")), "assignee__username"))[:1]),
        due_on=Subquery(held.values("due_on")[:1]),
    )
