"""Telling people: one notice for each thing, read in the page, mailed at once, daily or never."""

import datetime as dt
from collections.abc import Iterable
from typing import Final

from django.db import transaction
from django.utils import timezone

from audits.actions.events import decision_ends
from audits.models import Assignment, Finding, Notice, NoticeChoice
from audits.queries.people import people_of_project
from audits.queries.review import standing_today
from audits.queries.standing import TO_DECIDE, with_standing
from compliance.access import may
from compliance.models import Project, User
from compliance.roles import Deed

TOLD_WITHIN: Final = dt.timedelta(days=60)
"""What ended or was due longer ago is told no more. Shorter than notices are kept, so that none is given again once forgotten."""
REMIND_BEFORE: Final = (30, 7, 1)
"""Days before the end of a waiver on which its people are reminded."""


def tell(*, user: User, kind: str, text: str, address: str, key: str, project: Project | None = None) -> Notice | None:
    """Tell one person one thing; None when they were told already, or when their account is closed."""
    if not user.is_active:
        return None
    notice, made = Notice.objects.get_or_create(
        user=user, key=key[:200], defaults={"kind": kind, "text": text[:400], "address": address, "project": project}
    )
    return notice if made else None


@transaction.atomic
def read_notices(*, acting_user: User, ids: Iterable[int] | None = None) -> int:
    """Mark notices of the person as read, all of them without ids; returns how many were not."""
    mine = Notice.objects.filter(user=acting_user, read_at=None)
    if ids is not None:
        mine = mine.filter(pk__in=list(ids))
    return mine.update(read_at=timezone.now())


def choose_mail(*, acting_user: User, mail: str) -> NoticeChoice:
    """How the person wants to be told. Raises ValueError for a way that there is not."""
    if mail not in NoticeChoice.Mail.values:
        raise ValueError(f"choose one of: {', '.join(NoticeChoice.Mail.values)}")
    choice, _ = NoticeChoice.objects.update_or_create(user=acting_user, defaults={"mail": mail})
    return choice


@transaction.atomic
def remind_of_ends(today: dt.date | None = None) -> int:
    """Tell reviewers of waivers and accepted risks that end soon or have ended, and of what is due; returns how many were told.

    Each thing is told once to each person: for a waiver 30, 7 and 1 days before its last day, and on the day after.
    """
    today = today or timezone.localdate()
    told = 0
    lately = today - TOLD_WITHIN
    standing = with_standing(standing_today(Finding.objects.all()), today).filter(decision_until__gte=lately)
    for finding in standing.select_related("run__pipeline__project"):
        left = (finding.decision_until - today).days
        step = next((days for days in sorted(REMIND_BEFORE) if 0 <= left <= days), None)
        if left < 0:
            told += _tell_of_end(finding, "ended", "The waiver has ended, and the finding is open again")
        elif step is not None:
            told += _tell_of_end(
                finding, str(step), f"The waiver ends in {left} days" if left else "The waiver ends today"
            )
    return told + _remind_of_dues(today)


def _tell_of_end(finding: Finding, step: str, words: str) -> int:
    project = finding.run.pipeline.project
    deciders = [one for one in people_of_project(project) if may(one, Deed.DECIDE, project)]
    decision = finding.decision_id
    decision_ends(finding, step, words)
    made = [
        tell(
            user=person, kind="waiver_ends", key=f"waiver:{decision}:{step}", project=project,
            text=f"{words}: “{finding.title}”", address=f"/findings/{finding.pk}/",
        )
        for person in deciders
    ]  # fmt: skip
    return sum(one is not None for one in made)


def _remind_of_dues(today: dt.date) -> int:
    days = (today - TOLD_WITHIN, today + dt.timedelta(days=1))
    due = Assignment.objects.filter(due_on__range=days, assignee__isnull=False)
    told = 0
    for one in due.select_related("assignee", "project"):
        same = Finding.objects.filter(key=one.finding_key, run__pipeline__project=one.project)
        finding = with_standing(standing_today(same), today).filter(standing__in=TO_DECIDE).first()
        if finding is None or one.assignee is None:
            continue
        notice = tell(
            user=one.assignee, kind="due", key=f"due:{one.pk}:{one.due_on}", project=one.project,
            text=f"Due {one.due_on}: “{finding.title}”", address=f"/findings/{finding.pk}/",
        )  # fmt: skip
        told += notice is not None
    return told
