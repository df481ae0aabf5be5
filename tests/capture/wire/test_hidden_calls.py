"""Calls that hide in other calls: each API and form gives the right number of calls, with their models, tokens and texts.

The exchanges of a row are read in order, as a run makes them, and joined as a run joins them.
"""

import json
from typing import Any

import pytest

from audits.capture.wire import BatchLedger, ModelCall, Parsed, WireExchange, parse
from audits.capture.wire.bodies import json_lines
from tests.capture.wire.building import SSE_HEADERS
from tests.capture.wire.hidden_batches import BATCHES, TRAINING
from tests.capture.wire.hidden_calls import ANSWERED, GOOGLE, S3, Row, answered, asked, get, lines, post, upload
from tests.capture.wire.hidden_forms import FORMS


def joined(exchanges: list[WireExchange]) -> list[Parsed]:
    ledger = BatchLedger()
    return [ledger.joined(one, parse(one)) for one in exchanges]


def told(call: ModelCall) -> tuple[Any, ...]:
    texts = [output.text for output in call.outputs]
    tokens = call.input_tokens, call.output_tokens
    return call.operation, call.request_model, tokens, call.prompt[-1].text if call.prompt else None, texts


@pytest.mark.parametrize("row", [*BATCHES, *TRAINING, *FORMS], ids=lambda row: row.name)
def test_hidden_calls_are_counted_with_their_models_tokens_and_texts(row: Row):
    found = joined(row.exchanges)
    assert [one.unparsed for one in found if one.unparsed] == []
    calls = [call for one in found for call in one.calls]
    assert [told(call) for call in calls] == row.calls
    assert {call.served_by or "" for call in calls} == {row.served_by}


def test_equal_names_in_two_batches_are_told_apart_by_the_files_they_stand_in():
    def batch(number: int, question: str, answer: str) -> list[WireExchange]:
        state = {"id": f"batch_{number}", "input_file_id": f"in-{number}", "output_file_id": f"out-{number}"}
        return [
            upload(lines({"custom_id": "request-1", "body": asked(question)}), "batch", f"in-{number}"),
            get(f"/v1/batches/batch_{number}", state),
            get(f"/v1/files/out-{number}/content", answered("request-1", answer)),
        ]

    first, second = batch(1, "Why?", "Because."), batch(2, "How?", "So.")
    found = joined([*first[:2], *second, first[2]])
    pairs = [(call.prompt[0].text, call.outputs[0].text) for one in found for call in one.calls if call.outputs]
    assert pairs == [("How?", "So."), ("Why?", "Because.")]


def test_an_answer_whose_question_nobody_saw_says_so():
    [only] = joined([get("/v1/files/file-9/content", answered("1", "So."))])
    assert only.calls[0].prompt == ()
    assert "was not seen" in only.calls[0].notes[0]


def test_a_failed_line_of_a_batch_is_a_failed_call():
    line = {"custom_id": "1", "response": None, "error": {"code": "batch_expired", "message": "too late"}}
    [only] = joined([get("/v1/files/file-9/content", lines(line))])
    assert only.calls[0].error is not None
    assert (only.calls[0].error.type, only.calls[0].error.message) == ("batch_expired", "too late")


def test_a_streamed_run_of_an_assistant_holds_its_texts_and_tokens():
    state = {"id": "run_1", "model": "gpt-4o", "usage": {"prompt_tokens": 5, "completion_tokens": 7}}
    message = {"role": "assistant", "content": [{"type": "text", "text": {"value": "So."}}]}
    events = f"event: thread.message.completed\ndata: {json.dumps(message)}\n\n"
    events += f"event: thread.run.completed\ndata: {json.dumps(state)}\n\nevent: done\ndata: [DONE]\n\n"
    asking = {"assistant_id": "a", "stream": True}
    [only] = joined([post("/v1/threads/t/runs", asking, events, response_headers=SSE_HEADERS)])
    assert told(only.calls[0]) == ("create_run", None, ANSWERED, None, ["So."])


@pytest.mark.parametrize("body", [{"question": "Why?"}, [1, 2], "<xml/>", b"\x00\x01"])
def test_an_unknown_api_on_an_unknown_host_is_kept_raw_and_not_understood(body: Any):
    [only] = joined([post("/ask", body, {"reply": "So."}, "strange.example")])
    assert only.unparsed is not None
    assert "POST /ask on strange.example" in only.unparsed
    assert only.not_a_model_call is None


def test_a_stored_file_that_holds_no_batch_is_no_call():
    assert joined([get("/rows.jsonl", lines({"text": "a"}, {"text": "b"}), S3)])[0].calls == ()


def test_lines_of_a_batch_that_can_t_be_read_are_told_and_the_others_kept():
    """A person must look: what stands in them was asked all the same."""
    line = lines({"custom_id": "1", "body": asked("Why?")})
    raw = {"request_headers": (("content-type", "application/jsonl"),)}
    answers = lines({"recordId": "1", "modelOutput": {"generation": "So."}})
    uploads = [
        upload(line + "{broken\n" + line, "batch", "in-1"),
        post("/upload/v1beta/files", line + "{broken\n", {"file": {"name": "files/a"}}, GOOGLE, **raw),
        get("/out.jsonl.out", answers + "{broken\n", S3),
    ]
    for found in joined(uploads):
        assert len(found.calls) == 1
        assert "1 lines could not be read as JSON objects" in (found.unparsed or "")


def test_lines_beyond_those_that_are_read_are_told():
    found, unread = json_lines(lines(*({"n": n} for n in range(5))).encode(), 3)
    assert (len(found), unread) == (3, "2 lines after the first 3 were not read")


def test_an_object_over_several_lines_is_no_file_of_lines():
    [only] = joined([upload('{\n "a": 1\n}', "assistants", "file-1", name="a.json")])
    assert only.unparsed is None
    assert "lines" not in only.calls[0].settings
