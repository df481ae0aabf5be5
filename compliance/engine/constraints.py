"""Conditions over facts: read from data, evaluated in three values, and read back as English.

A tree is {"all": [...]}, {"any": [...]}, {"not": {...}} or one test {"fact": path, "op": operator, "value": value}. Operators:
eq, is, in, gte, gt, lte, lt, starts_with, derived_from, within, grants. The result is True, False or None (cannot tell), after
Kleene: what is unknown stays unknown unless the rest settles it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from typing import Any, Final, TypeAlias

from compliance.engine.facts import Fact, FactValue, Use, UseError, read_value
from compliance.engine.phrases import condition_phrase, unknown_phrase
from compliance.engine.vocabulary import ACTIVITIES, FACTS, REGIONS, FactDefinition, lies_within

Held: TypeAlias = bool | None
Value: TypeAlias = FactValue | tuple[FactValue, ...]
DerivedFrom: TypeAlias = Callable[[str, tuple[str, ...]], Held]

OPERATORS: Final[Mapping[str, tuple[str, ...]]] = {
    "eq": ("choice", "slug", "text", "model", "count", "amount", "date", "region"),
    "is": ("bool",),
    "in": ("choice", "slug", "text", "model", "region"),
    "gte": ("count", "amount", "date"),
    "gt": ("count", "amount", "date"),
    "lte": ("count", "amount", "date"),
    "lt": ("count", "amount", "date"),
    "starts_with": ("text", "model"),
    "derived_from": ("model",),
    "within": ("region",),
    "grants": ("authorisation",),
}


class ConstraintError(ValueError):
    """A condition that can't be read; the message names its place, what is wrong, and the nearest spelling."""


@dataclass(frozen=True)
class FactTest:
    """One test of one fact."""

    fact: str
    op: str
    value: Value


@dataclass(frozen=True)
class AllOf:
    parts: tuple["Constraint", ...]


@dataclass(frozen=True)
class AnyOf:
    parts: tuple["Constraint", ...]


@dataclass(frozen=True)
class Not:
    part: "Constraint"


Constraint: TypeAlias = FactTest | AllOf | AnyOf | Not
ALWAYS: Final = AllOf(())
DEEPEST: Final = 30
"""Levels of conditions inside one another; nobody can read more, and a hostile file could hold thousands."""


@dataclass(frozen=True)
class Because:
    """One test in a verdict's trace: what was asked, whether it held, the fact it looked at, its value and source."""

    constraint: str
    held: Held
    fact: str
    value: FactValue | None
    source: str | None
    by: str = ""
    note: str = ""
    part: str = "condition"


@dataclass(frozen=True)
class Finding:
    """A condition's result, the tests it ran, and the facts that would settle it when it is None."""

    held: Held
    because: tuple[Because, ...]
    missing: tuple[str, ...]


@dataclass(frozen=True)
class Context:
    """What a condition may look at: the use, how a model's descent is looked up, and whose paper is being read.

    `assigner` is the slug of the provider whose document it is: only its own authorisation counts there. "" accepts any.
    """

    use: Use
    derived_from: DerivedFrom
    assigner: str = ""


def evaluate(constraint: Constraint, context: Context) -> Finding:
    """The condition's result in three values, with its trace."""
    if isinstance(constraint, FactTest):
        return _evaluate_test(constraint, context)
    if isinstance(constraint, Not):
        inner = evaluate(constraint.part, context)
        return Finding(None if inner.held is None else not inner.held, inner.because, inner.missing)
    findings = [evaluate(part, context) for part in constraint.parts]
    combine = conjunction if isinstance(constraint, AllOf) else disjunction
    held = combine(finding.held for finding in findings)
    because = tuple(entry for finding in findings for entry in finding.because)
    missing = unique(fact for f in findings if f.held is None for fact in f.missing) if held is None else ()
    return Finding(held, because, missing)


def conjunction(values: Iterable[Held]) -> Held:
    """Kleene's and: False if any is False, else None if any is None, else True."""
    seen = list(values)
    return False if False in seen else None if None in seen else True


def disjunction(values: Iterable[Held]) -> Held:
    """Kleene's or: True if any is True, else None if any is None, else False."""
    seen = list(values)
    return True if True in seen else None if None in seen else False


def unique(items: Iterable[str]) -> tuple[str, ...]:
    """The items in order, each once."""
    return tuple(dict.fromkeys(items))


