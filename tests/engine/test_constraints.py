"""Three-valued conditions: Kleene's tables, sentences that read, and trees that survive being written down."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compliance.engine.constraints import (
    AllOf,
    AnyOf,
    ConstraintError,
    Context,
    FactTest,
    Not,
    conjunction,
    constraint_sentence,
    constraint_tree,
    disjunction,
    evaluate,
    leaves_of,
    parse_constraint,
)
from compliance.engine.facts import Fact, Use
from compliance.engine.vocabulary import lies_within

BOOLEANS = ["student.distributed", "student.commercial", "student.general_purpose", "student.competes_with_provider"]
leaves = st.builds(FactTest, st.sampled_from(BOOLEANS), st.just("is"), st.booleans())
trees = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds(lambda parts: AllOf(tuple(parts)), st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda parts: AnyOf(tuple(parts)), st.lists(inner, min_size=1, max_size=3)),
        st.builds(Not, inner),
    ),
    max_leaves=8,
)
worlds = st.dictionaries(st.sampled_from(BOOLEANS), st.booleans())


def result(tree, world):
    return evaluate(tree, Context(Use("u", {path: Fact(value) for path, value in world.items()}), lambda *_: None))


@given(trees, worlds, st.dictionaries(st.sampled_from(BOOLEANS), st.booleans()))
def test_what_is_certain_stays_so_whatever_is_learnt(tree, world, more):
    before = result(tree, world).held
    assert before is None or result(tree, more | world).held is before


@given(trees, worlds)
def test_an_uncertain_result_names_unknown_facts_and_a_certain_one_names_none(tree, world):
    found = result(tree, world)
    assert bool(found.missing) is (found.held is None)
    assert not set(found.missing) & set(world)
    assert set(found.missing) <= {test.fact for test in leaves_of(tree)}


@given(trees, worlds)
def test_not_swaps_certainties_and_keeps_doubt(tree, world):
    inner = result(tree, world).held
    assert result(Not(tree), world).held is (None if inner is None else not inner)


@given(st.lists(trees, min_size=1, max_size=3), worlds)
def test_de_morgan_holds_in_three_values(parts, world):
    negated = tuple(Not(part) for part in parts)
    assert result(Not(AllOf(tuple(parts))), world).held is result(AnyOf(negated), world).held


@given(trees)
def test_a_tree_survives_being_written_and_read_and_has_a_sentence(tree):
    assert parse_constraint(constraint_tree(tree), "when") == tree
    assert constraint_sentence(tree).strip()


@pytest.mark.parametrize("values, both, either", [
    ([True, None], None, True), ([False, None], False, None), ([None, None], None, None),
    ([True, False], False, True), ([], True, False),
])  # fmt: skip
def test_and_and_or_follow_kleene(values, both, either):
    assert conjunction(values) is both
    assert disjunction(values) is either


@pytest.mark.parametrize("tree, sentence", [
    ({"fact": "student.kind", "op": "in", "value": ["classifier", "embedding"]},
     "the student is a classifier or an embedding model"),
    ({"fact": "organisation.monthly_active_users", "op": "gt", "value": 700000000},
     "the organisation has more than 700,000,000 monthly active users"),
    ({"fact": "organisation.annual_revenue_usd", "op": "lt", "value": 1000000},
     "the organisation’s annual revenue is less than USD 1,000,000"),
    ({"not": {"fact": "student.base_model", "op": "derived_from", "value": "llama-3"}},
     "the student is not built on Llama 3"),
    ({"all": [{"fact": "student.distributed", "op": "is", "value": True},
              {"any": [{"fact": "student.commercial", "op": "is", "value": True},
                       {"fact": "organisation.region", "op": "within", "value": "EU"}]}]},
     "the student is made available to third parties and (either the student is used commercially or the organisation is "
     "established in the European Union)"),
    ({"fact": "student.name", "op": "starts_with", "value": "Llama"}, "the student’s name begins with “Llama”"),
    ({"fact": "on", "op": "gte", "value": "2026-01-23"}, "the day of use lies on or after 23 January 2026"),
])  # fmt: skip
def test_conditions_read_as_english(tree, sentence):
    assert constraint_sentence(parse_constraint(tree, "when")) == sentence


@pytest.mark.parametrize("tree, message", [
    ({"fact": "student.knd", "op": "eq", "value": "classifier"}, "rule.when.fact: 'student.knd' is no fact"),
    ({"fact": "student.kind", "op": "equals", "value": "classifier"}, "rule.when.op: 'equals' is no operator"),
    ({"fact": "student.kind", "op": "gt", "value": "classifier"}, "'gt' does not fit student.kind; fits: eq, in"),
    ({"fact": "student.kind", "op": "eq", "value": "clasifier"}, "did you mean 'classifier'?"),
    ({"fact": "student.kind", "op": "in", "value": ["classifier", "x"]}, "rule.when.value[1]"),
    ({"fact": "student.distributed", "op": "is", "value": "yes"}, "expected true or false"),
    ({"fact": "organisation.region", "op": "within", "value": "Mars"}, "'Mars' is no known area"),
    ({"all": []}, "rule.when.all: expected a list of at least one condition"),
    ({"all": [{"fact": "on"}]}, "rule.when.all[0]: 'op' is missing"),
    ({"any": [], "all": []}, "unknown key"),
    ("always", "expected a condition"),
])  # fmt: skip
def test_a_condition_that_cannot_be_read_names_its_place(tree, message):
    with pytest.raises(ConstraintError) as refused:
        parse_constraint(tree, "rule.when")
    assert message in str(refused.value)


@pytest.mark.parametrize("region, area, expected", [
    ("DE", "EU", True), ("NO", "EU", False), ("NO", "EEA", True), ("GB", "EEA_CH_GB", True), ("US-CA", "US", True),
    ("EU", "EEA", True), ("EEA", "EU", None), ("US", "EU", False), ("Europe", "EU", None), ("EU", "US", False),
])  # fmt: skip
def test_a_region_lies_within_an_area_or_says_too_little(region, area, expected):
    assert lies_within(region, area) is expected
