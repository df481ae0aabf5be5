"""Proposals for clauses beside the making of models: size, commerce, regions, benchmarks, extraction. Pure."""

from collections.abc import Callable
from typing import Final

from compliance.engine.constraints import ALWAYS, FactTest
from compliance.engine.proposing import cues
from compliance.engine.proposing.amounts import days, measured_on_release, thresholds
from compliance.engine.proposing.cues import either, together, yes
from compliance.engine.proposing.models import ANY_TRAINING, naming
from compliance.engine.proposing.wording import Proposal, Wording, limited, ways_out
from compliance.engine.rules import RuleException

EVERY_USE: Final = (*ANY_TRAINING, "evaluate", "use_output", "publish_benchmark")


def scale(wording: Wording) -> Proposal:
    """Size beyond which a grant ends, or a display begins."""
    text = wording.plain
    if "attribution_naming" in wording.labels and "display" in text:
        return naming(wording)
    sized = either(thresholds(text))
    by_rivals = together([yes("student.competes_with_provider"), cues.of_distribution(text)])
    limit = either([sized, by_rivals]) if "train_competing" in wording.labels else sized
    when = together([cues.of_commerce(text), limit, *days(text)])
    notes = [] if sized else ["No number was read from the clause: add the threshold."]
    if measured_on_release(text):
        notes.append("The threshold is measured on the day the version was released, not on the day of use.")
    return Proposal(
        name="scale-threshold",
        effect="prohibition",
        title="Large organisations",
        statement="withholds its grant beyond a size until a licence is given" + limited(when),
        actions=EVERY_USE,
        target="materials" if wording.licence else "service",
        when=when,
        exceptions=(
            RuleException(
                "authorised", f"a licence granted by {wording.provider}", FactTest("authorisation", "grants", "*")
            ),
        ),
        labels=wording.kept("scale_threshold", "train_competing"),
        notes=tuple(notes),
    )


def non_commercial(wording: Wording) -> Proposal:
    """What may not be commercial; or what commercial use has to keep to, where the clause allows it on conditions."""
    conditional = wording.mode == "duty" and "commercial use" in wording.plain
    return Proposal(
        name="non-commercial",
        effect="duty" if conditional else "prohibition",
        title="Non-commercial use",
        statement="limits use to purposes that are not commercial",
        actions=("evaluate", "publish_benchmark") if "evaluat" in wording.plain and not wording.licence else EVERY_USE,
        target="materials" if wording.licence else "service",
        when=yes("student.commercial"),
        exceptions=ways_out(wording),
        duty="Keep to what the clause asks of commercial use" if conditional else "",
        labels=wording.kept("noncommercial"),
    )


def region(wording: Wording) -> Proposal:
    """Places in which, or only in which, a model may be used."""
    text = wording.plain
    area = cues.regions(text, only_there="only" in text or wording.mode in ("permission", "right"))
    notes = (
        () if area else ("The clause points to places that it does not name: name the area, or leave it to a person.",)
    )
    return Proposal(
        name="region",
        effect="prohibition",
        title="Regions",
        statement="limits use to some regions" + limited(area or ALWAYS),
        actions=EVERY_USE,
        target="materials" if wording.licence else "service",
        when=area or ALWAYS,
        labels=wording.kept("region_restriction"),
        notes=notes,
    )


def benchmarks(wording: Wording) -> Proposal:
    """Benchmarks, or only those that advertise a rival."""
    text = wording.plain
    rival = "market" in text and "compet" in text
    return Proposal(
        name="benchmarks",
        effect="prohibition",
        title="Benchmarks",
        statement="restricts benchmarks of the service",
        actions=("publish_benchmark",),
        target="service",
        severity="medium",
        when=yes("student.competes_with_provider") if rival else ALWAYS,
        exceptions=ways_out(wording),
        labels=wording.kept("benchmark_restriction"),
    )


def ownership(wording: Wording) -> Proposal:
    """Whose output is: a permission to use it, no more."""
    return Proposal(
        name="ownership",
        effect="prohibition" if wording.mode == "prohibition" else "permission",
        title="Ownership of output",
        statement="limits what may be claimed of output"
        if wording.mode == "prohibition"
        else "leaves output to the user",
        actions=("use_output",),
        severity="low",
        labels=wording.kept("output_ownership"),
        notes=("Who owns output is not yet allowed to train on it.",),
    )


def ban(
    label: str, name: str, title: str, statement: str, action: str, target: str, severity: str
) -> Callable[[Wording], Proposal]:
    """Clauses whose label says nearly everything: only exceptions are read from the wording."""

    def build(wording: Wording) -> Proposal:
        return Proposal(
            name, "prohibition", title, statement, (action,), target, severity,
            exceptions=ways_out(wording), labels=(label,),
        )  # fmt: skip

    return build
