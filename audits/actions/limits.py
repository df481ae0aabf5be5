"""Calls held at a run's bounds, and what people answer."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from audits.models import LimitEvent, ReplayDifference, Run
from compliance.actions.trail import record
from compliance.models import User


def waiting(run: Run) -> QuerySet[LimitEvent]:
    """Calls of a run that wait for a person, the oldest first."""
    held = LimitEvent.objects.filter(run=run, what=LimitEvent.What.HELD, answer="", wish="")
    return held.filter(until__gt=timezone.now()).order_by("id") if run.is_active else held.none()


@transaction.atomic
def answer_hold(*, event: LimitEvent, answer: str, acting_user: User) -> bool:
    """Say what shall become of a held call; False when it was answered already, or no longer waits.

    The worker that follows the run tells its recorder within a second.
    """
    mine = LimitEvent.objects.filter(pk=event.pk, wish="", answer="", until__gt=timezone.now())
    if mine.update(wish=answer, wished_by=acting_user, wished_at=timezone.now()) == 0:
        return False
    record(
        acting_user=acting_user,
        action="held call answered",
        subject=event.run,
        project=event.run.pipeline.project,
        answer=answer,
        host=event.host,
    )
    return True


def write_limit_events(run_id: int, rows: Iterable[Mapping[str, Any]]) -> None:
    """Append what the recorder said of bounds; values fit their columns already."""
    LimitEvent.objects.bulk_create([LimitEvent(run_id=run_id, **row) for row in rows])


def close_hold(run_id: int, hold: str, answer: str, at: Any) -> None:
    """What became of a held call, as the recorder said."""
    LimitEvent.objects.filter(run=run_id, hold=hold).update(answer=answer, answered_at=at)


def wishes_to_tell(run_id: int, told: Iterable[str]) -> list[tuple[str, str, str]]:
    """(hold, answer, by whom) of answers that the recorder has not been told yet."""
    found = LimitEvent.objects.filter(run=run_id, answer="").exclude(wish="").exclude(hold__in=list(told))
    return [(one.hold, one.wish, str(one.wished_by)) for one in found.select_related("wished_by")]


def write_differences(run_id: int, rows: Iterable[Mapping[str, Any]]) -> None:
    """Append where a replay went another way than its record."""
    ReplayDifference.objects.bulk_create([ReplayDifference(run_id=run_id, **row) for row in rows])
