"""Working out what publishing a revision would change, for the page that shows it."""

from contextlib import ExitStack

from audits.actions.rule_impacts import begin_impact, fail_impact, keep_impact, progress_of
from audits.matching.recorded import judged_runs
from audits.models import KeptImpact
from audits.queries.rule_impact import impact_of_revision, rows_behind
from compliance.queries.proposed import UnreadableRevision


def work_out(kept_id: int) -> bool:
    """Judge everything recorded for a preview that was asked for; False when it is there already, or could not be judged.

    What is written meanwhile makes it one of yesterday.
    """
    kept = KeptImpact.objects.select_related("revision__rule").get(pk=kept_id)
    basis = rows_behind()
    if not begin_impact(kept_id, basis=basis, total=2 * judged_runs().count()):
        return False
    try:
        with ExitStack() as unless_found:
            unless_found.callback(fail_impact, kept_id)
            found = impact_of_revision(kept.revision, progress_of(kept_id))
            unless_found.pop_all()
    except UnreadableRevision:  # changed since it was asked for; the page says what is wrong with it
        return False
    return keep_impact(kept_id, found, basis=basis)
