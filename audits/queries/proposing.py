"""What a run has shown proposes a decision: a person still makes it."""

from dataclasses import dataclass
from typing import Any

from audits.models import Decision, Remedy
from audits.queries.standing import TO_DECIDE, WAITING


@dataclass(frozen=True)
class Proposal:
    """A decision that a run speaks for: the kind, words for a reason, and the work that the run showed."""

    kind: str
    reason: str
    remedy: Remedy


def proposed_decision(finding: Any) -> Proposal | None:
    """What is proposed for a finding that nobody has decided (annotated by `with_standing`); None: nothing. One query."""
    if finding.standing not in (*TO_DECIDE, WAITING):
        return None
    shown = Remedy.objects.filter(
        project=finding.run.pipeline.project_id, finding_key=finding.key, state=Remedy.State.PROVED,
        settled_run__gte=finding.run_id,
    )  # fmt: skip
    remedy = shown.select_related("settled_run", "owner").order_by("-settled_run", "-pk").first()
    return Proposal(Decision.Kind.REMEDIATED, remedy.why, remedy) if remedy else None
