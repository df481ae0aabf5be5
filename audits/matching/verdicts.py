"""From the engine's answers to findings: one for each rule, duty, silence or missing text that counsel should read."""

import datetime as dt
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from audits.matching.facts import RecordedUse
from audits.models import Finding, Outcome

# Strictest first: CONTRACTS, "Strictest wins".
STRICTNESS = [
    Outcome.PROHIBITED,
    Outcome.NEEDS_FACTS,
    Outcome.PERMITTED_WITH_DUTIES,
    Outcome.PERMITTED,
    Outcome.NOT_ADDRESSED,
]
LEVEL_OF_OUTCOME = {
    Outcome.PROHIBITED: Finding.Level.ERROR,
    Outcome.NEEDS_FACTS: Finding.Level.WARNING,
    Outcome.PERMITTED_WITH_DUTIES: Finding.Level.WARNING,
    Outcome.PERMITTED: Finding.Level.NONE,
    Outcome.NOT_ADDRESSED: Finding.Level.NOTE,
}
ACTIVITY_WORDS = {
    "train_on_output": "training on output",
    "filter_training_data": "choosing training data with output",
    "evaluate": "evaluation with output",
    "fine_tune_weights": "fine-tuning weights",
    "use_output": "use of output not kept for training",
}


Title = Callable[[str], str]


@dataclass(frozen=True)
class JudgedUse:
    """Uses alike on all days on which the same texts governed, with the engine's answer for the first of these days."""

    use: RecordedUse
    last_on: dt.date
    answer: Mapping[str, Any]
    days: Mapping[dt.date, int] = field(default_factory=dict)
    law_sha256: str = ""


@dataclass(frozen=True)
class FindingDraft:
    """A finding before it is numbered and stored. `uses`: positions in the list of judged uses."""

    key: str
    kind: str
    outcome: str
    provider: str
    title: str
    sentence: str
    calls: int
    rows: int
    uses: tuple[int, ...] = ()
    rule: str = ""
    document: str = ""
    version: str = ""
    section: str = ""
    level: str = ""
    because: Sequence[Mapping[str, Any]] = ()
    missing_facts: Sequence[str] = ()
    detail: Mapping[str, Any] = field(default_factory=dict)

    @property
    def basis_sha256(self) -> str:
        """Hash of what a decision rests on: rule, texts, facts and outcome; not the day, not the volume."""
        tests = _tests(self.because)
        basis = [self.key, self.outcome, self.rule, self.document, self.version, tests, list(self.missing_facts)]
        return hashlib.sha256(json.dumps(basis, sort_keys=True, default=str).encode()).hexdigest()


def strictest(outcomes: Iterable[str]) -> str | None:
    """The strictest of some outcomes; None when there are none."""
    return min(outcomes, key=lambda outcome: STRICTNESS.index(Outcome(outcome)), default=None)


def merge_days(judged: Iterable[tuple[RecordedUse, Mapping[str, Any]]]) -> list[JudgedUse]:
    """Join the days of one use on which the same facts held and the same texts governed with the same result."""
    return join_days((use, law_sha256(answer), partial(dict, answer)) for use, answer in judged)


def join_days(judged: Iterable[tuple[RecordedUse, str, Callable[[], Mapping[str, Any]]]]) -> list[JudgedUse]:
    """Join uses with the same `law_sha256`; only the answer for the first day of each is asked for."""
    found: dict[tuple[Any, ...], list[tuple[RecordedUse, Callable[[], Mapping[str, Any]]]]] = {}
    for use, law, answer in judged:
        key = (use.provider, use.served_by, use.model, use.activity, use.simulated, use.lasting, law)
        found.setdefault(key, []).append((use, answer))
    return [_joined_days(days, key[-1]) for key, days in found.items()]


def _joined_days(days: list[tuple[RecordedUse, Callable[[], Mapping[str, Any]]]], law: str) -> JudgedUse:
    first, answer = min(days, key=lambda one: one[0].day)
    calls: dict[dt.date, int] = {}
    for use, _ in days:
        calls[use.day] = calls.get(use.day, 0) + use.calls
    whole = replace(first, calls=sum(calls.values()), rows=sum(use.rows for use, _ in days))
    return JudgedUse(whole, max(calls), answer(), calls, law)


