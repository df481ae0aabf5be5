"""One node for one thing; what joins two runs is a hash, or a name that says so."""

from dataclasses import replace

from audits.graph import model as m
from audits.graph.building import build
from audits.graph.model import Graph
from tests.graph.samples import DAY, MORNING, A, B, calls, dataset, everything, rows, run, two_generations


def edges(graph: Graph) -> set[tuple[str, str, str]]:
    return {(graph.nodes[e.source].label, e.kind, graph.nodes[e.target].label) for e in graph.edges}


def test_a_graph_leads_from_the_provider_to_the_student() -> None:
    assert {
        ("OpenAI", m.DEVELOPS, "gpt-4.1"),
        ("gpt-4.1", m.ANSWERS, "10 calls for training data"),
        ("10 calls for training data", m.WROTE, "out/training.jsonl"),
        ("out/training.jsonl", m.TRAINS, "Pipeline 1, run 1"),
        ("Pipeline 1, run 1", m.YIELDS, "acme-7b"),
    } <= edges(build(two_generations()))


def test_a_student_that_a_later_run_asks_joins_it_by_name() -> None:
    graph = build(two_generations())
    (joint,) = [edge for edge in graph.edges if edge.kind == m.SAME]
    assert graph.nodes[joint.source].label == graph.nodes[joint.target].label == "acme-7b"
    assert joint.by_name
    assert "Pipeline 1, run 1" in joint.why
    assert f"student:{'2' * 64}" in graph.downstream(["model:openai/gpt-4.1"])


def test_a_run_cannot_ask_a_student_that_was_not_there_yet() -> None:
    early = replace(calls(2, "acme-7b", provider="", served_by="self"), first_at=MORNING + DAY)
    records = two_generations()
    assert m.SAME not in {edge.kind for edge in build(replace(records, calls=(records.calls[0], early))).edges}


def test_a_student_called_like_a_catalogued_model_is_not_that_model() -> None:
    records = two_generations()
    namesake = replace(records.calls[1], catalogued=True)
    assert m.SAME not in {edge.kind for edge in build(replace(records, calls=(records.calls[0], namesake))).edges}


def test_the_newest_student_of_a_name_is_the_one_that_was_asked() -> None:
    records = two_generations()
    older = replace(records.students[0], run=0, sha256="0" * 64)
    graph = build(replace(records, runs=(run(0), *records.runs), students=(older, *records.students)))
    assert [e.source for e in graph.edges if e.kind == m.SAME] == [f"student:{'1' * 64}"]


def test_the_same_content_in_two_runs_is_one_data_set() -> None:
    records = two_generations(datasets=(dataset(1, 1, A), dataset(2, 2, A)))
    (node,) = build(records).of_kind("dataset")
    assert node.facts["runs"] == [1, 2]
    assert node.facts["datasets"] == [1, 2]
    assert node.group == "", "it is of both pipelines"


def test_empty_files_are_not_one_data_set_although_their_hash_is_one() -> None:
    records = two_generations(datasets=tuple(replace(dataset(at, at, A), rows=0, size=0) for at in (1, 2)))
    assert len(build(records).of_kind("dataset")) == 2


def test_calls_that_all_failed_gave_nothing_to_anybody() -> None:
    records = two_generations()
    lost = replace(records.calls[1], failed=10)
    graph = build(replace(records, calls=(records.calls[0], lost)))
    assert [node.facts["run"] for node in graph.of_kind("calls")] == [1]


def test_evaluation_choosing_and_labels_are_told_apart() -> None:
    graph = everything()
    kinds = {edge.kind for edge in graph.edges}
    assert kinds == {
        m.DEVELOPS, m.ANSWERS, m.WROTE, m.LABELLED, m.CHOSE, m.MEASURED, m.TRAINS, m.EVALUATES, m.PASSES, m.YIELDS,
        m.BASE, m.SAME,
    }  # fmt: skip
    assert graph.elsewhere == {f"data:{A}": 2}


def test_a_base_model_and_a_public_data_set_are_nodes_known_by_name_only() -> None:
    graph = everything()
    assert graph.nodes["model:meta/llama-3.1-8b"].facts["licences"] == ["meta/llama-3.1-licence"]
    named = [edge for edge in graph.edges if edge.by_name and edge.kind in (m.BASE, m.TRAINS, m.WROTE)]
    assert len(named) == 3
    assert graph.nodes["public:acme/open-answers"].facts["source"] == "its card"


def test_matches_of_calls_before_the_day_asked_for_leave_no_line() -> None:
    records = two_generations()
    graph = build(replace(records, calls=records.calls[1:]))
    assert [(e.target, e.rows) for e in graph.edges if e.kind == m.WROTE] == [(f"data:{B}", 60)]


def test_a_graph_of_two_thousand_nodes_keeps_its_ids_and_order() -> None:
    runs = tuple(run(at) for at in range(500))
    used = tuple(calls(at, "gpt-4.1", catalogued=True) for at in range(500))
    sets = tuple(dataset(at, at, f"{at:064x}") for at in range(500))
    records = replace(
        two_generations(), runs=runs, calls=used, datasets=sets, rows=tuple(rows(at, used[at]) for at in range(500))
    )
    assert list(build(records).nodes) == list(build(records).nodes)
