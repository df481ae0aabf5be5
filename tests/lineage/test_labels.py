"""Rows that took only a label from a model."""

import json

from audits.lineage.labels import label_transfer
from audits.lineage.outputs import Output
from audits.lineage.rows import MalformedRow, Row

QUESTION = "Classify the ticket as billing, technical or other.\nTicket: {}\nAnswer with one word."
TICKETS = [
    "My card was charged twice for the same order last week",
    "The app crashes",
    "Where do I find the manual for the older model?",
]


def calls(*labels: str) -> list[Output]:
    return [Output(f"c{i}", "gpt-4o", label, QUESTION.format(TICKETS[i])) for i, label in enumerate(labels)]


def found(outputs: list[Output], *rows: object) -> list[tuple[int, str, str]]:
    matches = label_transfer(outputs, [Row(i, i + 1, row) for i, row in enumerate(rows)])
    return [(match.row, match.output, match.field) for match in matches]


def test_a_row_with_the_text_that_was_asked_about_and_the_label_that_was_answered_is_a_label_transfer():
    rows = [
        {"text": text, "label": label} for text, label in zip(TICKETS, ("billing", "technical", "other"), strict=True)
    ]
    assert found(calls("Billing", "technical.", "other"), *rows) == [
        (0, "c0", "label"),
        (1, "c1", "label"),
        (2, "c2", "label"),
    ]


def test_a_label_that_the_model_did_not_give_is_not_claimed():
    assert found(calls("billing"), {"text": TICKETS[0], "label": "technical"}) == []


def test_the_same_label_on_a_text_that_was_never_asked_about_is_not_claimed():
    assert (
        found(
            calls("billing"), {"text": "Another customer who was charged two times for one order", "label": "billing"}
        )
        == []
    )


def test_a_score_is_compared_as_a_number():
    assert found(calls("7"), {"text": TICKETS[0], "score": 7.0}) == [(0, "c0", "score")]
    assert found(calls("Score: 7"), {"text": TICKETS[0], "score": 7}) == [(0, "c0", "score")]
    assert found(calls("7"), {"text": TICKETS[0], "id": 7}) == []


def test_labels_inside_a_json_answer_count():
    answer = json.dumps(
        {"category": "billing", "why": "The customer was charged two times and wants money back", "urgent": 3}
    )
    assert found(calls(answer), {"text": TICKETS[0], "y": "billing"}) == [(0, "c0", "y")]


def test_a_call_without_its_prompt_proves_nothing():
    assert found([Output("c", "m", "billing")], {"text": TICKETS[0], "label": "billing"}) == []


def test_malformed_rows_are_passed_over():
    assert list(label_transfer(calls("billing"), [MalformedRow(0, 1, "not JSON", "{")])) == []
