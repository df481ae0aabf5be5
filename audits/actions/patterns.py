"""Noting that patterns are to be looked for, and what the look came to."""

import datetime as dt
from collections.abc import Iterable

from django.db import transaction
from django.utils import timezone

from audits.models import PatternIndicator, PatternReading
from audits.patterns.calls import Indicator
from compliance.actions.trail import record
from compliance.models import Project, User

LONGEST_DAYS = 400


@transaction.atomic
def request_reading(
    *, project: Project, first_day: dt.date, last_day: dt.date, acting_user: User | None
) -> PatternReading:
    """Note a look over a period; the caller sends the task. Raises ValueError for a period that can't be."""
    if not 0 <= (last_day - first_day).days < LONGEST_DAYS:
        raise ValueError(f"choose a period of at most {LONGEST_DAYS} days that does not end before it begins")
    reading = PatternReading.objects.create(
        project=project, first_day=first_day, last_day=last_day, requested_by=acting_user
    )
    record(acting_user=acting_user, action="patterns looked for", subject=reading, project=project)
    return reading


@transaction.atomic
def keep_reading(reading: PatternReading, indicators: Iterable[Indicator], **counts: int) -> None:
    """Keep what a look came to, in place of what an earlier attempt or look at the same period had."""
    reading.indicators.all().delete()
    PatternIndicator.objects.bulk_create(
        PatternIndicator(
            reading=reading, kind=one.kind, subject=one.subject[:300], calls=one.calls, value=one.value, baseline=one.baseline,
            figures=one.figures,
            samples=[
                {"of": kept.reference[0], "id": kept.reference[1], "at": kept.at, "sender": kept.sender, "model": kept.model,
                 "prompt": kept.prompt}
                for kept in one.samples
            ],
        )
        for one in indicators
    )  # fmt: skip
    PatternReading.objects.filter(pk=reading.pk).update(finished_at=timezone.now(), problem="", **counts)
    same = PatternReading.objects.filter(
        project=reading.project_id, first_day=reading.first_day, last_day=reading.last_day, pk__lt=reading.pk
    )
    same.delete()
