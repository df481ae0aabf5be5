"""A first draft of a rule from one clause: effect, conditions, exceptions and a statement in our own words. Pure.

The clause is never quoted. Its labels choose what kind of rule it is, its wording the conditions; `notes` names what was read
and what a person still has to decide.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from compliance.engine.proposing import limits, models
from compliance.engine.proposing.ways_out import spares_evaluation
from compliance.engine.proposing.wording import NothingToPropose, Proposal, Wording

_WITHOUT_A_RULE: Final[Mapping[str, str]] = {
    "termination_remedy": "it says what follows a breach; write that as the remedy of the rule that it stands behind",
    "data_use_by_provider": "it says what the provider does with data, not what a user may do",
}


def propose(wording: Wording) -> Proposal:
    """The proposal for a clause. Raises NothingToPropose when none of its labels asks anything of a user."""
    for label, build in _BUILDERS.items():
        if label in wording.labels:
            proposal = build(wording)
            return replace(proposal, notes=(*proposal.notes, *_notes(wording, proposal)))
    reasons = [_WITHOUT_A_RULE[label] for label in wording.labels if label in _WITHOUT_A_RULE]
    raise NothingToPropose(f"No rule follows from this clause: {'; '.join(reasons) or 'it carries no label'}.")


_BUILDERS: Final[Mapping[str, Callable[[Wording], Proposal]]] = {
    "scale_threshold": limits.scale,
    "explicit_permission": models.permission,
    "train_any": models.training,
    "train_competing": models.training,
    "attribution_naming": models.naming,
    "pass_through_terms": models.passing_on,
    "distill_explicit": models.distillation,
    "reverse_engineer": limits.ban(
        "reverse_engineer", "reverse-engineering", "Reverse engineering",
        "bars reverse engineering and attempts to extract the model", "reverse_engineer", "service", "critical",
    ),
    "automated_extraction": limits.ban(
        "automated_extraction", "systematic-extraction", "Systematic extraction",
        "bars extracting data or output by automated means", "extract_systematically", "output", "high",
    ),
    "benchmark_restriction": limits.benchmarks,
    "noncommercial": limits.non_commercial,
    "region_restriction": limits.region,
    "output_sharing_disclosure": limits.ban(
        "output_sharing_disclosure", "disclosure", "Sharing of output", "limits how output may be shared or presented",
        "use_output", "output", "medium",
    ),
    "rate_limit_circumvention": limits.ban(
        "rate_limit_circumvention", "limits-of-use", "Limits of use", "bars getting around limits of use",
        "extract_systematically", "service", "medium",
    ),
    "resale_transfer": limits.ban(
        "resale_transfer", "resale", "Resale and transfer", "bars passing access on to others", "use_output", "service", "medium",
    ),
    "output_ownership": limits.ownership,
}  # fmt: skip
"""By label, the weightiest first: a clause with several is proposed by the first, and the notes name the others."""


def _notes(wording: Wording, proposal: Proposal) -> tuple[str, ...]:
    """What the wording says beyond the proposal."""
    text = wording.plain
    notes = []
    if "third part" in text or "anyone" in text or "any other person" in text:
        notes.append("It binds what others do with the user’s help as well: look at contractors and affiliates.")
    if "law" in text and ("except" in text or "extent" in text):
        notes.append("It yields where the law forbids such a restriction.")
    if spares_evaluation(text):
        notes.append("Evaluation is spared: the activities of this proposal leave it out.")
    further = [label for label in wording.labels if label in _BUILDERS and label not in proposal.labels]
    if further:
        notes.append(f"The clause also carries {', '.join(further)}: see whether that needs a rule of its own.")
    return tuple(notes)
