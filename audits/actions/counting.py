"""Keeping what the pages of a run count over all of its calls and traced rows."""

import logging
from typing import Final

from django.db import DatabaseError, transaction

from audits.models import Run, RunCounts
from audits.queries.run_counts import count

AT_ONCE: Final = 10
"""Runs that are counted in one round: one of a million calls takes seconds."""
_log = logging.getLogger(__name__)


def keep_counts(run: Run) -> None:
    """Count a run and keep that, in place of an earlier count. To be called when it is sealed."""
    RunCounts.objects.update_or_create(run=run, defaults={"figures": count(run)})


def keep_missing_counts() -> int:
    """Count sealed runs of which nothing is kept, the newest first: those sealed before counts were kept, and those whose count
    was lost or failed. Returns how many were counted; what fails is left for another round, and holds no other run up."""
    lacking = Run.objects.filter(seal__isnull=False, counts=None).order_by("-id").values_list("pk", flat=True)
    kept = 0
    for pk in list(lacking):
        if kept == AT_ONCE:
            break
        try:
            with transaction.atomic():
                keep_counts(Run.objects.get(pk=pk))
        except DatabaseError:
            _log.exception("run %s could not be counted; its pages count for themselves", pk)
        else:
            kept += 1
    return kept
