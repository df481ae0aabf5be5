"""From a use to its outcome: every governing document, every rule's answer, the strictest decides."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Final

from compliance.engine.catalogue import derived_from
from compliance.engine.constraints import Context, unique
from compliance.engine.evaluation import Verdict, evaluate_rule
from compliance.engine.facts import Use
from compliance.engine.governing import GoverningDocument, governing_documents, missing_for_governing
from compliance.engine.library import Agreement, Library
from compliance.engine.rules import Rule

OUTCOMES: Final = ("prohibited", "needs_facts", "permitted_with_duties", "permitted", "not_addressed")
"""From the strictest to the mildest. Silence (`not_addressed`) is never permission."""


@dataclass(frozen=True)
class Assessment:
    """The answer to one use, with a verdict of each governing rule that speaks of its activity.

    `conflicts`: pairs of (prohibition, permission) of one document that both apply: the strictest decided, a person should read.
    `memory`: shared by all uses that this ruling answers; what is worked out from it once holds for each of them.
    """

    use: Use
    outcome: str
    missing_facts: tuple[str, ...]
    governing: tuple[GoverningDocument, ...]
    verdicts: tuple[Verdict, ...]
    conflicts: tuple[tuple[str, str], ...] = ()
    memory: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)

    def as_json(self) -> dict[str, Any]:
        """The answer as the `assess` interface prints it."""
        return {**self._head(), "verdicts": [verdict.as_json() for verdict in self.verdicts]}

    def json_text(self) -> str:
        """`as_json` as text, without building it: quick for thousands of answers."""
        head = json.dumps(self._head(), ensure_ascii=False)[:-1]
        return f'{head}, "verdicts": [{", ".join(verdict.json_text() for verdict in self.verdicts)}]}}'

    def _head(self) -> dict[str, Any]:
        return {
            "id": self.use.id,
            "outcome": self.outcome,
            "missing_facts": list(self.missing_facts),
            "governing_documents": [_document_json(document) for document in self.governing],
            "conflicts": [{"prohibition": a, "permission": b} for a, b in self.conflicts],
        }


def _document_json(document: GoverningDocument) -> dict[str, Any]:
    version = document.version
    return {
        "document": document.document,
        "version": version.label if version else None,
        "effective_on": version.since.isoformat() if version and version.since else None,
        "role": document.role,
        "why": document.why,
    }


@dataclass(frozen=True)
class _Stack:
    """The papers of one use, shared by every use that they govern alike; `number` names it in the keys of rulings.

    `asked`: by activity (None: unknown), the facts that rules of these papers look at. `dated`: whether one asks for the day.
    """

    governing: tuple[GoverningDocument, ...]
    number: int
    dated: bool
    asked: dict[str | None, tuple[str, ...]] = field(default_factory=dict, compare=False)


def assess(use: Use, library: Library, agreements: Iterable[Agreement] = ()) -> Assessment:
    """Judge one use against the documents that governed it that day. `agreements` add to the library's own.

    Uses are judged once for all that agree in their papers, their activity and the facts that some rule of these papers asks for.
    """
    unknown = missing_for_governing(use)
    if unknown:
        return Assessment(use, "needs_facts", unknown, (), ())
    stack, running = _stack(use, library), _running((*library.agreements, *agreements), use.on)
    key = _signature(use, stack, running, library)
    known: Assessment | None = library.memory.rulings.get(key)
    if known is None:
        known = library.memory.keep(library.memory.rulings, key, _judge(use, stack.governing, library, running))
    verdicts = known.verdicts if known.use.on == use.on else tuple(verdict.on_day(use.on) for verdict in known.verdicts)
    return Assessment(use, known.outcome, known.missing_facts, stack.governing, verdicts, known.conflicts, known.memory)


def _running(agreements: tuple[Agreement, ...], on: date | None) -> tuple[Agreement, ...]:
    return tuple(one for one in agreements if on and one.runs(on)) if agreements else ()


def _stack(use: Use, library: Library) -> _Stack:
    """The papers, looked up by what selects them: who, how, which model, and between which two changes of any paper."""
    selecting = ("provider", "access.kind", "access.served_by", "model", *library.facts_of_bindings)
    key = (*(use.value(path) for path in selecting), library.epoch(use.on))
    memory = library.memory
    known: _Stack | None = memory.papers.get(key)
    if known is not None:
        return known
    governing = governing_documents(use, library)
    content = tuple((d.document, d.version.label if d.version else None, d.role, d.why) for d in governing)
    stack: _Stack | None = memory.papers.get(content)
    if stack is None:
        dated = any("on" in rule.facts for rule in _rules(governing, library))
        stack = memory.keep(memory.papers, content, _Stack(governing, next(memory.numbers), dated))
    memory.keep(memory.papers, key, stack)
    return stack


def _rules(governing: Iterable[GoverningDocument], library: Library) -> Iterator[Rule]:
    for paper in governing:
        if paper.version is not None:
            yield from library.rules_by_version.get((paper.document, paper.version.label), ())


def _asked(stack: _Stack, use: Use, library: Library) -> tuple[str, ...]:
    activity = use.text("activity")
    known = stack.asked.get(activity)
    if known is None:
        speaking = (rule for rule in _rules(stack.governing, library) if _speaks(rule, use))
        facts = {fact for rule in speaking for fact in rule.facts} - {"on", "activity", "authorisation"}
        known = stack.asked[activity] = tuple(sorted(facts))
    return known


def _signature(use: Use, stack: _Stack, running: tuple[Agreement, ...], library: Library) -> tuple[Any, ...]:
    """Everything a ruling depends on. Where a permission may have begun or ended, that is the very day.

    An agreement's scope may ask for any fact, so that all count then.
    """
    facts = use.facts
    dated = use.on if use.authorisation or stack.dated else None
    asked = tuple(facts) if running else _asked(stack, use, library)
    told = tuple(facts.get(path) for path in asked if path != "on")
    return stack.number, facts.get("activity"), asked, told, use.authorisation, facts["provider"], dated, running


def _judge(
    use: Use, governing: tuple[GoverningDocument, ...], library: Library, agreements: Sequence[Agreement]
) -> Assessment:
    verdicts = _verdicts(use, governing, library, agreements, _speaks)
    verdicts += tuple(_permission(verdict) for verdict in verdicts if verdict.lifted_by)
    gaps = tuple(f"terms:{document.document}" for document in governing if document.caps)
    missing = unique((*_missing(verdicts), *gaps))
    return Assessment(use, outcome_of(verdicts, bool(gaps)), missing, governing, verdicts, _conflicts(verdicts))


def why_not(use: Use, library: Library, agreements: Iterable[Agreement] = ()) -> tuple[Verdict, ...]:
    """Every rule of the governing documents, those that speak of other activities included, and why each does not apply."""
    governing = governing_documents(use, library)
    return _verdicts(use, governing, library, (*library.agreements, *agreements), lambda rule, use: True)


def _verdicts(
    use: Use,
    governing: Sequence[GoverningDocument],
    library: Library,
    agreements: Sequence[Agreement],
    wanted: Callable[[Rule, Use], bool],
) -> tuple[Verdict, ...]:
    context = Context(use, lambda model, families: derived_from(model, families, library))
    return tuple(
        evaluate_rule(rule, document.version, context, library, agreements)
        for document in governing
        if document.version is not None
        for rule in library.rules_by_version.get((document.document, document.version.label), ())
        if wanted(rule, use)
    )


def _speaks(rule: Rule, use: Use) -> bool:
    activity = use.value("activity")
    return activity is None or activity in rule.actions


def _permission(lifted: Verdict) -> Verdict:
    """What an authorisation or agreement makes of a prohibition that it lifts: a permission by that document's assigner."""
    rule = replace(
        lifted.rule, id=f"{lifted.rule.id}#lifted", effect="permission", title=f"Lifted: {lifted.rule.title}"
    )
    return replace(lifted, rule=rule, applies=True, memory={})


