"""Whatever stands in a rulebook's file, it is read or refused in words; nothing else happens."""

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compliance.engine.constraints import ConstraintError, parse_constraint
from compliance.engine.rulebook import RulebookError, join, parse_rulebook
from compliance.engine.rules import RuleError, rule_from_dict, rule_to_dict
from compliance.exchange.places import line_of

FOLDER = Path(__file__).parents[2] / "compliance" / "rulebook"
SHIPPED = [path.read_text() for path in sorted(FOLDER.glob("*.toml"))]
PIECES = [
    "[[rule]]", "[[document]]", "[[reason]]", "[rule]", "rule = 1", 'id = "a/b:c"', "when = {}", "when = { all = [] }", "{", "}",
    "[", "]", '"""', "'", "=", "2024-13-01", "2024-01-01", "2024-01-01T00:00:00Z", "true", "nan", "-inf", "1e999", "0x7f",
    'citations = [{ versions = ["1"], section = "", sha256 = "0" }]', "when = { not = { not = { fact = 3 } } }", "\x00", "\ud7ff",
    'met = { fact = "on", op = "gte", value = "2024-02-30" }', "actions = [[]]", "labels = { a = 1 }", "exceptions = [1]",
    'when = { fact = ["x"], op = {}, value = nan }', "revision = true", "versions = [{ label = 1 }]", "since = 09:00:00", "#",
]  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["all", "any", "not", "fact", "op", "value", "versions", "section", "sha256", "name", "title", "when"])
        | st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


KEYS = ["id", "effect", "title", "when", "exceptions", "met", "citations", "actions", "labels", "duty", "revision"]


def read(text: str) -> None:
    message = "x.toml"
    try:
        join([parse_rulebook(text, "x.toml")])
    except RulebookError as refused:
        message = str(refused)
    assert message.startswith(("x.toml", "documents incorporate each other"))
    assert (line_of(text, message) or 1) <= text.count("\n") + 1


@settings(max_examples=150)
@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=12), max_size=30).map("\n".join))
def test_pieces_of_toml_in_any_order_are_read_or_refused(text: str) -> None:
    read(text)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.integers(0, len(SHIPPED) - 1), st.integers(1, 6))
def test_shipped_files_with_something_cut_or_put_in_are_read_or_refused(seed: int, file: int, times: int) -> None:
    chance, text = random.Random(seed), SHIPPED[file][:20_000]
    for _ in range(times):
        at, length = chance.randrange(len(text) + 1), chance.choice([0, 1, 2, 40])
        text = text[:at] + chance.choice([*PIECES, ""]) + text[at + length :]
    read(text)


@settings(max_examples=150)
@given(st.sampled_from(KEYS), JSON)
def test_a_rule_with_anything_at_all_in_one_key_is_read_or_refused(key: str, value: object) -> None:
    rule = {
        "id": "a/b:c", "effect": "duty", "title": "T", "statement": "asks for x", "actions": ["evaluate"], "duty": "Do x",
        "citations": [{"versions": ["1"], "section": "1", "sha256": "0" * 64}],
    }  # fmt: skip
    try:
        again = rule_from_dict({**rule, key: value})
    except RuleError:
        return
    assert rule_from_dict(rule_to_dict(again)) == again


@pytest.mark.parametrize("tree", [
    {"fact": ["student.kind"], "op": "eq", "value": "reward"}, {"fact": "student.kind", "op": {}, "value": "reward"},
    {"fact": "organisation.region", "op": "within", "value": ["EU"]}, {"fact": "authorisation", "op": "grants", "value": {}},
    {"fact": "on", "op": "gte", "value": [1]}, {"fact": None, "op": None, "value": None}, {"all": {"a": 1}}, {"not": []},
])  # fmt: skip
def test_a_value_of_the_wrong_kind_is_refused_in_words(tree: object) -> None:
    with pytest.raises(ConstraintError, match=r"^when"):
        parse_constraint(tree, "when")


def test_conditions_by_the_thousand_inside_one_another_are_refused() -> None:
    tree: dict[str, object] = {"fact": "student.kind", "op": "eq", "value": "reward"}
    for _ in range(5_000):
        tree = {"not": tree}
    with pytest.raises(ConstraintError, match="30 deep at most"):
        parse_constraint(tree, "when")


@pytest.mark.parametrize("text", ["x = " + "[" * 50_000, "x = 0001-00-00", "x = 2024-02-30T00:00:00"])
def test_toml_that_python_cannot_read_is_refused_with_its_file(text: str) -> None:
    with pytest.raises(RulebookError, match=r"^x\.toml: not"):
        parse_rulebook(text, "x.toml")
