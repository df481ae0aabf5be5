"""OpenLineage: two jobs for each run, one that asks models and writes data sets, one that trains on them; a list of events."""

import datetime as dt
from typing import Any, Final

from audits.graph import model as m
from audits.graph.exports.naming import PRODUCER, instant, said, uuid_of
from audits.graph.model import Edge, Graph, Node

SCHEMA: Final = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent"
_FACETS: Final = "https://openlineage.io/spec/facets/"


def write(graph: Graph, at: dt.datetime) -> list[dict[str, Any]]:
    """One COMPLETE event for each job of each run; a run whose end is not known is given the time of the export."""
    events = []
    for run in graph.of_kind("run"):
        calls = [node for node in graph.of_kind("calls") if node.facts["run"] in run.facts["runs"]]
        asked = [edge for node in calls for edge in graph.before.get(node.id, ()) if edge.kind == m.ANSWERS]
        wrote = [edge for node in calls for edge in graph.after.get(node.id, ()) if edge.kind in (m.WROTE, m.LABELLED)]
        if asked:
            events.append(_event(graph, run, "ask", at, [e.source for e in asked], [e.target for e in wrote]))
        used = [e for e in graph.before.get(run.id, ()) if graph.nodes[e.source].kind != "calls"]
        left = [e.target for e in graph.after.get(run.id, ()) if e.kind == m.YIELDS]
        if used or left:
            events.append(_event(graph, run, "train", at, [e.source for e in used], left, used))
    return events


def _event(
    graph: Graph,
    run: Node,
    job: str,
    at: dt.datetime,
    inputs: list[str],
    outputs: list[str],
    used: list[Edge] | None = None,
) -> dict[str, Any]:
    roles = {edge.source: edge.kind for edge in used or ()}
    return {
        "eventType": "COMPLETE",
        "eventTime": instant(run.facts.get("finished") or at),
        "producer": PRODUCER,
        "schemaURL": SCHEMA,
        "run": {"runId": str(uuid_of(f"{run.id} {job}")), "facets": {}},
        "job": {
            "namespace": f"clausetrail:{said(run.facts.get('project') or '')}",
            "name": f"{said(run.group)}.{job}",
            "facets": {},
        },
        "inputs": [_dataset(graph.nodes[key], roles.get(key, "")) for key in dict.fromkeys(inputs)],
        "outputs": [_dataset(graph.nodes[key], "") for key in dict.fromkeys(outputs)],
    }


def _dataset(node: Node, role: str) -> dict[str, Any]:
    """A data set; models and students are data sets to OpenLineage, whose kind says what they are."""
    facets: dict[str, Any] = {
        "datasetType": _facet("1-0-0/DatasetTypeDatasetFacet.json", datasetType=node.kind.upper()),
        "documentation": _facet(
            "1-1-0/DocumentationDatasetFacet.json", description=said(f"{node.label} {role}".strip())
        ),
    }
    if node.facts.get("sha256"):
        facets["version"] = _facet("1-0-1/DatasetVersionDatasetFacet.json", datasetVersion=node.facts["sha256"])
    return {"namespace": "clausetrail", "name": node.id, "facets": facets}


def _facet(schema: str, **fields: Any) -> dict[str, Any]:
    return {"_producer": PRODUCER, "_schemaURL": _FACETS + schema, **fields}
