"""What waits for somebody who keeps the terms: reviews, drafts, agreements about to end, and what was done last."""

import datetime as dt
from dataclasses import dataclass

from django.db.models import QuerySet

from compliance.models import Agreement, RuleRevision, TermsChange, TrailEntry
from compliance.queries.broken_rules import BrokenRule, broken_rules
from compliance.queries.incoming import Counts, changes, waiting_counts

SOON = dt.timedelta(days=90)
LATELY = dt.timedelta(days=30)
SHOWN = 12


@dataclass(frozen=True)
class Desk:
    """Each is a query of its own, with what a page shows of it."""

    in_review: QuerySet[RuleRevision]
    drafts: QuerySet[RuleRevision]
    ending: QuerySet[Agreement]
    ended: QuerySet[Agreement]
    trail: QuerySet[TrailEntry]
    incoming: Counts
    changed: QuerySet[TermsChange]
    broken: tuple[BrokenRule, ...]


def desk(today: dt.date) -> Desk:
    """The desk on a day: agreements count as ending when their last day lies within 90 days.

    What changed or ended lately is of the last 30. Nine queries.
    """
    revisions = RuleRevision.objects.select_related("rule__document", "created_by").order_by("created_at")
    ending = Agreement.objects.filter(ends_on__gte=today, ends_on__lte=today + SOON).select_related(
        "provider", "project"
    )
    return Desk(
        in_review=revisions.filter(status=RuleRevision.Status.IN_REVIEW),
        drafts=revisions.filter(status=RuleRevision.Status.DRAFT),
        ending=ending.order_by("ends_on"),
        ended=Agreement.objects.filter(ends_on__lt=today, ends_on__gte=today - LATELY)
        .select_related("provider", "project")
        .order_by("-ends_on"),
        trail=TrailEntry.objects.select_related("user")[:SHOWN],
        incoming=waiting_counts(),
        changed=changes().filter(captured_at__date__gte=today - LATELY)[:SHOWN],
        broken=broken_rules(),
    )
