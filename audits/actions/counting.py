"""Keeping what the pages of a run count over all of its calls and traced rows."""

from audits.models import Run, RunCounts, Seal
from audits.queries.run_counts import count


def keep_counts(run: Run) -> None:
    """Count a run and keep that, in place of an earlier count. To be called when it is sealed."""
    RunCounts.objects.update_or_create(run=run, defaults={"figures": count(run)})


def keep_counts_of_sealed(run: Run) -> None:
    """The same for a run that was sealed before counts were kept. Once for each run."""
    if run.evidence_root and Seal.objects.filter(run=run, run__counts=None).exists():
        RunCounts.objects.get_or_create(run=run, defaults={"figures": count(run)})
