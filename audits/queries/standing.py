"""Where a finding stands: which decision covers it today, whether that still holds, and why it is open again when it does not.

A decision covers every run of its project. In the scope "finding" it goes by the finding's key; in the wider scopes by the rule,
for one student or for the whole project. The newest decision that covers a finding is the one that counts. It stops to hold when

- what it rested on has changed: the finding's basis, or, in a wider scope, the wording of the rule;
- its last day has passed;
- it says that the finding is remediated, and a later run finds it again.
"""

import datetime as dt
from typing import Any, Final

from django.db.models import (
    Case,
    CharField,
    DateField,
    F,
    IntegerField,
    JSONField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    TextField,
    Value,
    When,
)
from django.db.models.fields.json import KeyTextTransform, KeyTransform
from django.db.models.functions import Cast, Coalesce, JSONObject
from django.utils import timezone

from audits.models import Assignment, Decision, Finding

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


def _covering() -> QuerySet[Decision]:
    """The decisions that cover the finding of the outer query, newest first."""
    wide = Q(rule=OuterRef("of_rule")) & ~Q(rule="")
    return Decision.objects.filter(
        Q(scope=Decision.Scope.FINDING, finding_key=OuterRef("key"))
        | (Q(scope=Decision.Scope.STUDENT, student=OuterRef("of_student")) & wide)
        | (Q(scope=Decision.Scope.PROJECT) & wide),
        project=OuterRef("run__pipeline__project"),
    ).order_by("-id")


def with_standing(findings: QuerySet[Finding], on: dt.date | None = None) -> QuerySet[Any]:
    """Annotates what stands today (or on a day): `standing`, and of the decision that counts `decision_id`, `decision_kind`,
    `decision_scope`, `decision_basis` and `decision_until`.
    """
    today = on or timezone.localdate()
    named = findings.annotate(
        of_rule=Coalesce(F("rule_revision__rule__identifier"), Value(""), output_field=TextField()),
        of_student=Coalesce(
            KeyTextTransform("name", KeyTransform("student", "run__manifest")), Value(""), output_field=TextField()
        ),
    )
    told = named.annotate(
        decision_told=Subquery(
            _covering()
            .annotate(stands=_standing(today))
            .values(
                told=JSONObject(
                    id="pk", kind="kind", scope="scope", basis="basis_sha256", until="until", stands="stands",
                )
            )[:1],
            output_field=JSONField(),
        )
    )  # fmt: skip
    return told.annotate(
        decision_id=Cast(_text("id"), IntegerField()),
        decision_kind=_text("kind"),
        decision_scope=_text("scope"),
        decision_basis=_text("basis"),
        decision_until=Cast(_text("until"), DateField()),
        standing=Coalesce(_text("stands"), Value(OPEN), output_field=CharField()),
    )


def _student() -> KeyTextTransform:
    return KeyTextTransform("name", KeyTransform("student", "run__manifest"))


def _text(key: str) -> Any:
    return KeyTextTransform(key, "decision_told")


def _standing(today: dt.date) -> Case:
    """Where the outer query's finding stands by the decision at hand. It is worked out beside the decision: PostgreSQL looks
    for that anew wherever an annotation names it."""
    narrow = Q(scope=Decision.Scope.FINDING)
    changed = (narrow & ~Q(basis_sha256=OuterRef("basis_sha256"))) | (
        ~narrow & ~Q(rule_revision=OuterRef("rule_revision_id"))
    )
    remediated = Q(kind=Decision.Kind.REMEDIATED)
    return Case(
        When(kind=Decision.Kind.REOPEN, then=Value(OPEN)),
        When(changed, then=Value(REOPENED)),
        When(until__lt=today, then=Value(ENDED)),
        When(remediated & Q(finding__run_id__lt=OuterRef("run_id")), then=Value(FOUND_AGAIN)),
        When(remediated, then=Value(TO_BE_SHOWN)),
        When(kind=Decision.Kind.NEEDS_FACTS, then=Value(WAITING)),
        default=Value(DECIDED),
        output_field=CharField(),
    )


def with_assignment(findings: QuerySet[Any]) -> QuerySet[Any]:
    """Annotates `assignee` (a person's id), `assignee_name` and `due_on`."""
    held = Assignment.objects.filter(project=OuterRef("run__pipeline__project"), finding_key=OuterRef("key"))
    return findings.annotate(
        assignee=Subquery(held.values("assignee")[:1]),
        assignee_name=Subquery(held.values("assignee__username")[:1]),
        due_on=Subquery(held.values("due_on")[:1]),
    )
