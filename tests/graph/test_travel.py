"""How far a clause goes: licences with the material, terms of service with the holder of the account, and where it stops."""

from typing import Any

import pytest

from audits.graph.building import build
from audits.graph.questions import DIRECT, INDIRECT, downstream_of, reach, without
from audits.graph.travel import BOUND, CARRIED, STOPPED, TO_JUDGE, travel
from tests.graph.samples import A, B, charge, everything, two_generations

FIRST, SECOND = f"student:{'1' * 64}", f"student:{'2' * 64}"


def test_a_prohibition_goes_from_the_calls_to_the_student_of_the_run_that_was_judged() -> None:
    touched = {touch.node: touch for touch in travel(build(two_generations()), charge())}
    assert touched[FIRST].standing == BOUND
    assert touched[FIRST].path[0].startswith("calls:1:")
    assert f"data:{A}" in touched[FIRST].path


@pytest.mark.parametrize(
    ("fields", "standing", "said"),
    [
        ({}, TO_JUDGE, "binds the holder of the account"),
        ({"role": "licence", "role_why": "the licence of the weights"}, CARRIED, "travels with the material"),
        ({"role": "inherited_licence", "role_why": "built on it"}, CARRIED, "travels with the material"),
        ({"labels": frozenset({"pass_through_terms"})}, CARRIED, "handed on"),
    ],
)
def test_what_a_students_answers_taught_is_reached_as_far_as_the_paper_goes(
    fields: dict[str, Any], standing: str, said: str
) -> None:
    touched = {touch.node: touch for touch in travel(build(two_generations()), charge(**fields))}
    assert touched[SECOND].standing == standing
    assert touched[SECOND].by_name, "the two runs are joined by a name only"
    joint = next(touch for touch in touched.values() if touch.node == "model:?/acme-7b")
    assert said in joint.why


@pytest.mark.parametrize(
    "reason", ["“Letter of 2026” lifts it", "a person decided that the finding is a false positive"]
)
def test_what_sets_a_rule_aside_stops_it_where_it_begins(reason: str) -> None:
    (only,) = travel(build(two_generations()), charge(set_aside=reason))
    assert (only.standing, only.why) == (STOPPED, reason)


def test_evaluation_stops_it() -> None:
    touched = travel(everything(), charge(run=2, activity="evaluate"))
    assert [(touch.node, touch.standing) for touch in touched] == [
        ("calls:2:openai:openai:gpt-4.1:evaluate", BOUND),
        ("run:2", STOPPED),
    ]


def test_the_same_rows_in_another_run_are_reached_by_their_hash() -> None:
    touched = {touch.node: touch for touch in travel(everything(), charge())}
    assert touched["run:2"].standing == CARRIED
    assert "by their hash" in touched["run:2"].why


def test_a_use_outside_the_graph_touches_nothing() -> None:
    assert travel(build(two_generations()), charge(run=99)) == []


def test_of_several_charges_the_strongest_standing_counts() -> None:
    graph = build(two_generations())
    both = reach(graph, [charge(), charge(role="licence")])
    assert both.standings[SECOND] == CARRIED
    assert [touch.node for touch in both.of_kind(graph, "student")] == [FIRST, SECOND]


def test_without_a_teacher_its_student_goes_directly_and_the_next_one_indirectly() -> None:
    gone = without(build(two_generations()), ["provider:openai"])
    assert gone.datasets == (f"data:{A}",)
    assert gone.further == (f"data:{B}",)
    assert [(one.node, one.how, one.by_name) for one in gone.students] == [
        (FIRST, DIRECT, False),
        (SECOND, INDIRECT, True),
    ]


def test_evaluating_with_a_teacher_makes_no_student_of_it() -> None:
    graph = everything()
    only_measured = graph.only(key for key in graph.nodes if not key.startswith(("calls:1", "public:")))
    assert without(only_measured, ["model:openai/gpt-4.1"]).students == ()


def test_downstream_of_a_public_data_set_are_the_students_of_the_runs_that_bring_it_in() -> None:
    assert [(one.node, one.how) for one in downstream_of(everything(), "public:acme/open-answers")] == [
        (SECOND, DIRECT)
    ]


def test_a_loop_of_students_ends() -> None:
    records = two_generations()
    graph = build(records)
    back = type(graph.edges[0])(SECOND, "model:openai/gpt-4.1", "is", "a name", by_name=True)
    looped = type(graph)(graph.nodes, (*graph.edges, back))
    assert {touch.node for touch in travel(looped, charge())} >= {FIRST, SECOND}
    assert without(looped, ["model:openai/gpt-4.1"]).students
