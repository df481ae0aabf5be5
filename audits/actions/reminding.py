"""Reminders of work and of asked facts: before the day, on it, and each week after it, once each."""

import datetime as dt
from typing import Final

from django.db import transaction
from django.utils import timezone

from audits.actions.notices import tell
from audits.models import FactRequest, Remedy
from compliance.access import may
from compliance.models import Project, User
from compliance.roles import Deed

BEFORE: Final = 1
"""Days before the day that something is due."""
EACH: Final = 7
"""Days between reminders afterwards."""


@transaction.atomic
def remind_of_work(today: dt.date | None = None) -> int:
    """Tell owners of work and those who are asked for facts what is due or late; returns how many were told."""
    today = today or timezone.localdate()
    return _of_remedies(today) + _of_requests(today)


def step_of(due: dt.date, today: dt.date) -> str:
    """Which reminder is due on a day: "" for none yet; the same step is told once."""
    late = (today - due).days
    if late < -BEFORE:
        return ""
    return "soon" if late < 0 else f"late-{late // EACH}"


def _of_remedies(today: dt.date) -> int:
    due = Remedy.objects.filter(state__in=Remedy.TO_DO, due_on__lte=today + dt.timedelta(days=BEFORE))
    return sum(
        _remind(
            one.owner, one.project, one.due_on, today, key=f"remedy-due:{one.pk}", title=one.finding.title,
            kind="remedy_due", what="Work", address=f"/work/{one.pk}/",
        )
        for one in due.select_related("owner", "project", "finding")
    )  # fmt: skip


def _of_requests(today: dt.date) -> int:
    due = FactRequest.objects.filter(
        replied_at=None, withdrawn_at=None, due_on__lte=today + dt.timedelta(days=BEFORE)
    ).select_related("asked_of", "asked_by", "project", "finding")
    told = 0
    for one in due:
        if one.due_on is None:
            continue
        told += _remind(
            one.asked_of, one.project, one.due_on, today, key=f"asked-due:{one.pk}", title=one.finding.title,
            kind="facts_due", what="A fact that you are asked for", address=f"/asked/#asked-{one.pk}",
        )  # fmt: skip
        if one.due_on < today:
            told += _remind(
                one.asked_by, one.project, one.due_on, today, key=f"asked-late:{one.pk}", title=one.finding.title,
                kind="facts_due", what=f"What you asked {one.asked_of}", address=f"/findings/{one.finding_id}/#asked",
            )  # fmt: skip
    return told


def _remind(
    person: User, project: Project, due: dt.date, today: dt.date, *, key: str, title: str, kind: str, what: str,
    address: str,
) -> bool:  # fmt: skip
    step = step_of(due, today)
    if not step or not may(person, Deed.SEE, project):
        return False
    words = f"{what} is due on {due}" if due >= today else f"{what} was due on {due}"
    made = tell(
        user=person, kind=kind, key=f"{key}:{due}:{step}", project=project, text=f"{words}: “{title}”", address=address
    )
    return made is not None
