"""Exports hold to the published schemas and models of their formats; OpenLineage to the fields its specification requires."""

import datetime as dt
import io
import json
from importlib.resources import files
from typing import Any
from uuid import UUID

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from jsonschema import Draft202012Validator, validators
from prov.model import ProvDocument
from spdx_python_model import v3_0_1 as spdx

from audits.graph.building import build
from audits.graph.exports import EXPORTS
from audits.graph.model import Graph
from tests.graph.samples import A, everything, two_generations

AT = dt.datetime(2026, 4, 1, 9, 30, tzinfo=dt.UTC)
NOTHING = Graph({}, ())


def exported(form: str, graph: Graph) -> Any:
    return json.loads(json.dumps(EXPORTS[form].write(graph, AT)))


@pytest.mark.parametrize(
    "graph", [everything(), build(two_generations()), NOTHING], ids=["everything", "two", "nothing"]
)
def test_cyclonedx_validates_strictly(graph: Graph) -> None:
    document = json.dumps(EXPORTS["cyclonedx"].write(graph, AT))
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(document) is None


def test_cyclonedx_says_what_a_student_holds() -> None:
    document = exported("cyclonedx", everything())
    depends = {entry["ref"]: entry["dependsOn"] for entry in document["dependencies"]}
    student = depends[f"student:{'2' * 64}"]
    assert f"data:{A}" in student
    assert "model:meta/llama-3.1-8b" in student
    assert f"data:{'c' * 64}" not in student, "evaluation data is no part of it"
    assert depends[f"data:{A}"] == ["model:openai/gpt-4.1"]


@pytest.mark.parametrize(
    "graph", [everything(), build(two_generations()), NOTHING], ids=["everything", "two", "nothing"]
)
def test_spdx_is_read_by_the_model_of_its_publishers(graph: Graph) -> None:
    document = json.dumps(EXPORTS["spdx3"].write(graph, AT)).encode()
    objects = spdx.SHACLObjectSet()
    spdx.JSONLDDeserializer().read(io.BytesIO(document), objects)
    written = io.BytesIO()
    spdx.JSONLDSerializer().write(objects, written)
    assert len(list(objects.foreach_type("SpdxDocument"))) == 1
    assert len(list(objects.foreach_type("ai_AIPackage"))) == len(graph.of_kind("model")) + len(
        graph.of_kind("student")
    )


def test_spdx_relates_students_to_data_and_base() -> None:
    document = exported("spdx3", everything())
    kinds = {one["relationshipType"] for one in document["@graph"] if one["type"] == "Relationship"}
    assert kinds == {"trainedOn", "testedOn", "generates", "descendantOf"}
    ids = [one["spdxId"] for one in document["@graph"] if "spdxId" in one]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize(
    "graph", [everything(), build(two_generations()), NOTHING], ids=["everything", "two", "nothing"]
)
def test_prov_validates_and_is_read_back(graph: Graph) -> None:
    document = exported("prov", graph)
    schema = json.loads((files("prov.tests") / "schemas" / "prov-json.schema.json").read_text())
    checker = validators.validator_for(schema, default=Draft202012Validator)
    assert [error.message for error in checker(schema).iter_errors(document)] == []
    read = ProvDocument.deserialize(content=json.dumps(document), format="json")
    assert len(list(read.get_records())) == len(graph.nodes) + len(graph.edges)


def test_openlineage_events_have_what_the_specification_requires() -> None:
    events = exported("openlineage", everything())
    assert {event["job"]["name"] for event in events} == {
        f"Pipeline {n}.{job}" for n in (1, 2) for job in ("ask", "train")
    }
    for event in events:
        assert {"eventTime", "producer", "schemaURL", "run", "job"} <= event.keys()
        assert event["eventType"] == "COMPLETE"
        UUID(event["run"]["runId"])
        dt.datetime.fromisoformat(event["eventTime"])
        for held in (*event["inputs"], *event["outputs"]):
            assert held["namespace"]
            assert held["name"]
            assert all({"_producer", "_schemaURL"} <= facet.keys() for facet in held["facets"].values())


def test_openlineage_chains_runs_by_the_names_of_data_sets() -> None:
    events = {event["job"]["name"]: event for event in exported("openlineage", everything())}
    wrote = {held["name"] for held in events["Pipeline 1.ask"]["outputs"]}
    assert f"data:{A}" in wrote
    assert f"data:{A}" in {held["name"] for held in events["Pipeline 2.train"]["inputs"]}


def test_exports_of_one_graph_agree_but_for_the_time() -> None:
    assert exported("spdx3", everything()) == exported("spdx3", everything())
    assert exported("cyclonedx", everything())["serialNumber"] == exported("cyclonedx", everything())["serialNumber"]
