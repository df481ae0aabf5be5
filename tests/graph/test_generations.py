"""Clauses over several generations: what a licence carries, what terms of service leave to a person, where it ends."""

from dataclasses import replace

import pytest

from audits.graph.building import build
from audits.graph.model import Graph
from audits.graph.records import ModelRecord, PublicRecord, Records, StudentRecord
from audits.graph.travel import BOUND, CARRIED, STOPPED, TO_JUDGE, Touch, travel
from tests.graph.samples import calls, charge, dataset, rows, run

STUDENTS = [f"student:{str(number) * 64}" for number in range(1, 5)]


def generations(count: int = 3) -> Records:
    """GPT teaches student 1, whose answers teach student 2, and so on; each by the rows of a data set of its own."""
    asked = [calls(1, "gpt-4.1", catalogued=True)]
    asked += [calls(at, f"acme-{at - 1}", provider="", served_by="self") for at in range(2, count + 1)]
    data = [dataset(at, at, str(at) * 63 + "d") for at in range(1, count + 1)]
    return Records(
        runs=tuple(run(at) for at in range(1, count + 1)),
        calls=tuple(asked),
        datasets=tuple(data),
        rows=tuple(rows(at, one) for at, one in enumerate(asked, 1)),
        students=tuple(StudentRecord(at, f"acme-{at}", "", str(at) * 64) for at in range(1, count + 1)),
        models={"gpt-4.1": ModelRecord("gpt-4.1", "openai")},
        providers={"openai": "OpenAI"},
    )


def reached(graph: Graph, **fields: object) -> dict[str, Touch]:
    return {touch.node: touch for touch in travel(graph, charge(**fields))}


def standings(graph: Graph, **fields: object) -> list[str | None]:
    touched = reached(graph, **fields)
    return [touched[key].standing if key in touched else None for key in STUDENTS if key in graph.nodes]


def test_terms_of_service_end_in_a_persons_judgement_from_the_second_student_on() -> None:
    assert standings(build(generations())) == [BOUND, TO_JUDGE, TO_JUDGE]


def test_a_licence_of_the_weights_goes_with_the_material_to_the_last_student() -> None:
    graph = build(generations())
    assert standings(graph, role="licence") == [BOUND, CARRIED, CARRIED]
    assert len(reached(graph, role="licence")[STUDENTS[2]].path) == 14, "the way is told node by node"


def test_terms_that_ask_to_be_handed_on_go_as_far_as_a_licence() -> None:
    assert standings(build(generations()), labels=frozenset({"pass_through_terms"})) == [BOUND, CARRIED, CARRIED]


def test_what_waits_for_a_person_is_never_made_certain_again_further_down() -> None:
    touched = reached(build(generations(4)))
    way = touched[STUDENTS[3]].path
    later = [touched[key].standing for key in way[way.index(STUDENTS[0]) + 1 :]]
    assert set(later) == {TO_JUDGE}


def test_an_exception_that_holds_for_the_first_use_stops_it_for_all_generations() -> None:
    touched = reached(build(generations()), set_aside="an exception of the rule holds: evaluation only", role="licence")
    assert [touch.standing for touch in touched.values()] == [STOPPED]


def test_an_exception_in_the_middle_leaves_the_charge_of_the_later_use_alone() -> None:
    """Each use has its own charge: what stops the first one says nothing of the second run's own calls."""
    graph = build(generations())
    second = {"run": 2, "provider": "", "served_by": "self", "model": "acme-1"}
    stopped = reached(graph, **second, set_aside="“Letter of 2026” lifts it")
    assert [touch.standing for touch in stopped.values()] == [STOPPED]
    assert standings(graph) == [BOUND, TO_JUDGE, TO_JUDGE], "the first use's own charge goes on"


def test_evaluating_the_next_student_ends_the_way_of_a_licence() -> None:
    records = generations(2)
    measured = replace(records.calls[1], purpose="evaluate")
    graph = build(replace(records, calls=(records.calls[0], measured), rows=records.rows[:1]))
    touched = reached(graph, role="licence")
    assert touched["run:2"].standing == STOPPED
    assert STUDENTS[1] not in touched


def test_the_strongest_way_counts_where_two_lead_to_one_student() -> None:
    """Student 2 learns from student 1's answers, and from the very rows that GPT wrote for run 1."""
    records = generations(2)
    shared = dataset(3, 2, records.datasets[0].sha256, found=True)
    assert standings(build(replace(records, datasets=(*records.datasets, shared)))) == [BOUND, CARRIED]


def test_a_student_taken_as_a_base_carries_a_licence_and_leaves_terms_to_a_person() -> None:
    records = generations(2)
    based = replace(records.students[1], base_model="acme-1")
    graph = build(
        replace(records, calls=records.calls[:1], rows=records.rows[:1], students=(records.students[0], based))
    )
    assert standings(graph) == [BOUND, TO_JUDGE]
    assert standings(graph, role="inherited_licence") == [BOUND, CARRIED]


@pytest.mark.parametrize("model", ["gpt-4.1", "unheard-of-1"])
def test_an_imported_data_set_leads_from_the_model_on_its_card_to_the_student_and_is_by_name(model: str) -> None:
    records = generations(2)
    brought = PublicRecord(2, "acme/open-answers", (model,), "its card", "train.py:3")
    graph = build(replace(records, calls=(), rows=(), datasets=(), public=(brought,)))
    (wrote,) = graph.before["public:acme/open-answers"]
    assert wrote.by_name
    assert graph.nodes[wrote.source].facts["name"] == model
    assert STUDENTS[1] in graph.downstream([wrote.source])
    assert STUDENTS[0] not in graph.downstream([wrote.source])
    assert reached(graph) == {}, "no recorded use is charged with what a card says"