def law_sha256(answer: Mapping[str, Any]) -> str:
    """Hash of an answer without its day: papers, rules as worded, every test and its result. Equal: nothing to judge anew.

    A revision that only cites one version more, or guides counsel otherwise, says the same of a use.
    """
    verdicts = [
        (
            *(verdict.get(key) for key in ("rule", "version", "section", "effect", "applies", "met", "lifted_by")),
            verdict.get("statement"),
            _tests(verdict["because"]),
        )
        for verdict in answer["verdicts"]
    ]
    papers = [(paper["document"], paper["version"]) for paper in answer["governing_documents"]]
    law = [answer["outcome"], list(answer["missing_facts"]), papers, verdicts]
    return hashlib.sha256(json.dumps(law, default=str).encode()).hexdigest()


def _tests(because: Iterable[Mapping[str, Any]]) -> list[tuple[Any, ...]]:
    """A verdict's tests as a decision on it would see them: not the day, and an apostrophe of either kind as the same one, since
    conditions were once written with straight ones."""
    keys = ("constraint", "held", "fact", "value", "source")
    told = [tuple(entry.get(key) for key in keys) for entry in because if entry.get("fact") != "on"]
    return [(first.replace("’", "'") if first else first, *rest) for first, *rest in told]


def drafts(judged: Sequence[JudgedUse], student: str, title: Title) -> list[FindingDraft]:
    """The findings of all uses, strictest first; what concerns several models of one provider is one finding.

    `title`: document id → what people call it. Rows are added up over models: see `facts.distinct_rows`.
    """
    found: dict[str, FindingDraft] = {}
    for position, one in enumerate(judged):
        for draft in _drafts_of(one, position, student, title):
            known = found.get(draft.key)
            found[draft.key] = _joined(known, draft) if known else draft
    return sorted(
        found.values(), key=lambda draft: (STRICTNESS.index(Outcome(draft.outcome)), draft.provider, draft.key)
    )


def _joined(one: FindingDraft, other: FindingDraft) -> FindingDraft:
    """Two models, or two channels, one rule: the stricter reading speaks, the volumes add up."""
    speaks = min(one, other, key=lambda draft: STRICTNESS.index(Outcome(draft.outcome)))
    models = list(dict.fromkeys([*one.detail.get("models", []), *other.detail.get("models", [])]))
    return replace(
        speaks,
        calls=one.calls + other.calls,
        rows=one.rows + other.rows,
        uses=(*one.uses, *other.uses),
        missing_facts=list(dict.fromkeys([*one.missing_facts, *other.missing_facts])),
        detail={**speaks.detail, "models": models},
    )


def _drafts_of(judged: JudgedUse, position: int, student: str, title: Title) -> Iterator[FindingDraft]:
    use, answer = judged.use, judged.answer
    scope = f"{student or 'no student'}|{use.provider or 'unknown'}/{use.served_by or 'unknown'}|{use.activity}"
    common: dict[str, Any] = {
        "provider": use.provider,
        "calls": use.calls,
        "rows": use.rows,
        "uses": (position,),
        "detail": {
            "models": [use.model],
            "activity": use.activity,
            "served_by": use.served_by,
            "simulated": use.simulated,
        },
    }
    for verdict in answer["verdicts"]:
        outcome = _outcome_of(verdict)
        if outcome:
            yield _rule_draft(verdict, outcome, scope, common, answer)
    for paper in answer["governing_documents"]:
        if paper["version"] is None and f"terms:{paper['document']}" in answer["missing_facts"]:
            yield _missing_terms(paper, scope, common, use, title)
    if not answer["governing_documents"] and answer["outcome"] == Outcome.NEEDS_FACTS:
        yield _uncatalogued(scope, common, use, answer)
    if answer["outcome"] == Outcome.NOT_ADDRESSED:
        yield _silence(scope, common, use, answer, title)


def _outcome_of(verdict: Mapping[str, Any]) -> str | None:
    """What one verdict amounts to; None for a rule that does not apply."""
    if verdict.get("broken"):
        return Outcome.NEEDS_FACTS
    effect, applies = verdict["effect"], verdict["applies"]
    if applies is False or verdict.get("lifted_by"):
        return None
    if effect == "prohibition":
        return Outcome.PROHIBITED if applies else Outcome.NEEDS_FACTS
    if effect == "permission":
        return Outcome.PERMITTED if applies else None
    return Outcome.PERMITTED_WITH_DUTIES if applies else Outcome.NEEDS_FACTS


