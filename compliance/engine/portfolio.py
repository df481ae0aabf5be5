"""What may be done with whose models: every way to a model, every purpose, one state each, by the same engine as findings.

Nothing is decided here: each cell is one use, judged by `assess`. Silence in the terms and texts that nobody holds are unknown.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from enum import StrEnum
from itertools import product
from typing import Any, Final

from compliance.engine.assessment import Assessment, assess
from compliance.engine.catalogue import resolve_model
from compliance.engine.constraints import leaves_of
from compliance.engine.evaluation import Verdict
from compliance.engine.facts import Fact, FactValue, Use
from compliance.engine.library import Library, ModelFamily
from compliance.engine.rules import Rule
from compliance.engine.vocabulary import ACTIVITIES, FACTS, MISSING_TEXT, is_fact


class State(StrEnum):
    """The answer of one cell."""

    ALLOWED = "allowed"
    CONDITIONAL = "conditional"
    FORBIDDEN = "forbidden"
    UNKNOWN = "unknown"


SHORT: Final[Mapping[str, str]] = {
    "model": "which model",
    "output_modality": "kind of output",
    "student.kind": "kind of student",
    "student.general_purpose": "general purpose",
    "student.base_model": "base model",
    "student.competes_with_provider": "competes",
    "student.distributed": "distributed",
    "student.commercial": "commercial",
    "student.name": "student’s name",
    "student.trained_at_provider": "trained at the provider",
    "organisation.monthly_active_users": "monthly users",
    "organisation.annual_revenue_usd": "revenue",
    "organisation.region": "region",
    "authorisation": "written authorisation",
    "access.account": "account",
}
"""How a fact that decides is named where there is little room."""

REGIONS_TRIED: Final = ("US", "DE", "GB", "CN", "KR")
"""One country for each region that terms tell apart."""

MOST_TRIALS: Final = 256
"""So many combinations of open facts are tried at most; with more, what they would come to is not told."""


@dataclass(frozen=True)
class Way:
    """One way to a developer's models: kind of access, who serves it; for weights, the family and a name that means it."""

    provider: str
    access: str
    served_by: str
    family: str = ""
    model: str = ""

    @property
    def key(self) -> str:
        """A stable name: "openai/api/openai", "meta/weights/self/llama-3.1"."""
        return "/".join(part for part in (self.provider, self.access, self.served_by, self.family) if part)


@dataclass(frozen=True)
class Cell:
    """One use and its answer. `facts`: what decides, in the engine's order. `texts`: papers that govern and are not held."""

    way: Way
    activity: str
    state: State
    facts: tuple[str, ...]
    texts: tuple[str, ...]
    assessment: Assessment

    @property
    def deciding(self) -> tuple[Verdict, ...]:
        """The rules that make the state: applying bans; else what is open; else duties; else permissions."""
        return deciding_rules(self.assessment)

    @property
    def lifted_by(self) -> tuple[str, ...]:
        """Agreements that lift a prohibition here."""
        return tuple(dict.fromkeys(verdict.lifted_by for verdict in self.assessment.verdicts if verdict.lifted_by))

    @property
    def broken(self) -> tuple[Rule, ...]:
        """The published rules that bear on it and can't be read."""
        return broken_rules(self.assessment)

    @property
    def asks_only_duties(self) -> bool:
        """Whether nothing is open but that duties be done."""
        return self.state is State.CONDITIONAL and self.assessment.outcome == "permitted_with_duties"

    @property
    def brief(self) -> str:
        """A few words that say what the state rests on."""
        if self.broken and self.state is State.UNKNOWN:
            return "a rule is broken" if len(self.broken) == 1 else f"{len(self.broken)} rules are broken"
        if self.texts and self.state is State.UNKNOWN:
            return "text not held" if len(self.texts) == 1 else f"{len(self.texts)} texts not held"
        if self.state is State.UNKNOWN:
            return "terms are silent"
        if self.asks_only_duties:
            return "with duties"
        if self.state is State.CONDITIONAL:
            return ", ".join(SHORT.get(fact, fact) for fact in self.facts)
        return ", ".join(
            dict.fromkeys(verdict.citation.section for verdict in self.deciding if verdict.citation.section)
        )