def _missing(verdicts: Iterable[Verdict]) -> list[str]:
    """What would settle an open prohibition first, then what is open about duties."""
    told = [verdict for verdict in verdicts if verdict.rule.effect != "permission" or verdict.rule.broken]
    told.sort(key=lambda verdict: (verdict.rule.effect != "prohibition", verdict.applies is not None))
    return [fact for verdict in told for fact in verdict.missing]


def outcome_of(verdicts: Sequence[Verdict], text_missing: bool) -> str:
    """The outcome by strictness. A prohibition that an authorisation or agreement lifts counts as a permission.

    What a broken rule would say is unknown, even of a permission or a duty: it may be neither.
    """
    prohibitions = [verdict.applies for verdict in verdicts if verdict.rule.effect == "prohibition"]
    if True in prohibitions:
        return "prohibited"
    if None in prohibitions or text_missing or any(verdict.rule.broken for verdict in verdicts):
        return "needs_facts"
    if any(verdict.applies is not False for verdict in verdicts if verdict.rule.effect == "duty"):
        return "permitted_with_duties"
    named = any(verdict.applies is True for verdict in verdicts if verdict.rule.effect == "permission")
    return "permitted" if named else "not_addressed"


def _conflicts(verdicts: Sequence[Verdict]) -> tuple[tuple[str, str], ...]:
    applying = [verdict for verdict in verdicts if verdict.applies is True]
    return tuple(
        (ban.rule.id, grant.rule.id)
        for ban in applying
        if ban.rule.effect == "prohibition"
        for grant in applying
        if grant.rule.effect == "permission" and grant.rule.document == ban.rule.document
    )
