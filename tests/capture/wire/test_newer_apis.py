"""Newer operations of providers are told as what they are, or named as not understood; none is told as another."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audits.capture.wire import BatchLedger, parse
from audits.capture.wire.facts import WireExchange
from tests.capture.wire.building import exchange, named_sse, one_call, parsed, sse
from tests.capture.wire.hidden_calls import ANTHROPIC, GOOGLE, MISTRAL, OPENAI, Row, lines, post
from tests.capture.wire.newer_apis import BEDROCK, NEWER, session
from tests.capture.wire.test_hidden_calls import joined, told
from tests.capture.wire.test_hostile_input import KINDS, VALUES, check


@pytest.mark.parametrize("row", NEWER, ids=lambda row: row.name)
def test_newer_operations_are_read_with_their_models_tokens_and_texts(row: Row) -> None:
    found = joined(row.exchanges)
    assert [one.unparsed for one in found if one.unparsed] == []
    calls = [call for one in found for call in one.calls]
    assert [told(call) for call in calls] == row.calls
    assert {call.served_by or "" for call in calls} == {row.served_by}


@pytest.mark.parametrize(
    ("host", "method", "target", "reason"),
    [
        (OPENAI, "POST", "/v1/conversations", "state was stored that a later call refers to"),
        (OPENAI, "POST", "/v1/vector_stores/v/files", "files were gathered or searched in the provider's own store"),
        (OPENAI, "POST", "/v1/containers/c/files", "a place for a model's tools was made or filled"),
        (OPENAI, "POST", "/v1/chat/completions/c", "what is noted beside a stored answer was changed"),
        (OPENAI, "POST", "/v1/realtime/client_secrets", "sign-in"),
        (OPENAI, "POST", "/v1/traces/ingest", "telemetry"),
        (OPENAI, "GET", "/v1/vector_stores/v", "stored state was read"),
        (OPENAI, "GET", "/v1/videos/v", "the state of a job or file was read"),
        (ANTHROPIC, "POST", "/v1/skills", "state was stored that a later call refers to"),
        (ANTHROPIC, "POST", "/api/event_logging/batch", "telemetry"),
        (GOOGLE, "PATCH", "/v1beta/cachedContents/c", "state was stored that a later call refers to"),
        (GOOGLE, "GET", "/v1beta/models/veo/operations/o", "the state of a job or file was read"),
        ("openrouter.ai", "GET", "/api/v1/generation?id=g", "account or usage figures were read"),
    ],
)
def test_what_a_provider_only_keeps_is_told_apart_from_calls(host: str, method: str, target: str, reason: str) -> None:
    found = parsed(target, {"a": 1}, {"id": "x"}, host=host, method=method)
    assert (found.calls, found.unparsed, found.not_a_model_call) == ((), None, reason)


@pytest.mark.parametrize(
    ("host", "target", "reason"),
    [
        (OPENAI, "/v1/evals/e/runs", "an evaluation that the provider runs"),
        (OPENAI, "/v1/fine_tuning/alpha/graders/run", "a grader that the provider runs"),
        (OPENAI, "/v1/realtime/calls", "a realtime session whose sound goes another way"),
        (ANTHROPIC, "/v1/sessions/s/events", "an agent that the provider runs"),
        ("bedrock-agent-runtime.us-east-1.amazonaws.com", "/agents/a/agentAliases/b/sessions/s/text", "an agent"),
        (BEDROCK, "/async-invoke", "a job that puts its answer into a store of files"),
    ],
)
def test_models_that_a_provider_asks_by_itself_are_named_as_not_seen(host: str, target: str, reason: str) -> None:
    found = parsed(target, {"a": 1}, {"id": "x"}, host=host)
    assert found.calls == ()
    assert f"POST {target} on {host} has to do with {reason}" in (found.unparsed or "")
    assert "whose calls of models are not seen" in (found.unparsed or "")


@pytest.mark.parametrize("path", ["/v1/conversations", "/v1/vector_stores/v", "/v1/skills", "/v1/agents"])
def test_a_path_means_keeping_only_where_the_provider_is_known_to_keep(path: str) -> None:
    """Whoever runs a server chooses its paths."""
    assert parsed(path, {"question": "Why?"}, {"reply": "So."}, host="localhost").unparsed is not None
    assert parsed(path, {"question": "Why?"}, {"reply": "So."}, host="strange.example").unparsed is not None


def test_asking_whether_an_answer_is_there_is_no_call() -> None:
    found = parsed("/v1/responses/r", b"", {"status": "in_progress", "output": []}, method="GET")
    assert found.not_a_model_call == "a stored answer was asked for that was not there yet"
    missing = parsed("/v1/responses/r", b"", {"error": {"message": "no"}}, method="GET", status=404)
    assert missing.not_a_model_call == "a stored answer was asked for and not given"


def test_tokens_of_a_stored_answer_count_once_also_where_bodies_were_not_kept() -> None:
    answer = {"id": "resp_1", "model": "gpt-5", "output": [], "usage": {"input_tokens": 5, "output_tokens": 7}}
    ledger, read = BatchLedger(), parsed("/v1/responses/resp_1", b"", answer, method="GET")
    found = [ledger.read_later(read).calls[0] for _ in range(2)]
    assert [(call.input_tokens, call.usage_source) for call in found] == [(5, "reported"), (None, "absent")]


def test_a_stored_answer_of_a_shape_that_nobody_knows_is_not_passed_over() -> None:
    assert parsed("/v1/responses/r", b"", {"answer": "So."}, method="GET").unparsed is not None


def test_an_upload_in_parts_is_one_file_and_no_completion() -> None:
    line = lines({"custom_id": "1", "body": {"model": "gpt-4o", "messages": [{"role": "user", "content": "Why?"}]}})
    form = f'--B\r\nContent-Disposition: form-data; name="data"; filename="p"\r\n\r\n{line}\r\n--B--\r\n'
    part = post(
        "/v1/uploads/u/parts",
        form,
        {"id": "part_1"},
        request_headers=(("content-type", "multipart/form-data; boundary=B"),),
    )
    whole = post("/v1/uploads/u/complete", {"part_ids": ["part_1"]}, {"id": "u", "file": {"id": "file-9"}})
    calls = [call for one in joined([part, whole]) for call in one.calls]
    assert [(call.operation, call.response_id, len(call.questions)) for call in calls] == [
        ("file_upload", "part_1", 1),
        ("file_upload", "file-9", 0),
    ]


def test_a_question_of_a_batch_that_expired_is_a_failed_call() -> None:
    answers = lines(
        {"custom_id": "1", "result": {"type": "expired"}}, {"custom_id": "2", "result": {"type": "canceled"}}
    )
    found = parsed("/v1/messages/batches/b/results", b"", answers, host=ANTHROPIC, method="GET")
    assert [call.error.type for call in found.calls if call.error] == ["expired", "canceled"]


def test_a_model_that_refuses_without_a_word_still_says_why_it_ended() -> None:
    answer = {
        "model": "claude",
        "content": [],
        "stop_reason": "refusal",
        "usage": {"input_tokens": 3, "output_tokens": 0},
    }
    call = one_call("/v1/messages", {"model": "claude", "messages": []}, answer, host=ANTHROPIC)
    assert [(output.text, output.finish_reason) for output in call.outputs] == [("", "refusal")]


def test_a_compacted_conversation_gives_the_summary_and_not_the_question_as_the_models_words() -> None:
    block = {"type": "compaction", "content": "They asked why."}
    call = one_call("/v1/messages", {"model": "c", "messages": []}, {"model": "c", "content": [block]}, host=ANTHROPIC)
    assert call.outputs[0].text == "They asked why."
    repeated = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Why?"}]}
    answer = {"id": "r", "output": [repeated, {"type": "compaction", "encrypted_content": "x"}]}
    call = one_call("/v1/responses/compact", {"model": "gpt-5", "input": "Why?"}, answer)
    assert (call.operation, call.outputs) == ("create_response", ())


def test_a_failed_answer_over_a_websocket_is_a_failed_call() -> None:
    begun = ("client", {"type": "response.create", "model": "gpt-5", "input": "Why?"})
    failed = ("upstream", {"type": "error", "error": {"type": "server_error", "message": "Sorry"}})
    [call] = parse(session("/v1/responses", begun, failed)).calls
    assert call.error is not None
    assert (call.error.type, call.error.message, call.truncated) == ("server_error", "Sorry", False)


def test_messages_that_came_as_bytes_are_read_and_those_that_can_t_be_are_counted() -> None:
    setup = json.dumps({"setup": {"model": "models/gemini-live"}})
    answer = base64.b64encode(
        json.dumps({"serverContent": {"modelTurn": {"parts": [{"text": "So."}]}, "turnComplete": True}}).encode()
    )
    record = lines(
        {"from": "client", "type": "text", "text": setup},
        {"from": "upstream", "type": "bytes", "base64": answer.decode()},
        {"from": "upstream", "type": "bytes", "base64": "AAAA"},
    )
    target = "/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent"
    found = parse(exchange(target, b"", record, host=GOOGLE, method="GET", status=101))
    assert [call.outputs[0].text for call in found.calls] == ["So."]
    assert found.unparsed == "1 messages of a session could not be read"


PLACES = [
    (MISTRAL, "POST", "/v1/conversations"),
    (MISTRAL, "GET", "/v1/conversations/c/history"),
    (MISTRAL, "POST", "/v1/ocr"),
    (GOOGLE, "POST", "/v1beta/interactions"),
    (GOOGLE, "GET", "/v1beta/interactions/i"),
    (OPENAI, "GET", "/v1/responses/r"),
    (OPENAI, "GET", "/v1/chat/completions"),
    (OPENAI, "GET", "/v1/chat/completions/c"),
    (OPENAI, "GET", "/v1/conversations/c/items"),
    (OPENAI, "GET", "/v1/containers/c/files/f/content"),
    (ANTHROPIC, "GET", "/v1/files/f/content"),
    ("api.replicate.com", "GET", "/v1/predictions/p"),
    ("strange.example", "GET", "/v1/responses/r"),
]
NAMES = st.sampled_from(
    (
        "steps",
        "outputs",
        "step",
        "delta",
        "event_type",
        "type",
        "index",
        "content",
        "usage",
        "status",
        "choices",
        "data",
    )
)
ODD = VALUES | st.dictionaries(NAMES, VALUES, max_size=5)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(PLACES), ODD, ODD, st.sampled_from(KINDS))
def test_odd_values_in_newer_operations_never_raise(
    place: tuple[str, str, str], request: Any, response: Any, kind: str
) -> None:
    host, method, target = place
    headers = (("content-type", kind),)
    for body in (
        json.dumps(response),
        sse(response, request),
        named_sse({"type": "message.output.delta", "x": response}),
    ):
        check(parsed(target, json.dumps(request), body, host=host, method=method, response_headers=headers))


def odd_session(target: str, messages: list[Any]) -> WireExchange:
    return session(
        target, *(("client" if number % 2 else "upstream", message) for number, message in enumerate(messages))
    )


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(["/v1/responses", "/ws/a.BidiGenerateContent", "/v1/realtime"]), st.lists(ODD, max_size=4))
def test_odd_messages_of_a_session_never_raise(target: str, messages: list[Any]) -> None:
    check(parse(odd_session(target, messages)))