@dataclass(frozen=True)
class Trial:
    """What a cell would be if one open fact were known."""

    fact: str
    value: FactValue
    state: State


def state_of(assessment: Assessment) -> State:
    """The outcome as one of four. Facts can't make up for a text that nobody holds, nor for a rule that can't be read: that is
    unknown, as silence is."""
    if assessment.outcome == "prohibited":
        return State.FORBIDDEN
    if _texts(assessment) or broken_rules(assessment) or assessment.outcome == "not_addressed":
        return State.UNKNOWN
    return State.ALLOWED if assessment.outcome == "permitted" else State.CONDITIONAL


def _texts(assessment: Assessment) -> tuple[str, ...]:
    told = assessment.missing_facts
    return tuple(fact.removeprefix(MISSING_TEXT) for fact in told if fact.startswith(MISSING_TEXT))


def broken_rules(assessment: Assessment) -> tuple[Rule, ...]:
    """The published rules that bear on the use and can't be read."""
    return tuple(verdict.rule for verdict in assessment.verdicts if verdict.rule.broken)


def deciding_rules(assessment: Assessment) -> tuple[Verdict, ...]:
    """The verdicts on which the outcome rests, in the order of the papers."""
    verdicts = assessment.verdicts
    tests = (
        [v for v in verdicts if v.rule.effect == "prohibition" and v.applies is True],
        [v for v in verdicts if v.rule.broken],
        [v for v in verdicts if v.rule.effect == "prohibition" and v.applies is None],
        [v for v in verdicts if v.rule.effect == "duty" and v.applies is not False],
        [v for v in verdicts if v.rule.effect == "permission" and v.applies is True],
    )
    return next((tuple(found) for found in tests if found), ())


def cell(way: Way, activity: str, on: date, facts: Mapping[str, FactValue], library: Library) -> Cell:
    """Judge one cell. `facts` by dotted path, as somebody declared them; what is left out is unknown."""
    told: dict[str, FactValue] = {
        **facts, "provider": way.provider, "access.kind": way.access, "access.served_by": way.served_by, "on": on,
        "activity": activity,
    }  # fmt: skip
    if way.model:
        told["model"] = way.model
    answer = _answer(way, activity, told, library)
    deciding = tuple(fact for fact in answer.missing_facts if is_fact(fact))
    state = state_of(answer)
    if state in (State.ALLOWED, State.CONDITIONAL) and "model" not in deciding and _model_decides(way, library):
        state, deciding = State.CONDITIONAL, (*deciding, "model")
    if _region_decides(way, activity, told, state_of(answer), library):
        state, deciding = State.CONDITIONAL, (*deciding, "organisation.region")
    return Cell(way, activity, state, deciding, _texts(answer), answer)


def _answer(way: Way, activity: str, told: Mapping[str, FactValue], library: Library) -> Assessment:
    return assess(Use(f"{way.key}:{activity}", {path: Fact(value) for path, value in told.items()}), library)


def _model_decides(way: Way, library: Library) -> bool:
    """Whether a channel also serves open weights of this developer: their licences come on top, by the model's name."""
    if way.model or way.access == "weights" or way.served_by == way.provider:
        return False
    return any(family.developer == way.provider and family.open_weights for family in library.families)


def _region_decides(way: Way, activity: str, told: Mapping[str, FactValue], state: State, library: Library) -> bool:
    """Whether other papers govern elsewhere, and with another answer; the region not being told."""
    if "organisation.region" in told or not _depends_on_region(way, library):
        return False
    others = (_answer(way, activity, {**told, "organisation.region": region}, library) for region in REGIONS_TRIED)
    return any(state_of(other) is not state for other in others)


def _depends_on_region(way: Way, library: Library) -> bool:
    return any(
        binding.when is not None
        and any(test.fact == "organisation.region" for test in leaves_of(binding.when))
        and (not binding.developers or way.provider in binding.developers)
        and (not binding.access or way.access in binding.access)
        for binding in library.bindings
    )


def matrix(
    ways: Sequence[Way], activities: Sequence[str], on: date, facts: Mapping[str, FactValue], library: Library
) -> tuple[tuple[Cell, ...], ...]:
    """A row for each way, in it a cell for each activity."""
    return tuple(tuple(cell(way, activity, on, facts, library) for activity in activities) for way in ways)


