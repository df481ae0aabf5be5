"""What follows when a run has ended: webhooks are told, and work that it shows is settled. In the transaction of its end.

Each part follows in a savepoint of its own: a fault in one undoes neither the run's end nor the other. What could not follow is
written down in that same transaction, and is made good later: whichever of the two is committed, no event is lost.
"""

import datetime as dt
import logging
from collections.abc import Callable, Mapping
from typing import Final

from django.db import transaction
from django.utils import timezone

from audits.actions.events import run_ended
from audits.actions.remedies import settle_remedies
from audits.models import Run, UnfollowedEnd
from compliance.actions.trail import record

LOG = logging.getLogger(__name__)
What = UnfollowedEnd.What
FOLLOWING: Final[Mapping[str, Callable[[Run], object]]] = {What.TOLD: run_ended, What.SETTLED: settle_remedies}
FIRST_WAIT: Final = dt.timedelta(minutes=1)
LONGEST_WAIT: Final = dt.timedelta(hours=1)
MOST_AT_ONCE: Final = 50


def follow_run(run_id: int) -> None:
    """Call it in the transaction that ends the run. Faults of what follows are written down and raised no further."""
    run = Run.objects.select_related("pipeline__project").get(pk=run_id)
    for what in FOLLOWING:
        problem = _tried(run, what)
        if problem:
            UnfollowedEnd.objects.get_or_create(
                run=run, what=what, defaults={"problem": problem, "next_at": timezone.now() + FIRST_WAIT}
            )
            _note(run, "run end not followed", what, problem)


@transaction.atomic
def make_good(now: dt.datetime | None = None) -> int:
    """Do now what could not follow the end of some run; returns how much was made good. Two workers never do the same.

    Told twice or settled twice it does no harm: events and settlements know which run they are of. What fails again waits twice
    as long, an hour at most, and is never given up.
    """
    now = now or timezone.now()
    due = UnfollowedEnd.objects.filter(next_at__lte=now).select_related("run__pipeline__project")
    done = 0
    for one in due.select_for_update(of=("self",), skip_locked=True)[:MOST_AT_ONCE]:
        problem = _tried(one.run, one.what)
        if problem:
            wait = min(FIRST_WAIT * 2 ** min(one.tries, 10), LONGEST_WAIT)
            UnfollowedEnd.objects.filter(pk=one.pk).update(problem=problem, tries=one.tries + 1, next_at=now + wait)
            continue
        _note(one.run, "run end followed late", one.what, "")
        one.delete()
        done += 1
    return done


def _tried(run: Run, what: str) -> str:
    """What went wrong; "" when it followed."""
    try:
        with transaction.atomic():
            FOLLOWING[what](run)
    except Exception as fault:
        LOG.exception("run %s ended, and this did not follow: %s", run.pk, What(what).label)
        return f"{type(fault).__name__}: {fault}"[:2_000]
    return ""


def _note(run: Run, action: str, what: str, problem: str) -> None:
    said = {"what": str(What(what).label), **({"problem": problem} if problem else {})}
    record(acting_user=None, action=action, subject=run, project=run.pipeline.project, **said)