def _evaluate_test(test: FactTest, context: Context) -> Finding:
    if test.op == "grants":
        return _evaluate_grant(test, context)
    fact = context.use.facts.get(test.fact)
    held = None if fact is None else _compare(test, fact, context)
    entry = Because(
        condition_phrase(test.fact, test.op, test.value),
        held,
        test.fact,
        fact.value if fact else None,
        fact.source if fact else None,
        fact.by if fact else "",
        fact.note if fact else "",
    )
    return Finding(held, (entry,), (test.fact,) if held is None else ())


def authorised(use: Use, assigner: str, activity: str | None) -> bool:
    """Whether an authorisation on record, given by `assigner`, allows the activity on the day of use."""
    authorisation, on = use.authorisation, use.on
    if authorisation is None or on is None or activity is None or not authorisation.holds(activity, on):
        return False
    return assigner in ("", authorisation.granted_by or use.text("provider"))


def _evaluate_grant(test: FactTest, context: Context) -> Finding:
    """An authorisation is the one fact whose absence is known: none is on record."""
    use = context.use
    authorisation = use.authorisation
    held = authorised(use, context.assigner, use.text("activity") if test.value == "*" else str(test.value))
    reference = authorisation.reference if authorisation else None
    source = "declared" if authorisation else None
    entry = Because(condition_phrase("authorisation", "grants", test.value), held, "authorisation", reference, source)
    return Finding(held, (entry,), ())


def _compare(test: FactTest, fact: Fact, context: Context) -> Held:
    given, wanted = fact.value, test.value
    if test.op in ("eq", "is"):
        return given == wanted
    if test.op == "in":
        return isinstance(wanted, tuple) and given in wanted
    if test.op == "derived_from":
        return context.derived_from(str(given), _words(wanted))
    if test.op == "within":
        return lies_within(str(given), str(wanted))
    if test.op == "starts_with":
        return any(_bare(str(given)).startswith(_bare(word)) for word in _words(wanted))
    return _ordered(test.op, given, wanted)


def _ordered(op: str, given: FactValue, wanted: Value) -> Held:
    if isinstance(given, date) and isinstance(wanted, date):
        return _order(op, given.toordinal(), wanted.toordinal())
    if isinstance(given, (int, float)) and isinstance(wanted, (int, float)):
        return _order(op, given, wanted)
    return None


def _order(op: str, given: float, wanted: float) -> bool:
    if op == "gte":
        return given >= wanted
    if op == "gt":
        return given > wanted
    return given <= wanted if op == "lte" else given < wanted


def _words(value: Value) -> tuple[str, ...]:
    return tuple(str(word) for word in value) if isinstance(value, tuple) else (str(value),)


def _bare(name: str) -> str:
    """A model's name as a name duty reads it: without the publisher, punctuation or letter case."""
    return "".join(letter for letter in name.rpartition("/")[2].casefold() if letter.isalnum())


def leaves_of(constraint: Constraint) -> Iterator[FactTest]:
    """The tests of a condition, in order."""
    if isinstance(constraint, FactTest):
        yield constraint
    elif isinstance(constraint, Not):
        yield from leaves_of(constraint.part)
    else:
        for part in constraint.parts:
            yield from leaves_of(part)


def parse_constraint(tree: Any, where: str, depth: int = 0) -> Constraint:
    """Read a tree of plain data, at most DEEPEST levels of it. Raises ConstraintError naming `where` for unknown operators,
    facts, values and keys."""
    if depth > DEEPEST:
        raise ConstraintError(f"{where[:200]}…: conditions stand inside one another {DEEPEST} deep at most")
    if not isinstance(tree, Mapping):
        raise ConstraintError(f"{where}: expected a condition, found {type(tree).__name__}")
    for key, build in (("all", AllOf), ("any", AnyOf)):
        if key in tree:
            _only(tree, (key,), where)
            return build(_parse_parts(tree[key], f"{where}.{key}", depth + 1))
    if "not" in tree:
        _only(tree, ("not",), where)
        return Not(parse_constraint(tree["not"], f"{where}.not", depth + 1))
    return _parse_test(tree, where)


def _parse_parts(parts: Any, where: str, depth: int) -> tuple[Constraint, ...]:
    if not isinstance(parts, (list, tuple)) or not parts:
        raise ConstraintError(f"{where}: expected a list of at least one condition")
    return tuple(parse_constraint(part, f"{where}[{index}]", depth) for index, part in enumerate(parts))