def ways_to(library: Library, kinds: Sequence[str], served_by: str = "") -> tuple[Way, ...]:
    """The ways to every developer's models. `served_by`: a channel's slug; "" is the developer itself.

    Of weights, those that one runs oneself; with a channel, those that it serves. A consumer app is listed where one is
    catalogued. An API always is: that nobody catalogued its terms is worth knowing.
    """
    developers = sorted(one.slug for one in library.providers.values() if one.develops)
    return tuple(way for developer in developers for way in _ways_of(developer, library, kinds, served_by))


def _ways_of(developer: str, library: Library, kinds: Sequence[str], served_by: str) -> Iterator[Way]:
    server = served_by or developer
    if "api" in kinds:
        yield Way(developer, "api", server)
    if "consumer_app" in kinds and _has_app(developer, server, library):
        yield Way(developer, "consumer_app", server)
    if "weights" in kinds and not served_by:
        yield from (
            Way(developer, "weights", "self", family.id, name_of(family, library))
            for family in library.families
            if family.developer == developer and family.licences and family.open_weights
        )
    if "weights" in kinds and served_by:
        yield from (
            Way(developer, "api", served_by, family.id, name_of(family, library))
            for family in library.families
            if family.developer == developer and family.open_weights
        )


def _has_app(developer: str, server: str, library: Library) -> bool:
    """Whether terms of a consumer app are catalogued; those that hold for APIs alike don't make one."""
    return any(
        "consumer_app" in binding.access
        and binding.role in ("principal", "channel")
        and (not binding.developers or developer in binding.developers)
        and (server in binding.served_by or ("developer" in binding.served_by and server == developer))
        for binding in library.bindings
    )


def name_of(family: ModelFamily, library: Library) -> str:
    """A model's name that means this family, made from its patterns; the family's own key when none does."""
    for pattern in family.patterns:
        bare = pattern.replace("*", "")
        for name in (bare, bare.rstrip("-_./"), pattern.replace("*", "1")):
            if name and resolve_model(name, family.developer, library).family == family.id:
                return name
    return family.id


def trials(one: Cell, on: date, facts: Mapping[str, FactValue], library: Library) -> tuple[Trial, ...]:
    """What each open fact alone would make of the cell: yes and no, or each choice. Facts without few values are left out."""
    return tuple(
        Trial(fact, value, cell(one.way, one.activity, on, {**facts, fact: value}, library).state)
        for fact in one.facts
        for value in _values(fact)
    )


def reachable(one: Cell, on: date, facts: Mapping[str, FactValue], library: Library) -> frozenset[State]:
    """Every state that the open facts together could lead to; empty when they have too many values to try."""
    choices = [_values(fact) for fact in one.facts]
    if not choices or not all(choices) or _size(choices) > MOST_TRIALS:
        return frozenset()
    told = (dict(zip(one.facts, values, strict=True)) for values in product(*choices))
    return frozenset(cell(one.way, one.activity, on, {**facts, **more}, library).state for more in told)


def _size(choices: Sequence[Sequence[FactValue]]) -> int:
    size = 1
    for values in choices:
        size *= len(values)
    return size


def _values(fact: str) -> tuple[FactValue, ...]:
    definition = FACTS.get(fact)
    if fact == "organisation.region":
        return REGIONS_TRIED
    if definition is None:
        return ()
    if definition.kind == "bool":
        return (True, False)
    return tuple(definition.allowed) if definition.kind == "choice" and definition.allowed else ()


def library_sha256(library: Library, on: date) -> str:
    """Hash of all that decides on a day: rules, texts in force, which papers govern, models, agreements that run."""
    held = {
        key: [(one.label, one.text_sha256) for one in paper.versions if one.holds(on)]
        for key, paper in library.documents.items()
    }
    content: list[Any] = [
        on.isoformat(),
        sorted((rule.id, rule.content_sha256) for rule in library.rules),
        sorted(held.items()),
        sorted(repr(binding) for binding in library.bindings),
        [asdict(family) for family in library.families],
        sorted((name, repr(word)) for name, word in library.corrections.items()),
        sorted(repr(agreement) for agreement in library.agreements if agreement.runs(on)),
    ]
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()


PURPOSES: Final = tuple(ACTIVITIES)
"""Every purpose, in the order in which the matrix shows them."""
