"""One finding as counsel reads it: the clause, the conditions with the facts that met them, the calls and rows concerned."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from audits.models import Finding, ModelCall, RowMatch
from audits.queries.gaps_told import HIDDEN_BY_GAPS, why_unseen
from audits.queries.review import calls_of_finding
from compliance.engine.broken import MEND
from compliance.engine.facts import FactValue
from compliance.engine.phrases import fact_phrase
from compliance.engine.vocabulary import FACTS, MENDED_RULE
from compliance.models import TermsDocument, Version

SHOWN_CALLS, SHOWN_ROWS = 6, 6
ABOUT_PROVIDERS = {"provider": "the model’s developer is {}", "access.served_by": "the model was served by {}"}
NOT_ON_RECORD = {"authorisation": "no written authorisation is on record"}
GROUPS = {"": "The use", "access": "The access", "student": "The student", "organisation": "The organisation"}
WORDS_FOR_HELD = {True: "Met", False: "Not met", None: "Cannot tell"}


@dataclass(frozen=True)
class Condition:
    """One condition of the rule, whether it held, and the fact that decided it."""

    phrase: str
    held: bool | None
    fact: str
    source: str
    who: str
    note: str

    @property
    def answer(self) -> str:
        return WORDS_FOR_HELD[self.held]


@dataclass(frozen=True)
class KnownFact:
    """A fact of the use that the finding is about."""

    term: str
    value: str
    source: str
    who: str
    note: str


@dataclass(frozen=True)
class FactGroup:
    """What is known of one side of the use: of the use itself, the access, the student or the organisation."""

    title: str
    facts: tuple[KnownFact, ...]


@dataclass(frozen=True)
class Question:
    """A fact that is missing, as a question to a person."""

    fact: str
    words: str


@dataclass(frozen=True)
class FindingPage:
    """Everything a finding's page shows beside the finding itself and its decisions."""

    conditions: tuple[Condition, ...]
    facts: tuple[FactGroup, ...]
    questions: tuple[Question, ...]
    document: TermsDocument | None
    version: Version | None
    calls: tuple[ModelCall, ...]
    rows: tuple[RowMatch, ...]
    unseen: tuple[str, ...] = ()


def finding_page(finding: Finding, named: Mapping[str, str]) -> FindingPage:
    """Read what the finding's page shows; `named` is slug to provider's name. Six queries at most, however many calls."""
    use_facts: Mapping[str, Any] = finding.use.facts if finding.use else {}
    document = TermsDocument.objects.select_related("provider").filter(identifier=finding.document).first()
    version = Version.objects.filter(document=document, label=finding.version).defer("text").first()
    calls = calls_of_finding(finding)
    matches = RowMatch.objects.filter(call__in=calls, dataset__role="training").select_related("dataset", "call")
    return FindingPage(
        conditions=tuple(_condition(entry, use_facts, named) for entry in finding.because),
        facts=_grouped(use_facts, named),
        questions=tuple(_question(path) for path in finding.missing_facts),
        document=document,
        version=version if document else None,
        calls=tuple(calls[:SHOWN_CALLS]),
        rows=tuple(matches.order_by("dataset_id", "row")[:SHOWN_ROWS]) if finding.rows else (),
        unseen=tuple(why_unseen(finding.run)) if HIDDEN_BY_GAPS in finding.missing_facts else (),
    )


def _condition(entry: Mapping[str, Any], use_facts: Mapping[str, Any], named: Mapping[str, str]) -> Condition:
    path = entry.get("fact") or ""
    held_fact = use_facts.get(path) or {}
    return Condition(
        phrase=str(entry.get("constraint") or path),
        held=entry.get("held"),
        fact=fact_words(path, entry.get("value"), named),
        source=entry.get("source") or held_fact.get("source") or "",
        who=held_fact.get("by") or "",
        note=held_fact.get("note") or "",
    )


def _grouped(use_facts: Mapping[str, Any], named: Mapping[str, str]) -> tuple[FactGroup, ...]:
    """The facts under the headings of GROUPS, in their order; a group of which nothing is known is left out."""
    held: dict[str, list[KnownFact]] = {prefix: [] for prefix in GROUPS}
    for path, entry in use_facts.items():
        prefix = path.partition(".")[0] if "." in path else ""
        held[prefix if prefix in GROUPS else ""].append(_fact(path, entry, named))
    return tuple(FactGroup(title, tuple(held[prefix])) for prefix, title in GROUPS.items() if held[prefix])


def _fact(path: str, held: Mapping[str, Any], named: Mapping[str, str]) -> KnownFact:
    definition = FACTS.get(path)
    return KnownFact(
        term=definition.label if definition else path,
        value=fact_words(path, held.get("value"), named),
        source=held.get("source") or "",
        who=held.get("by") or "",
        note=held.get("note") or "",
    )


def _question(path: str) -> Question:
    if path.startswith("terms:"):
        return Question(
            path, f"What did {path.removeprefix('terms:')} say on the day of use? No text of that day is held."
        )
    if path.startswith(MENDED_RULE):
        return Question(path, f"The published rule {path.removeprefix(MENDED_RULE)} can’t be read. {MEND}.")
    definition = FACTS.get(path)
    return Question(path, definition.question if definition else path)


def fact_words(path: str, value: object, named: Mapping[str, str]) -> str:
    """A fact as a clause, "the student is a classifier"; the bare value for a fact that the engine does not know.

    `named`: slug to the provider's name, for the facts that hold a provider.
    """
    definition = FACTS.get(path)
    if value is None and path in NOT_ON_RECORD:
        return NOT_ON_RECORD[path]
    if path in ABOUT_PROVIDERS and isinstance(value, str):
        return ABOUT_PROVIDERS[path].format(named.get(value, value))
    if definition is None:
        return "" if value is None else str(value)
    known: FactValue | None = value if isinstance(value, str | bool | int | float) else None
    try:
        if definition.kind == "date" and isinstance(known, str):
            known = dt.date.fromisoformat(known)
        return fact_phrase(path, known)
    except (KeyError, ValueError):
        return str(value)  # stored before the vocabulary changed
