"""Previews of revisions are asked for, worked out once by a worker, and kept until something behind them is written."""

import datetime as dt
from collections.abc import Callable
from dataclasses import asdict
from typing import Final

from django.db import transaction
from django.utils import timezone

from audits.models import ImpactedRun, KeptImpact
from audits.queries.rule_impact import RuleImpact
from compliance.models import RuleRevision

OPEN: Final = (KeptImpact.State.WAITING, KeptImpact.State.JUDGING)
LOST_AFTER: Final = dt.timedelta(minutes=10)
AGAIN_AFTER: Final = dt.timedelta(minutes=1)
_EVERY: Final = 50  # runs, between two words on how far it is


@transaction.atomic
def ask_for_impact(*, revision: RuleRevision, basis: str) -> tuple[KeptImpact, bool]:
    """The preview of a revision, and whether a worker has to be asked for it now.

    One that is of yesterday is asked for anew, at most once a minute: where something is recorded every second there would
    never be any. The caller compares its basis and says so.
    """
    now = timezone.now()
    fresh = {"basis": basis, "heard_at": now}
    kept, made = KeptImpact.objects.select_for_update().get_or_create(revision=revision, defaults=fresh)
    if made or not is_to_be_asked_for(kept, basis, now):
        return kept, made
    for name, value in {**fresh, "state": KeptImpact.State.WAITING, "done": 0, "total": 0, "figures": {}}.items():
        setattr(kept, name, value)
    kept.save()
    return kept, True


def is_to_be_asked_for(kept: KeptImpact, basis: str, now: dt.datetime) -> bool:
    """Whether asking has a worker judge anew: its worker died, or it failed or is of yesterday, and a minute has passed."""
    silent = now - kept.heard_at
    if kept.state in OPEN:
        return silent > LOST_AFTER
    return silent > AGAIN_AFTER and (kept.basis != basis or kept.state == KeptImpact.State.FAILED)


def begin_impact(kept_id: int, *, basis: str, total: int) -> bool:
    """Take a preview that waits, or whose worker died; False when it is worked out already."""
    taken = KeptImpact.objects.filter(pk=kept_id, state__in=OPEN)
    begun = {"state": KeptImpact.State.JUDGING, "basis": basis, "done": 0, "total": total, "heard_at": timezone.now()}
    return taken.update(**begun) == 1


def progress_of(kept_id: int) -> Callable[[], None]:
    """Counts the runs that were judged, and says every now and then how many."""
    done = 0

    def judged() -> None:
        nonlocal done
        done += 1
        if done % _EVERY == 0:
            KeptImpact.objects.filter(pk=kept_id).update(done=done, heard_at=timezone.now())

    return judged


@transaction.atomic
def keep_impact(kept_id: int, found: RuleImpact, *, basis: str) -> bool:
    """Keep what was found, in place of what was kept before; False when another worker has begun it anew since."""
    mine = KeptImpact.objects.filter(pk=kept_id, state=KeptImpact.State.JUDGING, basis=basis)
    ready = {"state": KeptImpact.State.READY, "figures": found.figures.as_json(), "heard_at": timezone.now()}
    if not mine.update(**ready):
        return False
    ImpactedRun.objects.filter(impact=kept_id).delete()
    runs = [
        ImpactedRun(impact_id=kept_id, run_id=one.run, changes=[asdict(change) for change in one.changes])
        for one in found.runs
    ]
    ImpactedRun.objects.bulk_create(runs, batch_size=500)
    return True


def fail_impact(kept_id: int) -> None:
    """Put down that it could not be worked out."""
    KeptImpact.objects.filter(pk=kept_id).update(state=KeptImpact.State.FAILED, heard_at=timezone.now())