def _rule_draft(
    verdict: Mapping[str, Any], outcome: str, scope: str, common: Mapping[str, Any], answer: Mapping[str, Any]
) -> FindingDraft:
    tested = [entry["fact"] for entry in verdict["because"] if entry["held"] is None and entry.get("fact")]
    unknown = verdict.get("missing_facts", tested)  # only what would settle it: not each unknown that some test met
    duty = verdict["effect"] == "duty"
    level = Finding.Level.NOTE if duty and verdict.get("met") else LEVEL_OF_OUTCOME[Outcome(outcome)]
    return FindingDraft(
        key=f"{verdict['rule']}|{scope}",
        kind=Finding.Kind.DUTY if duty else Finding.Kind.RULE,
        outcome=outcome,
        title=f"{verdict.get('title') or verdict['rule']}: {_activity(common)}",
        sentence=verdict["explanation"],
        rule=verdict["rule"],
        document=verdict["document"],
        version=verdict["version"] or "",
        section=verdict["section"] or "",
        level=level,
        because=verdict["because"],
        missing_facts=list(dict.fromkeys(unknown)) if outcome == Outcome.NEEDS_FACTS else [],
        **{**common, "detail": {**common["detail"], "met": verdict.get("met"), "effect": verdict["effect"]}},
    )


def _activity(common: Mapping[str, Any]) -> str:
    """What was done, in words: one rule may bear on several activities, each with a finding of its own."""
    activity = common["detail"]["activity"]
    return ACTIVITY_WORDS.get(activity, activity)


def _missing_terms(
    paper: Mapping[str, Any], scope: str, common: Mapping[str, Any], use: RecordedUse, title: Title
) -> FindingDraft:
    document = paper["document"]
    return FindingDraft(
        key=f"terms:{document}|{scope}",
        kind=Finding.Kind.TERMS_MISSING,
        outcome=Outcome.NEEDS_FACTS,
        title=f"{title(document)}: no text held for {use.day.day} {use.day:%B %Y}",
        sentence=f"Cannot tell what {title(document)} said on {use.day.day} {use.day:%B %Y}: it governs this use "
        f"({paper.get('why') or 'by the channel'}), and no text of that day is held.",
        document=document,
        level=Finding.Level.WARNING,
        missing_facts=[f"terms:{document}"],
        **common,
    )


def _uncatalogued(scope: str, common: Mapping[str, Any], use: RecordedUse, answer: Mapping[str, Any]) -> FindingDraft:
    who = use.provider or use.served_by or "an unknown provider"
    return FindingDraft(
        key=f"terms:{who}|{scope}",
        kind=Finding.Kind.TERMS_MISSING,
        outcome=Outcome.NEEDS_FACTS,
        title=f"No terms of {who} are catalogued",
        sentence=f"Cannot tell what governs {ACTIVITY_WORDS.get(use.activity, use.activity)} with {use.model or 'this model'}: "
        f"no terms of {who} are catalogued.",
        level=Finding.Level.WARNING,
        missing_facts=list(answer["missing_facts"]),
        **common,
    )


def _silence(
    scope: str, common: Mapping[str, Any], use: RecordedUse, answer: Mapping[str, Any], title: Title
) -> FindingDraft:
    papers = _listed([title(paper["document"]) for paper in answer["governing_documents"]])
    words = ACTIVITY_WORDS.get(use.activity, use.activity)
    return FindingDraft(
        key=f"silence|{scope}",
        kind=Finding.Kind.SILENCE,
        outcome=Outcome.NOT_ADDRESSED,
        title=f"The terms are silent on {words}",
        sentence=f"Nothing in {papers or 'the governing documents'}, as in force on {use.day.day} {use.day:%B %Y}, "
        f"speaks to {words}. Silence is not permission.",
        level=Finding.Level.NOTE,
        **common,
    )


def _listed(names: Sequence[str]) -> str:
    """Names as a sentence has them: "A, B or C"."""
    return " or ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else list(names))
