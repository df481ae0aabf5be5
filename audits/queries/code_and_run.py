"""What a run's source tree names beside what the run was seen to ask."""

from audits.models import Run
from audits.queries.run_counts import counts_of
from audits.scan.comparison import Asked, Comparison, compare


def code_and_run(run: Run) -> Comparison:
    """The comparison for one run. One query where they were kept. Calls that stayed on the machine itself are left out."""
    return compare(run.scan or {}, [Asked(*group) for group in counts_of(run, "asked").asked])
