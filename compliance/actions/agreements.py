"""Agreements that end: said in the audit trail 30 and 7 days before, and when they have ended, each once.

What an agreement covered stays covered for its days: it allowed what was done then. From the day after its last the published
rules decide again, so its end is noted as a change of the library, and everything recorded is judged anew.
"""

import datetime as dt
from collections.abc import Iterable
from typing import Final

from django.db import transaction
from django.db.models import QuerySet

from compliance.actions.trail import record
from compliance.models import Agreement, TrailEntry

DAYS_BEFORE: Final = (30, 7)
ENDS: Final = {days: f"agreement ends within {days} days" for days in DAYS_BEFORE}
ENDED: Final = "agreement ended"
LATEST: Final = dt.timedelta(days=90)
"""How long after its end an agreement is still told of, where nothing ran in between."""


def tell_of_ends(today: dt.date) -> int:
    """Write what is due on that day; asked again it writes nothing. Returns the number of lines written."""
    ending = Agreement.objects.filter(
        ends_on__lte=today + dt.timedelta(days=max(DAYS_BEFORE)), ends_on__gte=today - LATEST
    )
    return sum(_tell(pk, today) for pk in ending.order_by("ends_on").values_list("pk", flat=True))


@transaction.atomic
def _tell(pk: int, today: dt.date) -> int:
    agreement = (
        Agreement.objects.select_for_update(of=("self",)).select_related("provider", "project").filter(pk=pk).first()
    )
    if agreement is None or agreement.ends_on is None:
        return 0
    ended = agreement.ends_on < today
    due = ENDED if ended else _nearest(agreement.ends_on - today)
    if due is None or due in _told(agreement):
        return 0
    if ended:
        record(acting_user=None, action=ENDED, subject=agreement, project=agreement.project, **_said(agreement))
    else:
        _remind(agreement, due)
    return 1


def _nearest(left: dt.timedelta) -> str | None:
    """The nearest reminder that is due: within a week only that of a week, though none was written before."""
    due = [days for days in DAYS_BEFORE if left <= dt.timedelta(days=days)]
    return ENDS[min(due)] if due else None


def _remind(agreement: Agreement, action: str) -> None:
    """A line of the trail by itself: a reminder changes nothing that verdicts rest on."""
    TrailEntry.objects.create(
        action=action, object_type=agreement._meta.label_lower, object_id=str(agreement.pk),
        object_label=str(agreement)[:200], project=agreement.project, detail=_said(agreement),
    )  # fmt: skip


def _said(agreement: Agreement) -> dict[str, object]:
    return {"ends_on": str(agreement.ends_on), "grants": list(agreement.grants)}


def _told(agreement: Agreement) -> set[str]:
    """What was told of this very end: an agreement that was prolonged is told of anew."""
    lines: QuerySet[TrailEntry] = TrailEntry.objects.filter(
        object_type=agreement._meta.label_lower, object_id=str(agreement.pk), detail__ends_on=str(agreement.ends_on)
    )
    told: Iterable[str] = lines.values_list("action", flat=True)
    return set(told)
