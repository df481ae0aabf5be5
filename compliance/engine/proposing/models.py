"""Proposals for clauses about models made from output: bans, permissions, names, terms that go along. Pure."""

from typing import Final

from compliance.engine.constraints import AnyOf, Constraint, FactTest
from compliance.engine.proposing import cues
from compliance.engine.proposing.amounts import days, thresholds
from compliance.engine.proposing.cues import either, together, yes
from compliance.engine.proposing.wording import Proposal, Wording, limited, ways_out

TRAINING: Final = ("train_on_output", "filter_training_data")
ANY_TRAINING: Final = (*TRAINING, "fine_tune_weights")


def training(wording: Wording) -> Proposal:
    """The rules that matter most: no model, or no competing one, may be made from output."""
    if wording.mode == "permission" and "explicit_permission" in wording.labels:
        return _training_allowed(wording)
    any_model = "train_any" in wording.labels
    return _any_model(wording) if any_model else _competing_models(wording)


def _competing_models(wording: Wording) -> Proposal:
    text = wording.plain
    when = together([cues.of_the_output(text), yes("student.competes_with_provider"), *days(text)])
    notes = ["Who competes is a judgement of fact, made for each student by a named person."]
    if "similar" in text:
        notes.append(
            "The clause says “similar” as well: what is similar need not compete; decide whether that is wider."
        )
    if "including" in text and "model" in text.partition("including")[2]:
        notes.append("What follows “including” may be a case of competing, or barred by itself: decide which.")
    return Proposal(
        name="competing-models",
        effect="prohibition",
        title="Competing models",
        statement=f"bars using output to build models that compete with {wording.provider}"
        + limited(when, "student.competes_with_provider"),
        actions=TRAINING,
        target=wording.target,
        severity="critical",
        when=when,
        exceptions=ways_out(wording),
        labels=wording.kept("train_competing", "distill_explicit"),
        notes=tuple(notes),
    )


def _any_model(wording: Wording) -> Proposal:
    text = wording.plain
    offered = cues.of_distribution(text) if "third" in text else None
    when = together([cues.of_the_student(text), cues.of_commerce(text), offered, *days(text)])
    return Proposal(
        name="any-model",
        effect="prohibition",
        title="Training any model",
        statement="bars using output to build a model, whether or not it competes" + limited(when),
        actions=TRAINING,
        target=wording.target,
        severity="critical",
        when=when,
        exceptions=ways_out(wording),
        labels=wording.kept("train_any", "train_competing", "distill_explicit"),
    )


def distillation(wording: Wording) -> Proposal:
    """A ban that names distillation; where it bars scraping as well, both stand in one rule."""
    if wording.mode == "permission":
        return _training_allowed(wording)
    generative = FactTest("student.kind", "eq", "generative")
    scraping = "automated_extraction" in wording.labels
    extracting = FactTest("activity", "eq", "extract_systematically")
    return Proposal(
        name="distillation",
        effect="prohibition",
        title="Distillation",
        statement="bars distilling output into a model" + (" and scraping it" if scraping else ""),
        actions=(*TRAINING, "extract_systematically") if scraping else TRAINING,
        target=wording.target,
        severity="critical",
        when=AnyOf((extracting, generative)) if scraping else generative,
        exceptions=ways_out(wording),
        labels=wording.kept("distill_explicit", "automated_extraction"),
    )


def _training_allowed(wording: Wording) -> Proposal:
    text = wording.plain
    spared = either([cues.sorts_data(text), cues.at_provider(text)])
    limit = yes("student.commercial", False) if cues.is_non_commercial(text) else None
    of_weights = wording.licence and cues.speaks_of_the_model_alone(text)
    when = together([spared, limit, *_below(text)])
    distilling = "distill_explicit" in wording.labels or "distil" in text
    actions: tuple[str, ...] = ANY_TRAINING if wording.licence or cues.at_provider(text) else TRAINING
    if of_weights and not distilling:
        actions = ("fine_tune_weights", "use_output", "evaluate", "publish_benchmark")
    what = "changing the model and building on it" if of_weights else "training other models on output"
    return Proposal(
        name="derivatives-allowed" if of_weights else "training-allowed",
        effect="permission",
        title="Derivatives" if of_weights else "Training on output",
        statement=f"allows {what}" + (", by distillation too" if distilling else "") + limited(when),
        actions=actions,
        target=wording.target,
        when=when,
        labels=wording.kept("explicit_permission", "distill_explicit"),
    )


def permission(wording: Wording) -> Proposal:
    """Express permissions; a clause that asks for a name as well is proposed as that duty, and says so."""
    if "attribution_naming" in wording.labels and wording.mode != "permission":
        return naming(wording)
    return _training_allowed(wording)


def naming(wording: Wording) -> Proposal:
    """A name or a display; beyond a size, where the clause asks it only of large organisations."""
    name, when = cues.required_name(wording.text[:400]), _when_named(wording)
    return Proposal(
        name="model-name" if name else "attribution",
        effect="duty",
        title="Name of the model" if name else "Attribution",
        statement=("asks for a name that begins as it says" if name else "asks for an attribution") + limited(when),
        actions=ANY_TRAINING,
        target=wording.target,
        severity="medium",
        when=when,
        met=FactTest("student.name", "starts_with", name) if name else None,
        duty=f"Begin the model’s name with “{name}”" if name else "Show the attribution that the clause asks for",
        labels=wording.kept("attribution_naming", "explicit_permission", "pass_through_terms", "scale_threshold"),
        notes=("The same clause allows training on output: draft a permission beside this duty.",)
        if "explicit_permission" in wording.labels else (),
    )  # fmt: skip


def _when_named(wording: Wording) -> Constraint:
    """Beyond a size or in commerce where the clause says so; else for what is given on, and built on the licensed model."""
    text = wording.plain
    commerce, sized = cues.of_commerce(text), either(thresholds(text))
    if commerce or sized:
        return together([commerce, sized, *days(text)])
    descent = cues.of_descent(text, wording.licensed, naming=True) if wording.licence else None
    given_on = cues.of_distribution(text) or (yes("student.distributed") if descent else None)
    return together([given_on, descent, *days(text)])


def passing_on(wording: Wording) -> Proposal:
    """Terms that go along with a model; models made alike from output may count as derivatives of it."""
    text, alike = wording.plain, "distill_explicit" in wording.labels
    generative = FactTest("student.kind", "eq", "generative") if alike else None
    given_on = yes("student.distributed") if cues.of_distribution(text) or (wording.licence and not alike) else None
    when = together(
        [None if alike else given_on, None if alike else cues.of_descent(text, wording.licensed), generative]
    )
    statement = "asks that the terms go along to whoever receives the model or a derivative"
    return Proposal(
        name="limits-flow-down" if alike else "terms-passed-on",
        effect="duty",
        title="Derivatives carry the limits" if alike else "Terms passed on",
        statement=statement + (", models made alike from synthetic output among them" if alike else ""),
        actions=ANY_TRAINING,
        target="materials" if wording.licence else "service",
        severity="medium",
        when=when,
        duty="Pass the terms on with the model and its derivatives",
        labels=wording.kept("pass_through_terms", "distill_explicit"),
    )


def _below(text: str) -> list[Constraint]:
    """A permission that ends at a threshold holds below it."""
    turned = {"gt": "lte", "gte": "lt"}
    return [FactTest(test.fact, turned[test.op], test.value) for test in thresholds(text)]
