"""Whether a run shows that work is done: the one way in which a remedy, or a decision "remediated", comes to be believed.

Nobody's word counts, only a run after the one at which it was said. What the run could not see proves nothing either way.
"""

from dataclasses import dataclass
from typing import Final

from django.db.models import QuerySet, Sum
from django.db.models.functions import Coalesce

from audits.matching.facts import something_unseen
from audits.matching.verdicts import STRICTNESS
from audits.models import Dataset, Finding, Outcome, Remedy, Run

SHOWN_USES: Final = 4


@dataclass(frozen=True)
class Proof:
    """What a run says of a remedy: it is done (True), it is not (False), or the run can't tell (None); and why, in a sentence."""

    done: bool | None
    why: str
    finding: Finding | None = None


def shown_by(run: Run) -> QuerySet[Remedy]:
    """The work that this run may show, as a decision "remediated" goes by a later run too: asked for or claimed before it.

    None for a run that judged nothing, did not come to its end, or only replayed answers.
    """
    if run.state != Run.State.COMPLETED or run.is_replay or run.record_only:
        return Remedy.objects.none()
    told = Remedy.objects.exclude(state=Remedy.State.DROPPED).annotate(
        said_at=Coalesce("claimed_run", "finding__run"), settled_at_run=Coalesce("settled_run", 0)
    )
    mine = told.filter(finding__run__pipeline=run.pipeline_id, said_at__lt=run.pk, settled_at_run__lte=run.pk)
    return mine.select_related("finding__run__pipeline__project", "owner", "asked_by")


def proof_by(remedy: Remedy, run: Run) -> Proof:
    """What the run shows of what the remedy's finding was about. At most eight queries."""
    name = f"Run {run.number}"
    found = Finding.objects.filter(run=run, key=remedy.finding_key).first()
    if run.upstreams and not remedy.finding.run.upstreams:
        return Proof(
            None, f"{name} asked stand-ins instead of the providers; that shows nothing of the real use.", found
        )
    return _still_found(remedy, found, name) if found else _not_found(remedy, run, name)


def _still_found(remedy: Remedy, found: Finding, name: str) -> Proof:
    was, now = (STRICTNESS.index(Outcome(one)) for one in (remedy.finding.outcome, found.outcome))
    volume = f"{found.calls:,} calls, {found.rows:,} training rows"
    if now <= was:
        return Proof(False, f"{name} still finds it: {_worded(found.outcome)} ({volume}).", found)
    if found.outcome == Outcome.NEEDS_FACTS:
        missing = ", ".join(found.missing_facts[:4])
        return Proof(None, f"{name} can’t tell: facts are missing ({missing}).", found)
    better = f"{_worded(found.outcome)} instead of {_worded(remedy.finding.outcome)}"
    return Proof(True, f"{name} finds {better} ({volume}).", found)


def _not_found(remedy: Remedy, run: Run, name: str) -> Proof:
    elsewhere = _same_rule_elsewhere(remedy, run)
    if elsewhere is not None:
        return Proof(
            None, f"{name} no longer finds it as it was, but the same rule in another place: “{elsewhere.title}”.", elsewhere
        )  # fmt: skip
    if something_unseen(run) or run.datasets.filter(role=Dataset.Role.TRAINING).exclude(gap="").exists():
        return Proof(
            None, f"{name} does not find it, but met what it could not read: that it saw nothing proves nothing."
        )
    loose = (
        ""
        if run.isolation == Run.Isolation.ENFORCED
        else " Its isolation was not enforced: a call could have gone past."
    )
    return Proof(True, f"{name} no longer finds it. {_what_it_did(run)}{loose}")


def _same_rule_elsewhere(remedy: Remedy, run: Run) -> Finding | None:
    """As grave a finding of the same rule that was not there before: a student renamed, another channel."""
    if remedy.finding.rule_revision_id is None:
        return None
    rule = remedy.finding_key.partition("|")[0]
    as_grave = STRICTNESS[: STRICTNESS.index(Outcome(remedy.finding.outcome)) + 1]
    known = Finding.every.filter(run=remedy.finding.run_id).values("key")
    alike = Finding.objects.filter(run=run, key__startswith=f"{rule}|", outcome__in=as_grave)
    return alike.exclude(key__in=known).order_by("number").first()


def _what_it_did(run: Run) -> str:
    uses = list(run.uses.values("provider", "model").annotate(n=Sum("calls")).order_by("-n", "model")[:SHOWN_USES])
    if not uses:
        return "It used no model that was recorded."
    told = ", ".join(_told(one["n"], one["model"] or one["provider"] or "an unknown model") for one in uses)
    return f"What it used: {told}."


def _told(calls: int, model: str) -> str:
    return f"{calls:,} call{'' if calls == 1 else 's'} to {model}"


def _worded(outcome: str) -> str:
    return str(Outcome(outcome).label).lower()
