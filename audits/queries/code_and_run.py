"""What a run's source tree names beside what the run was seen to ask."""

from django.db.models import Count

from audits.models import Run
from audits.scan.comparison import Asked, Comparison, compare


def code_and_run(run: Run) -> Comparison:
    """The comparison for one run. One query. Calls that stayed on the machine itself are left out."""
    groups = (
        run.calls.exclude(served_by="self")
        .order_by()
        .values_list("served_by", "provider", "request_model")
        .annotate(n=Count("id"))
        .order_by("served_by", "request_model")
    )
    return compare(run.scan or {}, [Asked(*group) for group in groups])
