"""The graph's answers as data for programs and as rows for tables."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from audits.graph.model import KINDS, Edge, Graph, Node
from audits.graph.travel import STANDINGS
from audits.queries.graph_answers import Answer, Blast, RowsOf, StudentTouched, WhatIf
from compliance.templatetags.looks import outcome_words
from compliance.templatetags.unseen import with_names

HOW: Final = {"direct": "Direct", "indirect": "Through another student", **STANDINGS}
_MARKS: Final = {
    "bound": "Judged", "carried": "Carried", "to_judge": "To judge", "stopped": "Stops", "prohibited": "Prohibited",
    "needs_facts": "Needs facts", "permitted_with_duties": "With duties", "permitted": "Permitted", "not_addressed": "Silent",
}  # fmt: skip
"""Standings and outcomes in a word or two, as there is room for in the picture."""

_STRICT: Final = ("prohibited", "needs_facts", "permitted_with_duties", "permitted", "not_addressed")


@dataclass(frozen=True)
class NodeRow:
    """A node as the table has it: what leads to it and from it, by label."""

    node: Node
    kind: str
    outcome: str
    standing: str
    before: tuple[str, ...]
    after: tuple[str, ...]
    elsewhere: int


def node_rows(found: Answer) -> list[NodeRow]:
    """The nodes shown, from left to right and from top to bottom, as the picture has them."""
    graph = found.shown
    order = sorted(graph.nodes, key=lambda key: (found.places[key].level, found.places[key].x, found.places[key].y))
    return [
        NodeRow(
            node=graph.nodes[key],
            kind=KINDS[graph.nodes[key].kind],
            outcome=_outcome(found, graph.nodes[key]),
            standing=found.standings.get(key, ""),
            before=tuple(dict.fromkeys(graph.nodes[edge.source].label for edge in graph.before.get(key, ()))),
            after=tuple(dict.fromkeys(graph.nodes[edge.target].label for edge in graph.after.get(key, ()))),
            elsewhere=graph.elsewhere.get(key, 0),
        )
        for key in order
    ]


def _outcome(found: Answer, node: Node) -> str:
    """A node's own outcome; of a group, the strictest of what it holds."""
    if "holds" not in node.facts:
        return found.outcomes.get(node.id, "")
    inside = {found.outcomes.get(key, "") for key in node.facts["members"]}
    return next((outcome for outcome in _STRICT if outcome in inside), "")


def as_json(found: Answer, cost: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The whole answer: see docs/graph.md for each key. `cost`: of making answers again, when it was asked for."""
    return {
        "nodes": [_node(found, node) for node in found.shown.nodes.values()],
        "edges": [_edge(edge) for edge in found.shown.edges],
        "nodes_in_all": len(found.part.nodes),
        "grouped": len(found.shown.nodes) < len(found.part.nodes),
        "blast": _blast(found.blast) if found.blast else None,
        "without": _what_if(found.what_if, cost) if found.what_if else None,
    }


def _node(found: Answer, node: Node) -> dict[str, Any]:
    place, outcome = found.places[node.id], _outcome(found, node)
    standing = found.standings.get(node.id, "")
    return {
        "id": node.id,
        "kind": node.kind,
        "kind_words": node.facts.get("counted", KINDS[node.kind]),
        "mark": _MARKS.get(standing or outcome, ""),
        "label": with_names(node.label),
        "group": with_names(node.group),
        "holds": node.facts.get("holds", 0),
        "outcome": outcome or None,
        "outcome_words": outcome_words(outcome) if outcome else "",
        "standing": standing or None,
        "standing_words": STANDINGS.get(standing, ""),
        "marked": node.id in found.marked,
        "elsewhere": found.shown.elsewhere.get(node.id, 0),
        "x": place.x,
        "y": place.y,
        "level": place.level,
        "facts": {key: value for key, value in node.facts.items() if key not in ("members", "counted")},
    }


def _edge(edge: Edge) -> dict[str, Any]:
    return {
        "source": edge.source, "target": edge.target, "kind": edge.kind, "why": edge.why, "rows": edge.rows,
        "by_name": edge.by_name, "carries": edge.carries, "techniques": dict(edge.techniques), "tokens": edge.tokens,
        "bytes": edge.size,
    }  # fmt: skip


def _rows(one: RowsOf) -> dict[str, Any]:
    facts = one.node.facts
    return {
        "node": one.node.id, "label": one.node.label, "sha256": facts.get("sha256"), "datasets": facts.get("datasets", []),
        "runs": facts.get("runs", []), "trained": one.trained, "rows": one.rows, "of": one.of, "left": one.left,
        "standing": one.touch.standing if one.touch else None, "why": one.touch.why if one.touch else None,
        "path": list(one.path),
    }  # fmt: skip


def _student(one: StudentTouched) -> dict[str, Any]:
    return {
        "node": one.node.id, "label": one.node.label, "runs": one.node.facts.get("runs", []), "standing": one.standing,
        "why": one.why, "path": list(one.path), "by_name": one.by_name,
    }  # fmt: skip


def _blast(blast: Blast) -> dict[str, Any]:
    return {
        "clause": blast.clause, "title": blast.title, "document": blast.document, "section": blast.section,
        "since": blast.since, "uses": blast.uses, "calls": blast.calls, "training_rows": blast.rows,
        "datasets": [_rows(one) for one in blast.datasets], "students": [_student(one) for one in blast.students],
        "stopped": [_student(one) for one in blast.stopped],
    }  # fmt: skip


def _what_if(asked: WhatIf, cost: Mapping[str, Any] | None) -> dict[str, Any]:
    return {
        "models": [one.id for one in asked.models], "datasets": [_rows(one) for one in asked.datasets],
        "further_datasets": [_rows(one) for one in asked.further],
        "students": [_student(one) for one in asked.students],
        "to_regenerate": {
            "calls": asked.calls, "input_tokens": asked.input_tokens, "output_tokens": asked.output_tokens, "cost": cost,
        },
    }  # fmt: skip


@dataclass(frozen=True)
class Step:
    """An edge of one node, as its panel has it. `leads`: whether it leads away from the node."""

    edge: Edge
    other: Node
    leads: bool


def steps_of_node(graph: Graph, node: Node) -> Mapping[str, list[Step]]:
    """What leads to a node and what it leads to."""
    return {
        "before": [Step(edge, graph.nodes[edge.source], False) for edge in graph.before.get(node.id, ())],
        "after": [Step(edge, graph.nodes[edge.target], True) for edge in graph.after.get(node.id, ())],
    }
