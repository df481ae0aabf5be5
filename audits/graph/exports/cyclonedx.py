"""CycloneDX 1.6: models and students as machine-learning models, data sets as data, runs as workflows of a formulation."""

import datetime as dt
from typing import Any

from audits.graph import model as m
from audits.graph.exports.naming import instant, said, urn_of
from audits.graph.model import Edge, Graph, Node


def write(graph: Graph, at: dt.datetime) -> dict[str, Any]:
    """The bill of materials. What was told by a name only says so in a property."""
    kept = [node for node in graph.nodes.values() if node.kind in ("model", "student", "dataset")]
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": urn_of("cyclonedx:" + "|".join(graph.nodes)),
        "version": 1,
        "metadata": {
            "timestamp": instant(at),
            "tools": {"components": [{"type": "application", "name": "Clausetrail"}]},
        },
        "components": [_component(graph, node) for node in kept],
        "dependencies": [
            {"ref": node.id, "dependsOn": sorted(set(_materials(graph, node)) - {node.id})} for node in kept
        ],
        "formulation": [
            {"bom-ref": f"formula:{run.id}", "workflows": [_workflow(graph, run)]} for run in graph.of_kind("run")
        ],
    }


def _component(graph: Graph, node: Node) -> dict[str, Any]:
    facts = node.facts
    found: dict[str, Any] = {
        "type": "data" if node.kind == "dataset" else "machine-learning-model",
        "bom-ref": node.id,
        "name": said(node.label),
        "properties": [{"name": "clausetrail:kind", "value": node.kind}, *_by_name(graph, node)],
    }
    if facts.get("sha256"):
        found["hashes"] = [{"alg": "SHA-256", "content": facts["sha256"]}]
    if node.kind == "dataset":
        found["data"] = [{"type": "dataset", "name": said(node.label)}]
        found["properties"].append({"name": "clausetrail:rows", "value": str(facts.get("rows", ""))})
    else:
        found["modelCard"] = _card(graph, node)
    if node.kind == "model" and facts.get("provider"):
        found["supplier"] = {"name": said(node.group)}
    if facts.get("licences"):
        found["licenses"] = [{"license": {"name": licence}} for licence in facts["licences"]]
    return found


def _by_name(graph: Graph, node: Node) -> list[dict[str, str]]:
    named = [edge for edge in graph.before.get(node.id, ()) if edge.by_name]
    return [{"name": "clausetrail:by-name", "value": f"{edge.source}: {said(edge.why)}"} for edge in named]


def _card(graph: Graph, node: Node) -> dict[str, Any]:
    trained = [
        edge.source for run in _runs_of(graph, node) for edge in graph.before.get(run, ()) if edge.kind == m.TRAINS
    ]
    parameters: dict[str, Any] = {"datasets": [{"ref": key} for key in dict.fromkeys(trained)]} if trained else {}
    return {"modelParameters": parameters} if parameters else {}


def _runs_of(graph: Graph, node: Node) -> list[str]:
    return [edge.source for edge in graph.before.get(node.id, ()) if edge.kind == m.YIELDS]


def _materials(graph: Graph, node: Node) -> list[str]:
    """The nearest components that a component holds something of: over calls and runs, which are none themselves."""
    found: list[str] = []
    waiting: list[Edge] = list(graph.before.get(node.id, ()))
    seen: set[str] = set()
    while waiting:
        edge = waiting.pop()
        source = graph.nodes[edge.source]
        if not edge.carries or source.id in seen or source.kind == "provider":
            continue
        seen.add(source.id)
        if source.kind in ("calls", "run"):
            waiting.extend(graph.before.get(source.id, ()))
        else:
            found.append(source.id)
    return found


def _workflow(graph: Graph, run: Node) -> dict[str, Any]:
    inputs = [edge for edge in graph.before.get(run.id, ()) if graph.nodes[edge.source].kind != "calls"]
    found: dict[str, Any] = {
        "bom-ref": run.id,
        "uid": urn_of(run.id),
        "name": said(run.label),
        "taskTypes": ["other"],
        "inputs": [
            {"resource": {"ref": edge.source}, "properties": [{"name": "clausetrail:as", "value": edge.kind}]}
            for edge in inputs
        ],
        "outputs": [
            {"type": "artifact", "resource": {"ref": edge.target}}
            for edge in graph.after.get(run.id, ())
        ],
    }  # fmt: skip
    for key, name in (("started", "timeStart"), ("finished", "timeEnd")):
        if run.facts.get(key):
            found[name] = instant(run.facts[key])
    return {key: value for key, value in found.items() if value != []}
