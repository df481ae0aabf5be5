"""Rules of every kind, drawn at random from the engine's own vocabulary."""

from typing import Any

from hypothesis import strategies as st

from compliance.engine.constraints import OPERATORS
from compliance.engine.rules import EFFECTS, LABELS, SEVERITIES, TARGETS, Rule, rule_from_dict
from compliance.engine.vocabulary import ACTIVITIES, FACTS, REGIONS, FactDefinition

WORDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40).filter(str.strip)


def _value(fact: FactDefinition, op: str) -> st.SearchStrategy[Any]:
    if op == "grants":
        return st.sampled_from(["*", *ACTIVITIES])
    if op == "within":
        return st.sampled_from(list(REGIONS))
    if fact.allowed:
        return st.sampled_from(list(fact.allowed))
    return {
        "bool": st.booleans(),
        "count": st.integers(0, 10**12),
        "amount": st.integers(0, 10**12) | st.floats(0, 1e12),
        "date": st.dates().map(str),
    }.get(fact.kind, WORDS)


@st.composite
def tests(draw: st.DrawFn) -> dict[str, Any]:
    fact = draw(st.sampled_from(list(FACTS.values())))
    op = draw(st.sampled_from([op for op, kinds in OPERATORS.items() if fact.kind in kinds]))
    value = _value(fact, op)
    several = op == "in" or (op in ("derived_from", "starts_with") and draw(st.booleans()))
    return {"fact": fact.path, "op": op, "value": draw(st.lists(value, min_size=1, max_size=3) if several else value)}


def trees() -> st.SearchStrategy[dict[str, Any]]:
    parts = st.lists(st.deferred(trees), min_size=1, max_size=3)
    inner = parts.map(lambda found: {"all": found}) | parts.map(lambda found: {"any": found})
    return tests() | inner | st.deferred(trees).map(lambda found: {"not": found})


@st.composite
def rules(draw: st.DrawFn) -> Rule:
    effect = draw(st.sampled_from(EFFECTS))
    exception = st.fixed_dictionaries({"name": WORDS, "title": WORDS, "when": tests()})
    labels = draw(st.lists(WORDS, min_size=1, max_size=4, unique=True))
    digest = st.text("0123456789abcdef", min_size=64, max_size=64)
    data: dict[str, Any] = {
        "id": f"acme/terms:{draw(st.from_regex(r'[a-z]{1,12}', fullmatch=True))}",
        "revision": draw(st.integers(1, 10_000)),
        "effect": effect,
        "title": draw(WORDS),
        "statement": "bars " + draw(WORDS).strip().rstrip(".") + "x",
        "actions": draw(st.lists(st.sampled_from(list(ACTIVITIES)), min_size=1, unique=True)),
        "target": draw(st.sampled_from(TARGETS)),
        "severity": draw(st.sampled_from(SEVERITIES)),
        "labels": draw(st.lists(st.sampled_from(LABELS), unique=True, max_size=4)),
        "exceptions": draw(st.lists(exception, max_size=2)),
        "remedy": draw(st.text(st.characters(exclude_categories=["Cs"]), max_size=40)),
        "guidance": draw(st.text(st.characters(exclude_categories=["Cs"]), max_size=40)),
        "citations": [{"versions": [label], "section": draw(st.sampled_from(["", "2(e)", "Ü “x”"])),
                       "sha256": draw(st.sampled_from(["0" * 64, draw(digest)]))} for label in labels],
    }  # fmt: skip
    if draw(st.booleans()):
        data["when"] = draw(trees())
    if effect == "duty":
        data |= {"duty": draw(WORDS), "met": draw(tests())}
    return rule_from_dict(data)
