"""What a run comes to: the strictest of its uses, and no better than could be seen."""

from audits.matching.facts import something_unseen
from audits.matching.verdicts import strictest
from audits.models import Dataset, Outcome, Run


def outcome_of(run: Run) -> str:
    """The strictest outcome of a run's uses; at best needs_facts where something could not be seen. "" without any use."""
    outcome = strictest(run.uses.values_list("outcome", flat=True))
    unreadable = run.datasets.filter(role=Dataset.Role.TRAINING).exclude(gap="").exists()
    blind = something_unseen(run) or unreadable
    if outcome is None:
        return Outcome.NEEDS_FACTS if blind else ""
    return strictest([outcome, Outcome.NEEDS_FACTS]) or outcome if blind else outcome
