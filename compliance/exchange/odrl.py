"""Rules as ODRL 2.2 in JSON-LD, with a profile of our own for the facts, activities and what ODRL has no word for.

One policy (`odrl:Set`) for each rule revision. Its prohibition, permission or obligation carries assigner, target, actions and
constraints in ODRL's own vocabulary; exceptions, the test of a duty, labels and citations stand in the profile's namespace. A
reader who knows only ODRL sees who forbids what under which conditions; read back, nothing is lost.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from compliance.engine.constraints import OPERATORS
from compliance.engine.rules import Rule, RuleError, rule_from_dict, rule_to_dict
from compliance.engine.vocabulary import ACTIVITIES, FACTS

ODRL: Final = "http://www.w3.org/ns/odrl.jsonld"
NAMESPACE: Final = "urn:clausetrail:odrl:"
PROFILE: Final = "urn:clausetrail:odrl:profile:1"
CONTEXT: Final = [
    ODRL,
    {"ct": NAMESPACE, "dcterms": "http://purl.org/dc/terms/", "xsd": "http://www.w3.org/2001/XMLSchema#"},
]
DEONTIC: Final[Mapping[str, str]] = {"prohibition": "prohibition", "permission": "permission", "duty": "obligation"}
ODRL_OPERATORS: Final[Mapping[str, str]] = {
    "eq": "eq", "is": "eq", "in": "isAnyOf", "gte": "gteq", "gt": "gt", "lte": "lteq", "lt": "lt", "within": "isPartOf",
    "starts_with": "ct:startsWith", "derived_from": "ct:derivedFrom", "grants": "ct:grants",
}  # fmt: skip
_PLAIN: Final = ("severity", "guidance", "labels", "remedy", "duty")


def rules_to_odrl(rules: Iterable[Rule]) -> dict[str, Any]:
    """One JSON-LD document with a policy for each rule."""
    return {"@context": CONTEXT, "@graph": [_policy(rule) for rule in rules]}


def rule_to_odrl(rule: Rule) -> dict[str, Any]:
    """One rule as a JSON-LD document of its own."""
    return {"@context": CONTEXT, **_policy(rule)}


def _policy(rule: Rule) -> dict[str, Any]:
    data = rule_to_dict(rule)
    provider = rule.document.partition("/")[0]
    said: dict[str, Any] = {
        "assigner": f"urn:clausetrail:provider:{provider}",
        "target": f"urn:clausetrail:document:{rule.document}#{rule.target}",
        "action": [f"ct:{action}" for action in rule.actions],
    }
    if "when" in data:
        said["constraint"] = [_constraint(data["when"])]
    if "exceptions" in data:
        said["ct:exception"] = [_exception(one) for one in data["exceptions"]]
    if "met" in data:
        said["ct:fulfilledWhen"] = [_constraint(data["met"])]
    said |= {f"ct:{key}": data[key] for key in _PLAIN if key in data}
    return {
        "@type": "Set",
        "uid": f"urn:clausetrail:rule:{rule.id}:{rule.revision}",
        "profile": PROFILE,
        "dcterms:identifier": rule.id,
        "dcterms:title": rule.title,
        "dcterms:description": rule.statement,
        "ct:revision": rule.revision,
        "ct:reads": rule.sentence,
        "dcterms:source": [_citation(one, rule.document) for one in data["citations"]],
        DEONTIC[rule.effect]: [said],
    }


def _exception(one: Mapping[str, Any]) -> dict[str, Any]:
    return {"ct:name": one["name"], "dcterms:title": one["title"], "constraint": [_constraint(one["when"])]}


def _citation(one: Mapping[str, Any], document: str) -> dict[str, Any]:
    return {
        "ct:document": document, "ct:versions": one["versions"], "ct:section": one["section"], "ct:sha256": one["sha256"],
    }  # fmt: skip


def _constraint(tree: Mapping[str, Any]) -> dict[str, Any]:
    """A constraint or logical constraint. ODRL has no negation; the profile adds `ct:not`."""
    for ours, theirs in (("all", "and"), ("any", "or")):
        if ours in tree:
            return {"@type": "LogicalConstraint", theirs: {"@list": [_constraint(part) for part in tree[ours]]}}
    if "not" in tree:
        return {"@type": "LogicalConstraint", "ct:not": _constraint(tree["not"])}
    fact, op, value = tree["fact"], tree["op"], tree["value"]
    return {
        "@type": "Constraint",
        "leftOperand": f"ct:{fact}",
        "operator": ODRL_OPERATORS[op],
        "rightOperand": [_operand(fact, part) for part in value] if isinstance(value, list) else _operand(fact, value),
    }


def _operand(fact: str, value: Any) -> Any:
    if FACTS[fact].kind == "date":
        return {"@value": value, "@type": "xsd:date"}
    return value


def rules_from_odrl(data: Any, where: str) -> list[Rule]:
    """The rules of a JSON-LD document as `rules_to_odrl` or `rule_to_odrl` writes it. Raises RuleError naming the place."""
    if not isinstance(data, Mapping):
        raise RuleError(f"{where}: expected a JSON object, found {type(data).__name__}")
    policies = data.get("@graph", [data])
    if not isinstance(policies, list):
        raise RuleError(f"{where}.@graph: expected a list of policies")
    return [_rule(policy, f"{where}: policy {index}") for index, policy in enumerate(policies, start=1)]


def _rule(policy: Any, where: str) -> Rule:
    if not isinstance(policy, Mapping):
        raise RuleError(f"{where}: expected an object")
    if policy.get("profile") != PROFILE:
        raise RuleError(
            f"{where}.profile: expected {PROFILE}; a policy of another profile says things that are not known here"
        )
    effects = [effect for effect, name in DEONTIC.items() if name in policy]
    if len(effects) != 1:
        raise RuleError(f"{where}: expected one of {', '.join(DEONTIC.values())}")
    said = _only(policy[DEONTIC[effects[0]]], f"{where}.{DEONTIC[effects[0]]}")
    citations = policy.get("dcterms:source")
    return rule_from_dict(
        {
            "id": policy.get("dcterms:identifier"),
            "revision": policy.get("ct:revision", 1),
            "effect": effects[0],
            "title": policy.get("dcterms:title"),
            "statement": policy.get("dcterms:description"),
            "target": str(said.get("target", "#output")).rpartition("#")[2],
            "actions": [_local(one, f"{where}.action") for one in _list(said.get("action"), f"{where}.action")],
            "citations": [
                _cited(one, f"{where}.dcterms:source") for one in _list(citations, f"{where}.dcterms:source")
            ],
            "exceptions": [
                _excepted(one, f"{where}.ct:exception[{index}]")
                for index, one in enumerate(_list(said.get("ct:exception", []), f"{where}.ct:exception"))
            ],
            **_trees(said, where),
            **{key: said[f"ct:{key}"] for key in _PLAIN if f"ct:{key}" in said},
        },
        where,
    )


def _trees(said: Mapping[str, Any], where: str) -> dict[str, Any]:
    found = {}
    for key, name in (("when", "constraint"), ("met", "ct:fulfilledWhen")):
        if name in said:
            found[key] = _tree(_only(said[name], f"{where}.{name}"), f"{where}.{name}")
    return found


def _excepted(one: Any, where: str) -> dict[str, Any]:
    if not isinstance(one, Mapping) or "constraint" not in one:
        raise RuleError(f"{where}: an exception has ct:name, dcterms:title and constraint")
    when = _tree(_only(one["constraint"], f"{where}.constraint"), f"{where}.constraint")
    return {"name": one.get("ct:name", ""), "title": one.get("dcterms:title", ""), "when": when}


def _cited(one: Any, where: str) -> dict[str, Any]:
    if not isinstance(one, Mapping):
        raise RuleError(f"{where}: expected an object")
    return {key: one.get(f"ct:{key}", "") for key in ("versions", "section", "sha256")}


def _tree(node: Any, where: str, depth: int = 0) -> dict[str, Any]:
    if not isinstance(node, Mapping) or depth > 20:
        raise RuleError(f"{where}: expected a constraint" + (" less deeply nested" if depth > 20 else ""))
    for ours, theirs in (("all", "and"), ("any", "or")):
        if theirs in node:
            parts = node[theirs].get("@list") if isinstance(node[theirs], Mapping) else node[theirs]
            return {ours: [_tree(part, f"{where}.{theirs}", depth + 1) for part in _list(parts, f"{where}.{theirs}")]}
    if "ct:not" in node:
        return {"not": _tree(node["ct:not"], f"{where}.ct:not", depth + 1)}
    fact = _local(node.get("leftOperand"), f"{where}.leftOperand")
    value = node.get("rightOperand")
    plain = [_read_operand(part) for part in value] if isinstance(value, list) else _read_operand(value)
    return {"fact": fact, "op": _operator(node, fact, where), "value": plain}


def _operator(node: Mapping[str, Any], fact: str, where: str) -> str:
    named = node.get("operator")
    kind = FACTS[fact].kind if fact in FACTS else ""
    fits = [op for op, theirs in ODRL_OPERATORS.items() if theirs == named and (not kind or kind in OPERATORS[op])]
    if not fits:
        raise RuleError(f"{where}.operator: {named!r} is none that fits {fact}")
    return fits[0]


def _read_operand(value: Any) -> Any:
    return value.get("@value") if isinstance(value, Mapping) else value


def _local(name: Any, where: str) -> str:
    """A name of the profile without its prefix: an activity or a fact."""
    if not isinstance(name, str):
        raise RuleError(f"{where}: expected a name of the profile, such as ct:{next(iter(ACTIVITIES))}")
    return name.removeprefix(NAMESPACE).removeprefix("ct:")


def _only(value: Any, where: str) -> Mapping[str, Any]:
    one = value[0] if isinstance(value, list) and len(value) == 1 else value
    if not isinstance(one, Mapping):
        raise RuleError(f"{where}: expected one object")
    return one


def _list(value: Any, where: str) -> list[Any]:
    if isinstance(value, list):
        return value
    if isinstance(value, str):
        return [value]
    raise RuleError(f"{where}: expected a list")
