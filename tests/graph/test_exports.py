"""Exports hold to the published schemas and models of their formats; OpenLineage to the fields its specification requires."""

import datetime as dt
import io
import json
from dataclasses import replace
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
from audits.graph.records import ModelRecord, PublicRecord, Records, StudentRecord
from tests.graph.samples import A, calls, dataset, everything, rows, run, two_generations

AT = dt.datetime(2026, 4, 1, 9, 30, tzinfo=dt.UTC)
NOTHING = Graph({}, ())
EVIL = (
    "<script>alert(1)</script>", '"quoted" \'twice\' \\back', "\u202egpj.exe", "مُعلِّم", "教師" * 100,
    "line\nbreak\ttab\x1b[31m\x7f\x01",
    "urn:x:#?%25&é", "x" * 200, "..", " ",
)  # fmt: skip


def hostile() -> Graph:
    """Names that others chose: as models, students, paths of data sets, pipelines, public data sets and base models."""
    runs = tuple(replace(run(at), pipeline=name, project=name) for at, name in enumerate(EVIL, 1))
    asked = tuple(calls(at, name, provider="", served_by=name) for at, name in enumerate(EVIL, 1))
    data = tuple(replace(dataset(at, at, f"{at:064x}"), path=name, format=name[:20]) for at, name in enumerate(EVIL, 1))
    return build(
        Records(
            runs=runs, calls=asked, datasets=data, rows=tuple(rows(at, one) for at, one in enumerate(asked, 1)),
            students=tuple(
                StudentRecord(at, name, name, f"{at + 50:064x}", name, EVIL[-at]) for at, name in enumerate(EVIL, 1)
            ),
            public=tuple(PublicRecord(at, name, (name,), name, name) for at, name in enumerate(EVIL, 1)),
            models={name: ModelRecord(name, "acme", (name,), True) for name in EVIL}, providers={"acme": EVIL[0]},
        )
    )  # fmt: skip


GRAPHS = pytest.mark.parametrize(
    "graph",
    [everything(), build(two_generations()), NOTHING, hostile()],
    ids=["everything", "two", "nothing", "hostile"],
)


def exported(form: str, graph: Graph) -> Any:
    return json.loads(json.dumps(EXPORTS[form].write(graph, AT)))


@GRAPHS
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


@GRAPHS
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


@GRAPHS
def test_prov_validates_and_is_read_back(graph: Graph) -> None:
    document = exported("prov", graph)
    schema = json.loads((files("prov.tests") / "schemas" / "prov-json.schema.json").read_text())
    checker = validators.validator_for(schema, default=Draft202012Validator)
    assert [error.message for error in checker(schema).iter_errors(document)] == []
    read = ProvDocument.deserialize(content=json.dumps(document), format="json")
    assert len(list(read.get_records())) == len(graph.nodes) + len(graph.edges)


def test_openlineage_has_a_job_that_asks_and_one_that_trains_for_each_run() -> None:
    names = {event["job"]["name"] for event in exported("openlineage", everything())}
    assert names == {f"Pipeline {n}.{job}" for n in (1, 2) for job in ("ask", "train")}


@GRAPHS
def test_openlineage_events_have_what_the_specification_requires(graph: Graph) -> None:
    for event in exported("openlineage", graph):
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
