"""Picking up what changed in the library, and judging anew what was recorded."""

import datetime as dt
from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone

from audits.actions.events import terms_changed
from audits.actions.rejudging import rejudge
from audits.models import Rejudging, Run, RunStep
from compliance.models import LibraryChange, User

# A run that is being judged or sealed has read the library already; it is over in a moment, and then counts as recorded.
JUDGING = ("match", "conclude", "report")
LONGEST_WAIT = dt.timedelta(seconds=60)
NAMED = 5


@transaction.atomic
def rejudge_after_changes() -> Rejudging | None:
    """Judge anew after all changes that nobody has followed up yet, at once; None when there is none, or it is too early."""
    changes = list(
        LibraryChange.objects.select_for_update(of=("self",), skip_locked=True)
        .filter(done_at=None)
        .select_related("changed_by")
    )
    if not changes or _too_early(changes):
        return None
    projects = {change.project_id for change in changes}
    done = rejudge(
        cause=_cause(changes), caused_by=_one_person(changes),
        projects=None if None in projects else [key for key in projects if key is not None],
    )  # fmt: skip
    LibraryChange.objects.filter(pk__in=[change.pk for change in changes]).update(done_at=timezone.now())
    terms_changed(changes)
    return done


def _too_early(changes: Sequence[LibraryChange]) -> bool:
    judging = RunStep.objects.filter(name__in=JUDGING, state=RunStep.State.RUNNING, run__state__in=Run.ACTIVE)
    return changes[0].at > timezone.now() - LONGEST_WAIT and judging.exists()


def _cause(changes: Sequence[LibraryChange]) -> str:
    several = len({change.changed_by_id for change in changes}) > 1
    said = list(dict.fromkeys(_said(change) if several else change.cause for change in changes))
    more = f"; and {len(said) - NAMED} more changes" if len(said) > NAMED else ""
    return "; ".join(said[:NAMED]) + more


def _said(change: LibraryChange) -> str:
    return f"{change.cause} ({change.changed_by})" if change.changed_by else change.cause


def _one_person(changes: Sequence[LibraryChange]) -> User | None:
    people = {change.changed_by for change in changes}
    return people.pop() if len(people) == 1 else None
