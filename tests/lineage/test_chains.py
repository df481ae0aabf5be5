"""An answer that became a prompt, and another answer: the first teacher is seen behind the second."""

from audits.lineage.chains import MOST_PATHS, Ancestry, Chain
from audits.lineage.index import OutputIndex
from audits.lineage.outputs import Output
from audits.lineage.rows import Row
from audits.lineage.tracing import Tracer
from tests.lineage.passages import passages

FIRST, SECOND, THIRD, DOCUMENT = passages()[:4]
DRAFT = Output("draft", "claude", FIRST, "Explain the first thing.")


def chains(outputs: list[Output], *answers: str) -> list[Chain]:
    index = OutputIndex(outputs)
    tracer = Tracer(index)
    rows = [Row(number, number + 1, {"output": answer}) for number, answer in enumerate(answers)]
    return list(Ancestry(index, tracer).chains([match for row in rows for match in tracer.matches(row)]))


def test_the_first_teacher_is_seen_behind_the_second():
    outputs = [DRAFT, Output("better", "gpt-4o", SECOND, f"Improve this answer:\n\n{FIRST}\n\nAnswer only.")]
    assert chains(outputs, SECOND) == [Chain(0, ("better", "draft"), ("gpt-4o", "claude"))]


def test_a_chain_goes_back_to_its_beginning():
    outputs = [
        DRAFT,
        Output("better", "gpt-4o", SECOND, f"Improve this answer:\n\n{FIRST}"),
        Output("last", "deepseek", THIRD, f"Translate:\n{SECOND.upper()}"),
    ]
    assert chains(outputs, THIRD)[0].models == ("deepseek", "gpt-4o", "claude")


def test_an_answer_from_several_answers_has_a_chain_for_each():
    outputs = [
        DRAFT,
        Output("other", "gemini", SECOND, "Explain the second thing."),
        Output("merged", "gpt-4o", THIRD, f"Merge these two:\n1. {FIRST}\n2. {SECOND}"),
    ]
    assert {chain.models for chain in chains(outputs, THIRD)} == {("gpt-4o", "claude"), ("gpt-4o", "gemini")}


def test_a_document_that_both_calls_were_given_is_no_chain():
    outputs = [
        Output("quotes", "claude", f"The passage says: {DOCUMENT}", f"What does this say?\n{DOCUMENT}"),
        Output("asks", "gpt-4o", SECOND, f"Write a question about this.\n{DOCUMENT}"),
    ]
    assert chains(outputs, SECOND) == []


def test_a_row_whose_teacher_was_asked_afresh_has_no_chain():
    assert chains([DRAFT, Output("alone", "gpt-4o", SECOND, "Explain the second thing.")], SECOND, FIRST) == []


def test_answers_that_stand_in_each_others_prompts_do_not_go_round_for_ever():
    outputs = [
        Output("a", "m", FIRST, f"Improve: {SECOND}"),
        Output("b", "n", SECOND, f"Improve: {FIRST}"),
    ]
    assert chains(outputs, FIRST) == [Chain(0, ("a", "b"), ("m", "n"))]


def test_a_row_with_countless_ways_back_names_a_bounded_number_of_them():
    layers = [passages()[start : start + 6] for start in range(0, 30, 6)]
    outputs = [
        Output(f"{depth}-{at}", "m", text, "\n\n".join(layers[depth - 1]) if depth else "")
        for depth, layer in enumerate(layers)
        for at, text in enumerate(layer)
    ]
    assert len(chains(outputs, layers[-1][0])) == MOST_PATHS
