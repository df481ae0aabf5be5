"""Where what people declared and what the run showed part ways; each is a finding of its own."""

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from django.db.models import Count, Q

from audits.manifest import declared_purpose
from audits.matching.answers import COMPETES, Answers, answers_on_record
from audits.matching.facts import Stated, training_rows
from audits.matching.verdicts import FindingDraft
from audits.models import Finding, ModelCall, Outcome, Run
from compliance.engine.facts import Fact
from compliance.engine.phrases import fact_phrase
from compliance.engine.vocabulary import FACTS

ANSWERED_OTHERWISE = "contradiction:answer"
WORDS = {"evaluate": "evaluation", "filter": "choosing training data", "train": "training"}


def contradictions(run: Run, student: str) -> list[FindingDraft]:
    """Declared purposes against observed ones, per host; and what audit.toml says of the student against people's answers."""
    days = ModelCall.objects.filter(run=run, failed=False).values_list("provider", "at__date").annotate(n=Count("id"))
    used = [(provider, day, calls) for provider, day, calls in days.order_by("at__date")]
    return [
        *_declared_against_lineage(run, student or "no student"),
        *declared_against_answers(run, used, answers_on_record()),
    ]


def declared_against_answers(
    run: Run, used: Iterable[tuple[str, dt.date, int]], answers: Answers
) -> list[FindingDraft]:
    """One contradiction for each fact on which audit.toml and a person's answer part ways, at the use of a provider's models.

    `used`: (provider, day, calls). The answer counts; counsel should know that the pipeline says otherwise.
    """
    stated = Stated(run, answers)
    found: dict[str, FindingDraft] = {}
    for provider, day, calls in used:
        for path, declared, answered in stated.disputed(provider, day):
            draft = _answered_otherwise(stated.student, provider if path == COMPETES else "", path, declared, answered)
            known = found.setdefault(draft.key, draft)
            found[draft.key] = replace(known, calls=known.calls + calls)
    return list(found.values())


def _answered_otherwise(student: str, provider: str, path: str, declared: Fact, answered: Fact) -> FindingDraft:
    label = FACTS[path].label
    return FindingDraft(
        key=f"{ANSWERED_OTHERWISE}|{student or 'no student'}|{provider or 'any'}|{path}",
        kind=Finding.Kind.CONTRADICTION,
        outcome=Outcome.NEEDS_FACTS,
        provider=provider,
        title=f"audit.toml and {answered.by} part ways on {label}",
        sentence=f"audit.toml declares that {fact_phrase(path, declared.value)}; {answered.by} says that "
        f"{fact_phrase(path, answered.value)} ({answered.note}). The person's word counts.",
        calls=0,
        rows=0,
        level=Finding.Level.WARNING,
        because=[
            {**_entry(f"{label}, as declared", declared.value, "declared"), "fact": path},
            {**_entry(f"{label}, as {answered.by} says", answered.value, "declared"), "fact": path},
        ],
        detail={"fact": path, "declared": declared.value, "answered": answered.value, "provider": provider},
    )


def _declared_against_lineage(run: Run, student: str) -> Iterator[FindingDraft]:
    hosts = (
        ModelCall.objects.filter(run=run, failed=False)
        .values("host", "provider")
        .annotate(
            calls=Count("id", distinct=True),
            taught=Count("id", distinct=True, filter=Q(purpose=ModelCall.Purpose.TRAIN, purpose_source="observed")),
            through=Count("id", distinct=True, filter=Q(purpose=ModelCall.Purpose.TRAIN, purpose_source="inferred")),
            chose=Count("id", distinct=True, filter=Q(purpose=ModelCall.Purpose.FILTER, purpose_source="inferred")),
            rows=training_rows(),
        )
        .order_by("host")
    )
    for host in hosts:
        declared = declared_purpose(run.manifest, host["host"])
        if declared in ("evaluate", "filter") and host["taught"]:
            yield _taught_all_the_same(run, host, declared, student)
        if declared in ("evaluate", "filter") and host["through"] and not host["taught"]:
            yield _taught_through_others(host, declared, student)
        if declared == "evaluate" and host["chose"]:
            yield _chose_all_the_same(host, student)


def _taught_all_the_same(run: Run, host: dict[str, Any], declared: str, student: str) -> FindingDraft:
    total = sum(run.datasets.filter(role="training").values_list("rows", flat=True))
    return FindingDraft(
        key=f"contradiction:purpose|{student}|{host['host']}",
        kind=Finding.Kind.CONTRADICTION,
        outcome=Outcome.NEEDS_FACTS,
        provider=host["provider"],
        title=f"Declared {WORDS[declared]}, but answers of {host['host']} stand in the training data",
        sentence=f"audit.toml declares calls to {host['host']} as {WORDS[declared]}; {host['rows']:,} of {total:,} training rows "
        f"derive from {host['taught']:,} of its answers.",
        calls=host["taught"],
        rows=host["rows"],
        level=Finding.Level.WARNING,
        because=[
            _entry("declared purpose", declared, "declared"),
            _entry("observed purpose", "train", "observed"),
        ],
        detail={"host": host["host"], "declared": declared, "observed": "train"},
    )


def _taught_through_others(host: dict[str, Any], declared: str, student: str) -> FindingDraft:
    return FindingDraft(
        key=f"contradiction:through|{student}|{host['host']}",
        kind=Finding.Kind.CONTRADICTION,
        outcome=Outcome.NEEDS_FACTS,
        provider=host["provider"],
        title=f"Declared {WORDS[declared]}, but answers of {host['host']} stand behind the training data",
        sentence=f"audit.toml declares calls to {host['host']} as {WORDS[declared]}; {host['through']:,} of its answers went "
        "into prompts whose answers stand in the training data.",
        calls=host["through"],
        rows=0,
        level=Finding.Level.WARNING,
        because=[
            _entry("declared purpose", declared, "declared"),
            _entry("observed purpose", "train", "inferred"),
        ],
        detail={"host": host["host"], "declared": declared, "observed": "train"},
    )


def _chose_all_the_same(host: dict[str, Any], student: str) -> FindingDraft:
    return FindingDraft(
        key=f"contradiction:choosing|{student}|{host['host']}",
        kind=Finding.Kind.CONTRADICTION,
        outcome=Outcome.NEEDS_FACTS,
        provider=host["provider"],
        title=f"Declared evaluation, but {host['host']} was asked about candidates for the training data",
        sentence=f"audit.toml declares calls to {host['host']} as evaluation; the prompts of {host['chose']:,} of its "
        f"{host['calls']:,} calls held answers that were candidates for the training data.",
        calls=host["chose"],
        rows=0,
        level=Finding.Level.NOTE,
        because=[
            _entry("declared purpose", "evaluate", "declared"),
            _entry("observed purpose", "filter", "inferred"),
        ],
        detail={"host": host["host"], "declared": "evaluate", "observed": "filter"},
    )


def _entry(constraint: str, value: object, source: str) -> dict[str, Any]:
    return {"constraint": constraint, "held": True, "fact": "activity", "value": value, "source": source}
