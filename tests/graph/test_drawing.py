"""Large graphs are grouped until they can be read, and lie from left to right."""

from dataclasses import replace

import pytest

from audits.graph.building import build
from audits.graph.grouping import READABLE, found, grouped
from audits.graph.layout import TALLEST, levels, places
from audits.graph.model import Graph
from tests.graph.samples import calls, dataset, everything, rows, run, two_generations


@pytest.fixture(scope="module")
def large() -> Graph:
    """Two thousand nodes: 250 runs of five pipelines."""
    runs = tuple(
        replace(run(at), pipeline=f"Line {at % 5}", project=f"Project {at % 2}", number=at) for at in range(250)
    )
    used = tuple(
        calls(at, f"gpt-{at % 7}", purpose, catalogued=True)
        for at in range(250)
        for purpose in ("train", "filter", "evaluate")
    )
    sets = tuple(dataset(at * 3 + part, at, f"{at * 3 + part:064x}") for at in range(250) for part in range(3))
    taught = tuple(rows(at * 3 + part, used[at * 3]) for at in range(250) for part in range(3))
    student = two_generations().students[0]
    students = tuple(replace(student, run=at, name=f"student-{at}", sha256=f"{at:064x}") for at in range(250))
    return build(replace(two_generations(), runs=runs, calls=used, datasets=sets, rows=taught, students=students))


def test_two_thousand_nodes_are_drawn_as_few(large: Graph) -> None:
    shown = grouped(large)
    assert len(large.nodes) > 2_000
    assert len(shown.nodes) <= READABLE
    held = [key for node in shown.nodes.values() for key in node.facts.get("members", [node.id])]
    assert sorted(held) == sorted(large.nodes), "each node is drawn once, by itself or in a group"


def test_a_group_says_how_many_it_holds_and_its_lines_add_up(large: Graph) -> None:
    shown = grouped(large)
    assert sum(edge.rows for edge in shown.edges if edge.kind == "wrote") == 250 * 3 * 40
    group = next(node for node in shown.nodes.values() if node.facts.get("holds") and node.kind == "student")
    assert group.label.startswith(f"{group.facts['holds']:,} students")


def test_an_opened_group_shows_what_it_holds(large: Graph) -> None:
    group = next(node for node in grouped(large).nodes.values() if node.facts.get("holds") and node.kind == "student")
    shown = grouped(large, {group.id})
    assert group.id not in shown.nodes
    assert len(shown.nodes) > len(grouped(large).nodes)


def test_a_small_graph_is_drawn_as_it_is() -> None:
    graph = everything()
    assert grouped(graph) is graph


def test_every_line_leads_to_the_right() -> None:
    graph = everything()
    level = levels(graph)
    assert all(level[edge.source] < level[edge.target] for edge in graph.edges)
    assert level[f"student:{'2' * 64}"] > level[f"student:{'1' * 64}"], "further generations lie further right"


def test_no_two_nodes_lie_on_one_place_and_no_column_is_too_tall(large: Graph) -> None:
    at = places(large)
    spots = [(place.x, place.y) for place in at.values()]
    assert len(set(spots)) == len(large.nodes)
    assert max(sum(x == column for x, _ in spots) for column in {x for x, _ in spots}) == TALLEST
    assert at == places(large)


def test_a_loop_has_a_place_too() -> None:
    graph = build(two_generations())
    back = type(graph.edges[0])(f"student:{'2' * 64}", "model:openai/gpt-4.1", "is", "a name", by_name=True)
    assert places(Graph(graph.nodes, (*graph.edges, back))).keys() == graph.nodes.keys()


def test_searching_asks_for_all_words_in_name_kind_group_or_hash() -> None:
    graph = everything()
    assert found(graph, "acme student") == {f"student:{'1' * 64}", f"student:{'2' * 64}"}
    assert found(graph, "2222222222") == {f"student:{'2' * 64}"}
    assert found(graph, "  ") == set()


def test_what_is_around_a_node_ends_after_the_steps_asked_for() -> None:
    graph = build(two_generations())
    near = graph.around(["run:1"], 1)
    assert near == {"run:1", f"data:{'a' * 64}", f"student:{'1' * 64}"}
    assert "provider:openai" in graph.around(["run:1"])
