"""What follows when a run has ended: webhooks are told, and work that it shows is settled. In the transaction of its end."""

from audits.actions.events import run_ended
from audits.actions.remedies import settle_remedies
from audits.models import Run


def follow_run(run_id: int) -> None:
    """Call it in the transaction that ends the run."""
    run = Run.objects.select_related("pipeline__project").get(pk=run_id)
    run_ended(run)
    settle_remedies(run)
