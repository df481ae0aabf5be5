"""SPDX 3.0.1: models and students as AI packages, data sets as data set packages, what became of what as relationships.

The classes are those of the AI and Dataset profiles. Conformance is claimed for Core and Software only: the AI profile asks for
the release time and the place of download of every model, which nobody outside its provider records.
"""

import datetime as dt
from collections.abc import Iterator
from typing import Any, Final

from audits.graph import model as m
from audits.graph.exports.naming import instant, said, urn_of
from audits.graph.model import Edge, Graph, Node

CONTEXT: Final = "https://spdx.org/rdf/3.0.1/spdx-context.jsonld"
_CREATION: Final = "_:creation"
_AGENT: Final = "clausetrail:agent"


def write(graph: Graph, at: dt.datetime) -> dict[str, Any]:
    """The document in JSON-LD."""
    packages = [_package(node) for node in graph.nodes.values() if node.kind in ("model", "student", "dataset")]
    agents = [_organisation(node) for node in graph.of_kind("provider")]
    relations = list(_relations(graph))
    elements = [*agents, *packages, *relations]
    made: dict[str, Any] = {
        "type": "CreationInfo",
        "@id": _CREATION,
        "specVersion": "3.0.1",
        "created": instant(at),
        "createdBy": [urn_of(_AGENT)],
    }
    document = {
        "type": "SpdxDocument",
        "spdxId": urn_of("spdx:" + "|".join(graph.nodes)),
        "creationInfo": _CREATION,
        "name": "Graph of teachers and students",
        "profileConformance": ["core", "software"],
        "element": [element["spdxId"] for element in elements],
        "rootElement": [urn_of(node.id) for node in graph.of_kind("student")]
        or [element["spdxId"] for element in elements[:1]]
        or [urn_of(_AGENT)],
    }
    tool = {"type": "SoftwareAgent", "spdxId": urn_of(_AGENT), "creationInfo": _CREATION, "name": "Clausetrail"}
    return {"@context": CONTEXT, "@graph": [made, tool, document, *elements]}


def _organisation(node: Node) -> dict[str, Any]:
    return {"type": "Organization", "spdxId": urn_of(node.id), "creationInfo": _CREATION, "name": said(node.label)}


def _package(node: Node) -> dict[str, Any]:
    facts, data = node.facts, node.kind == "dataset"
    found: dict[str, Any] = {
        "type": "dataset_DatasetPackage" if data else "ai_AIPackage",
        "spdxId": urn_of(node.id),
        "creationInfo": _CREATION,
        "name": said(node.label),
        "software_primaryPurpose": "data" if data else "model",
    }
    if facts.get("sha256"):
        found["verifiedUsing"] = [{"type": "Hash", "algorithm": "sha256", "hashValue": facts["sha256"]}]
    if data:
        found["dataset_datasetType"] = ["text"] if not facts.get("public") else ["noAssertion"]
        if facts.get("size"):
            found["dataset_datasetSize"] = facts["size"]
    elif node.kind == "model" and facts.get("provider"):
        found["suppliedBy"] = urn_of(f"provider:{facts['provider']}")
    elif node.kind == "student" and facts.get("kind"):
        found["ai_typeOfModel"] = [said(facts["kind"])]
    return found


def _relations(graph: Graph) -> Iterator[dict[str, Any]]:
    """student trainedOn / testedOn data set, model generates data set, student descendantOf its base: over calls and runs."""
    for edge in graph.edges:
        source, target = graph.nodes[edge.source], graph.nodes[edge.target]
        if edge.kind in (m.WROTE, m.LABELLED):
            yield from (_relation(model, "generates", edge.target, edge) for model in _asked(graph, source))
        elif edge.kind in (m.TRAINS, m.EVALUATES):
            name = "trainedOn" if edge.kind == m.TRAINS else "testedOn"
            yield from (_relation(student, name, edge.source, edge) for student in _left(graph, target))
        elif edge.kind == m.BASE:
            yield from (_relation(student, "descendantOf", edge.source, edge) for student in _left(graph, target))
        elif edge.kind == m.SAME:
            yield _relation(edge.target, "descendantOf", edge.source, edge)


def _asked(graph: Graph, node: Node) -> list[str]:
    return (
        [node.id] if node.kind == "model" else [e.source for e in graph.before.get(node.id, ()) if e.kind == m.ANSWERS]
    )


def _left(graph: Graph, run: Node) -> list[str]:
    return [edge.target for edge in graph.after.get(run.id, ()) if edge.kind == m.YIELDS]


def _relation(source: str, kind: str, target: str, edge: Edge) -> dict[str, Any]:
    rows = f" ({edge.rows:,} rows)" if edge.rows else ""
    return {
        "type": "Relationship",
        "spdxId": urn_of(f"{source} {kind} {target} {edge.source} {edge.kind}"),
        "creationInfo": _CREATION,
        "from": urn_of(source),
        "relationshipType": kind,
        "to": [urn_of(target)],
        "completeness": "noAssertion" if edge.by_name else "incomplete",
        "comment": said(edge.why) + rows,
    }
