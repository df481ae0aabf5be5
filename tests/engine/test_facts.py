"""Reading a use: strict about keys and values, honest about what is absent."""

import pytest

from compliance.engine.facts import Fact, Use, UseError, parse_use


@pytest.mark.parametrize("data, message", [
    ({"student": {"kind": "generativ"}}, "uses[3].student.kind: 'generativ' is not known; allowed: generative"),
    ({"student": {"kind": "generativ"}}, "did you mean 'generative'?"),
    ({"studnet": {}}, "uses[3].studnet: unknown key"),
    ({"student": {"nam": "x"}}, "uses[3].student.nam: unknown key"),
    ({"student": "x"}, "uses[3].student: expected an object, found text"),
    ({"on": "2024-02-30"}, "uses[3].on: expected a day such as 2025-06-30, found '2024-02-30'"),
    ({"on": "20240201"}, "uses[3].on: expected a day"),
    ({"student": {"distributed": 1}}, "uses[3].student.distributed: expected true or false, found 1"),
    ({"organisation": {"monthly_active_users": True}}, "expected a number of at least 0, found True"),
    ({"organisation": {"monthly_active_users": 1.5}}, "expected a whole number"),
    ({"organisation": {"annual_revenue_usd": -1}}, "expected a number of at least 0"),
    ({"organisation": {"annual_revenue_usd": float("nan")}}, "expected a number of at least 0"),
    ({"model": ""}, "uses[3].model: expected text"),
    ({"model": {"value": "x", "sauce": 1}}, "uses[3].model.sauce: unknown key"),
    ({"model": {"value": "x", "source": "guessed"}}, "uses[3].model.source: 'guessed' is not a source"),
    ({"authorisation": {"grants": ["train"]}}, "uses[3].authorisation.grants[0]: 'train' is not known"),
    ({"authorisation": {"from": "2024-02-01", "to": "2024-01-01"}}, "uses[3].authorisation.to"),
    ({"id": 3}, "uses[3].id: expected text"),
    ([], "uses[3]: expected an object"),
])  # fmt: skip
def test_what_cannot_be_read_is_refused_with_its_place(data, message):
    with pytest.raises(UseError) as refused:
        parse_use(data, "uses[3]")
    assert message in str(refused.value)


def test_absent_and_null_are_unknown():
    use = parse_use({"student": {"kind": None}, "organisation": None, "model": {"value": None}})
    assert use.facts == {}
    assert use.authorisation is None


def test_a_plain_value_is_declared_and_an_object_brings_its_source():
    use = parse_use(
        {"model": "gpt-4", "activity": {"value": "evaluate", "source": "observed", "by": "recorder", "note": "n"}}
    )
    assert use.facts["model"] == Fact("gpt-4", "declared")
    assert use.facts["activity"] == Fact("evaluate", "observed", "recorder", "n")


def test_true_and_one_are_not_confused():
    assert parse_use({"student": {"distributed": True}}).value("student.distributed") is True
    with pytest.raises(UseError):
        parse_use({"student": {"distributed": 1}})


def test_facts_given_directly_are_held_to_the_same_vocabulary():
    with pytest.raises(UseError, match="no such fact"):
        Use("u", {"student.colour": Fact("red")})
    with pytest.raises(UseError, match="is not known"):
        Use("u", {"student.kind": Fact("red")})
