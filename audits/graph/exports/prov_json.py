"""PROV-JSON: models, data sets and students as entities, calls and runs as activities, providers as agents."""

import datetime as dt
from collections import defaultdict
from typing import Any, Final

from audits.graph import model as m
from audits.graph.exports.naming import instant, said, uuid_of
from audits.graph.model import Edge, Graph, Node

_ENTITIES: Final = frozenset({"model", "dataset", "student"})
_ACTIVITIES: Final = frozenset({"calls", "run"})


def write(graph: Graph, at: dt.datetime) -> dict[str, Any]:
    """The document. `at` is not part of it: PROV speaks of what happened, not of who wrote it down."""
    found: defaultdict[str, dict[str, Any]] = defaultdict(dict)
    found["prefix"] = {"ct": "urn:clausetrail:", "xsd": "http://www.w3.org/2001/XMLSchema#"}
    for node in graph.nodes.values():
        section = "entity" if node.kind in _ENTITIES else "activity" if node.kind in _ACTIVITIES else "agent"
        found[section][name_of(node.id)] = _described(node)
    for edge in graph.edges:
        section, fields = _relation(graph, edge)
        found[section][f"_:{uuid_of(f'{edge.source} {edge.kind} {edge.target}').hex}"] = fields
    return dict(found)


def name_of(key: str) -> str:
    """A node's qualified name: ids hold characters that qualified names may not."""
    return f"ct:n{uuid_of(key).hex}"


def _described(node: Node) -> dict[str, Any]:
    facts = node.facts
    found: dict[str, Any] = {
        "prov:label": said(node.label),
        "prov:type": {"$": f"ct:{node.kind}", "type": "prov:QUALIFIED_NAME"},
        "ct:id": said(node.id),
    }
    if facts.get("sha256"):
        found["ct:sha256"] = facts["sha256"]
    if node.kind in _ACTIVITIES:
        start, end = facts.get("first_at") or facts.get("started"), facts.get("last_at") or facts.get("finished")
        found |= {key: instant(value) for key, value in (("prov:startTime", start), ("prov:endTime", end)) if value}
    return found


def _relation(graph: Graph, edge: Edge) -> tuple[str, dict[str, Any]]:
    """The PROV relation that an edge is, by the kinds of what it joins."""
    source, target = name_of(edge.source), name_of(edge.target)
    kinds = graph.nodes[edge.source].kind, graph.nodes[edge.target].kind
    more: dict[str, Any] = {"ct:as": edge.kind, "ct:why": said(edge.why)}
    if edge.by_name:
        more["ct:byName"] = True
    if edge.rows:
        more["ct:rows"] = edge.rows
    if edge.kind == m.DEVELOPS:
        return "wasAttributedTo", {"prov:entity": target, "prov:agent": source, **more}
    if kinds[0] in _ENTITIES and kinds[1] in _ENTITIES:
        return "wasDerivedFrom", {"prov:generatedEntity": target, "prov:usedEntity": source, **more}
    if kinds[0] in _ENTITIES:
        return "used", {"prov:activity": target, "prov:entity": source, **more}
    if kinds[1] in _ENTITIES:
        return "wasGeneratedBy", {"prov:entity": target, "prov:activity": source, **more}
    return "wasInformedBy", {"prov:informed": target, "prov:informant": source, **more}
