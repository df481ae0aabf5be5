"""After a run under audit: calls of it that logs tell of as well count in the run, and no more in those logs."""

from audits.actions.ingesting import sum_up_changed
from audits.actions.same_calls import find_recorded_calls
from audits.models import Run
from audits.procedures.judging_imports import judge_logs
from compliance.queries.library import library_from_database


def count_once(run_id: int) -> int:
    """Find the run's calls in the logs of its project, sum those up anew and judge them anew; tells how many logs that were.

    May be repeated. Logs that are imported later find the run's calls by themselves.
    """
    project = Run.objects.values_list("pipeline__project_id", flat=True).get(pk=run_id)
    changed = find_recorded_calls(run_id, project)
    sum_up_changed(changed)
    if changed:
        judge_logs(changed, library_from_database(project))
    return len(changed)
