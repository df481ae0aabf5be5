"""Rules written as TOML or as ODRL are read back as they were."""

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from compliance.engine.rulebook import load_directory, parse_rulebook
from compliance.engine.rules import Rule, RuleError
from compliance.exchange.odrl import CONTEXT, DEONTIC, PROFILE, rule_to_odrl, rules_from_odrl, rules_to_odrl
from compliance.exchange.toml import rule_to_toml, rules_to_toml
from tests.exchange.rules import rules

SHIPPED = load_directory(Path(__file__).parents[2] / "compliance" / "rulebook").rules
OPERATORS = {"eq", "gt", "gteq", "lt", "lteq", "isAnyOf", "isPartOf", "ct:startsWith", "ct:derivedFrom", "ct:grants"}


def test_every_shipped_rule_survives_toml_and_odrl_word_for_word() -> None:
    written = rules_to_toml(SHIPPED)
    assert parse_rulebook(written, "rules.toml").rules == SHIPPED
    assert rules_to_toml(parse_rulebook(written, "rules.toml").rules) == written
    again = rules_from_odrl(json.loads(json.dumps(rules_to_odrl(SHIPPED))), "rules.jsonld")
    assert tuple(again) == SHIPPED
    assert [one.content_sha256 for one in again] == [one.content_sha256 for one in SHIPPED]


@settings(max_examples=60)
@given(rules())
def test_any_rule_survives_both(rule: Rule) -> None:
    text = rule_to_toml(rule)
    tomllib.loads(text)
    assert parse_rulebook(text, "x.toml").rules == (rule,)
    assert rules_from_odrl(json.loads(json.dumps(rule_to_odrl(rule))), "x.jsonld") == [rule]


@settings(max_examples=60)
@given(rules())
def test_what_is_written_is_odrl(rule: Rule) -> None:
    """The structure that ODRL 2.2 asks of a Set: a uid, a profile, one rule with action and target, constraints in its words."""
    policy = rule_to_odrl(rule)
    assert policy["@context"] == CONTEXT
    assert policy["@type"] == "Set"
    assert policy["profile"] == PROFILE
    assert policy["uid"] == f"urn:clausetrail:rule:{rule.id}:{rule.revision}"
    (deontic,) = set(DEONTIC.values()) & policy.keys()
    (said,) = policy[deontic]
    assert said["assigner"] == "urn:clausetrail:provider:acme"
    assert said["target"].startswith("urn:clausetrail:document:acme/terms#")
    assert said["action"]
    for constraint in said.get("constraint", []):
        assert_constraint(constraint)


def assert_constraint(node: dict[str, Any]) -> None:
    if node["@type"] == "LogicalConstraint":
        (operator,) = node.keys() - {"@type"}
        parts = [node[operator]] if operator == "ct:not" else node[operator]["@list"]
        assert operator in ("and", "or", "ct:not")
        for part in parts:
            assert_constraint(part)
        return
    assert node.keys() == {"@type", "leftOperand", "operator", "rightOperand"}
    assert node["operator"] in OPERATORS
    assert node["leftOperand"].startswith("ct:")


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"profile": "urn:other"}, "policy 1.profile: expected urn:clausetrail"),
        ({"dcterms:title": 3}, "title: expected text"),
        ({"dcterms:source": None}, "dcterms:source: expected a list"),
        ({"prohibition": [{"action": ["ct:dance"]}]}, "'dance' is none of"),
        ({"prohibition": []}, "expected one object"),
        ({"permission": [{}]}, "expected one of prohibition"),
        ({"prohibition": [{"action": "ct:evaluate", "constraint": {"leftOperand": "ct:moon", "operator": "eq"}}]},
         "'moon' is no fact"),
        ({"prohibition": [{"action": "ct:evaluate", "constraint": {"leftOperand": "ct:on", "operator": "between"}}]},
         "operator: 'between' is none that fits on"),
    ],
)  # fmt: skip
def test_odrl_that_says_something_else_is_refused_with_its_place(changed: dict[str, Any], message: str) -> None:
    prohibition = next(rule for rule in SHIPPED if rule.effect == "prohibition")
    with pytest.raises(RuleError, match=r"x\.jsonld") as refused:
        rules_from_odrl({**rule_to_odrl(prohibition), **changed}, "x.jsonld")
    assert message in str(refused.value)


@pytest.mark.parametrize("data", [None, 3, [], "x", {"@graph": 3}, {"@graph": [3]}])
def test_json_that_is_no_policy_is_refused(data: Any) -> None:
    with pytest.raises(RuleError, match=r"x\.jsonld"):
        rules_from_odrl(data, "x.jsonld")