def _parse_test(tree: Mapping[str, Any], where: str) -> FactTest:
    _only(tree, ("fact", "op", "value"), where)
    for key in ("fact", "op", "value"):
        if key not in tree:
            raise ConstraintError(f"{where}: {key!r} is missing (a condition has fact, op and value)")
    definition = FACTS.get(tree["fact"]) if isinstance(tree["fact"], str) else None
    if definition is None:
        raise ConstraintError(f"{where}.fact: {tree['fact']!r} is no fact{_hint(tree['fact'], FACTS)}")
    kinds = OPERATORS.get(tree["op"]) if isinstance(tree["op"], str) else None
    if kinds is None:
        raise ConstraintError(f"{where}.op: {tree['op']!r} is no operator{_hint(tree['op'], OPERATORS)}")
    if definition.kind not in kinds:
        fits = [op for op, allowed in OPERATORS.items() if definition.kind in allowed]
        raise ConstraintError(f"{where}.op: {tree['op']!r} does not fit {tree['fact']}; fits: {', '.join(fits)}")
    return FactTest(definition.path, tree["op"], _parse_value(definition, tree["op"], tree["value"], f"{where}.value"))


def _parse_value(definition: FactDefinition, op: str, raw: Any, where: str) -> Value:
    if op in ("in", "derived_from", "starts_with") and isinstance(raw, (list, tuple)):
        if not raw:
            raise ConstraintError(f"{where}: the list is empty")
        return tuple(_one_value(definition, op, item, f"{where}[{index}]") for index, item in enumerate(raw))
    if op == "in":
        raise ConstraintError(f"{where}: 'in' needs a list")
    return _one_value(definition, op, raw, where)


def _one_value(definition: FactDefinition, op: str, raw: Any, where: str) -> FactValue:
    if op in ("within", "grants") and not isinstance(raw, str):
        raise ConstraintError(f"{where}: expected text, found {raw!r}")
    if op == "within" and raw not in REGIONS:
        raise ConstraintError(f"{where}: {raw!r} is no known area{_hint(raw, REGIONS)}")
    if op == "grants":
        if raw != "*" and raw not in ACTIVITIES:
            raise ConstraintError(f"{where}: {raw!r} is no activity{_hint(raw, ACTIVITIES)}")
        return str(raw)
    try:
        return read_value(definition, raw, where)
    except UseError as error:
        raise ConstraintError(str(error)) from error


def _only(tree: Mapping[str, Any], allowed: tuple[str, ...], where: str) -> None:
    for key in tree:
        if key not in allowed:
            raise ConstraintError(f"{where}.{key}: unknown key{_hint(key, allowed)}")


def _hint(word: object, known: Iterable[str]) -> str:
    names = list(known)
    close = get_close_matches(str(word), names, n=1)
    return f"; known: {', '.join(names)}" + (f" (did you mean {close[0]!r}?)" if close else "")


def constraint_tree(constraint: Constraint) -> dict[str, Any]:
    """The constraint as plain data that `parse_constraint` reads back unchanged; dates as text."""
    if isinstance(constraint, AllOf):
        return {"all": [constraint_tree(part) for part in constraint.parts]}
    if isinstance(constraint, AnyOf):
        return {"any": [constraint_tree(part) for part in constraint.parts]}
    if isinstance(constraint, Not):
        return {"not": constraint_tree(constraint.part)}
    return {"fact": constraint.fact, "op": constraint.op, "value": _plain(constraint.value)}


def _plain(value: Value) -> Any:
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value.isoformat() if isinstance(value, date) else value


def constraint_sentence(constraint: Constraint) -> str:
    """The condition in English, without a full stop: "the student is a classifier and ..."."""
    if isinstance(constraint, FactTest):
        return condition_phrase(constraint.fact, constraint.op, constraint.value)
    if isinstance(constraint, Not):
        if isinstance(constraint.part, FactTest):
            return condition_phrase(constraint.part.fact, constraint.part.op, constraint.part.value, holds=False)
        return f"it is not the case that {constraint_sentence(constraint.part)}"
    if not constraint.parts:
        return "always" if isinstance(constraint, AllOf) else "never"
    joined = [_nested(part) for part in constraint.parts]
    if isinstance(constraint, AllOf):
        return joined[0] if len(joined) == 1 else ", ".join(joined[:-1]) + " and " + joined[-1]
    return joined[0] if len(joined) == 1 else "either " + ", ".join(joined[:-1]) + " or " + joined[-1]


def _nested(part: Constraint) -> str:
    sentence = constraint_sentence(part)
    return f"({sentence})" if isinstance(part, (AllOf, AnyOf)) and len(part.parts) > 1 else sentence


def unknown_sentence(missing: Iterable[str]) -> str:
    """What is unknown, in English: "whether the student competes with the provider"."""
    phrases = [unknown_phrase(fact) for fact in missing]
    return phrases[0] if len(phrases) == 1 else ", ".join(phrases[:-1]) + " and " + phrases[-1] if phrases else ""
