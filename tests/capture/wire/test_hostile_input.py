"""Whatever is on the wire, parse answers: it never raises, and every string in its answer can be stored."""

import dataclasses
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audits.capture.wire import Parsed, parse
from audits.capture.wire.facts import NAME_LIMIT, REASON_LIMIT
from tests.capture.wire.building import exchange, named_sse, one_call, parsed, sse
from tests.capture.wire.test_openai import ANSWER, ASK, RESPONSE
from tests.capture.wire.test_other_providers import GEMINI_ANSWER, GEMINI_ASK, MESSAGE, MESSAGES, PIECES, STREAM, event

PLACES = [
    ("api.openai.com", "/v1/chat/completions"),
    ("api.openai.com", "/v1/completions"),
    ("api.openai.com", "/v1/responses"),
    ("api.openai.com", "/v1/embeddings"),
    ("api.openai.com", "/v1/files"),
    ("api.openai.com", "/v1/audio/transcriptions"),
    ("api.anthropic.com", "/v1/messages"),
    ("api.anthropic.com", "/v1/complete"),
    ("api.anthropic.com", "/v1/messages/batches"),
    ("generativelanguage.googleapis.com", "/v1beta/models/g:generateContent"),
    ("generativelanguage.googleapis.com", "/v1beta/models/g:streamGenerateContent"),
    ("us-central1-aiplatform.googleapis.com", "/v1/projects/p/locations/l/publishers/google/models/t:predict"),
    ("bedrock-runtime.us-east-1.amazonaws.com", "/model/m/converse-stream"),
    ("bedrock-runtime.us-east-1.amazonaws.com", "/model/m/invoke-with-response-stream"),
    ("api.cohere.com", "/v1/chat"),
    ("api.cohere.com", "/v2/chat"),
    ("localhost", "/api/chat"),
    ("localhost", "/api/generate"),
    ("localhost", "/generate"),
    ("api.replicate.com", "/v1/predictions"),
    ("dashscope.aliyuncs.com", "/api/v1/services/aigc/text-generation/generation"),
    ("nobody.example", "/x"),
]
BODIES = [
    json.dumps(body).encode() for body in (ASK, ANSWER, RESPONSE, MESSAGES, MESSAGE, GEMINI_ASK, GEMINI_ANSWER, PIECES)
] + [
    sse(ANSWER, *PIECES).encode(),
    named_sse(*STREAM).encode(),
    named_sse({"type": "response.completed", "response": RESPONSE}).encode(),
    event("contentBlockDelta", {"delta": {"text": "x"}}) + event("messageStop", {"stopReason": "x"}),
    b'{"message": {"content": "a"}, "done": false}\n{"done": true, "eval_count": 1}\n',
]
KINDS = [
    "application/json",
    "text/event-stream",
    "application/x-ndjson",
    "application/vnd.amazon.eventstream",
    "multipart/form-data; boundary=B",
    "",
]
NAMES = """
    model messages prompt input choices message delta content role text index finish_reason usage prompt_tokens id type
    tool_calls function name arguments error output candidates parts usageMetadata promptTokenCount stop_reason system
    requests params response result data item output_index object items thinking done embedding tools instances
"""
KEYS = st.sampled_from(NAMES.split())
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["\ud800", "\0", "text"])
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=5), max_leaves=15
)


def strings(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if dataclasses.is_dataclass(value):
        return [s for f in dataclasses.fields(value) for s in strings(getattr(value, f.name))]
    if isinstance(value, dict):
        return [s for pair in value.items() for part in pair for s in strings(part)]
    return [s for part in value for s in strings(part)] if isinstance(value, tuple) else []


def check(found: Parsed) -> None:
    """The rules that hold for every answer."""
    for text in strings(found):
        assert "\0" not in text
        text.encode("utf-8")
    assert (found.not_a_model_call is not None) == (not found.calls and found.unparsed is None)
    assert len(found.unparsed or "") <= REASON_LIMIT
    for call in found.calls:
        assert all(
            len(name) <= NAME_LIMIT for name in map(str, (call.request_model, call.response_model, call.response_id))
        )
        counts = (call.input_tokens, call.output_tokens, call.cached_tokens, call.reasoning_tokens)
        assert all(c is None or (type(c) is int and 0 <= c < 2**62) for c in counts)
        assert (call.usage_source == "reported") == (counts[:2] != (None, None))
        json.dumps(dict(call.settings), allow_nan=False)
        hash(call.outputs)


def dumped(value: Any) -> bytes:
    return json.dumps(value).encode()


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(PLACES), st.binary(max_size=200), st.binary(max_size=200), st.sampled_from(KINDS), st.booleans())
def test_arbitrary_bytes_never_raise(place, request, response, kind, truncated):
    headers = (("content-type", kind),)
    check(
        parse(
            exchange(
                place[1],
                request,
                response,
                host=place[0],
                request_headers=headers,
                response_headers=headers,
                truncated=truncated,
            )
        )
    )


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(PLACES), VALUES, VALUES, st.sampled_from([200, 404, None]))
def test_values_of_any_type_under_the_right_names_never_raise(place, request, response, status):
    check(parsed(place[1], dumped(request), dumped(response), host=place[0], status=status))


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(PLACES),
    st.lists(st.dictionaries(KEYS, VALUES, max_size=4), max_size=3),
    st.sampled_from(["data: ", ""]),
)
def test_streams_of_any_values_never_raise(place, events, prefix):
    gap = "\n\n" if prefix else "\n"
    body = "".join(prefix + json.dumps(e) + gap for e in events)
    headers = (("content-type", "text/event-stream" if prefix else "application/x-ndjson"),)
    check(parsed(place[1], {"model": "m", "messages": [], "prompt": ""}, body, host=place[0], response_headers=headers))


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(PLACES), st.sampled_from(BODIES), st.sampled_from(BODIES), st.sampled_from(KINDS), st.data())
def test_true_bodies_cut_or_flipped_anywhere_never_raise(place, request, response, kind, data):
    cut = response[: data.draw(st.integers(0, len(response)))]
    if cut and data.draw(st.booleans()):
        spot = data.draw(st.integers(0, len(cut) - 1))
        cut = cut[:spot] + bytes([cut[spot] ^ data.draw(st.integers(1, 255))]) + cut[spot + 1 :]
    headers = (("content-type", kind),)
    check(parse(exchange(place[1], request, cut, host=place[0], response_headers=headers, truncated=True)))


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60), st.text(max_size=40), st.text(max_size=10), st.text(max_size=10))
def test_any_target_host_and_method_never_raise(target, host, method, coding):
    check(parsed(target, ASK, ANSWER, host=host, method=method, response_headers=(("content-encoding", coding),)))


def test_json_nested_a_hundred_thousand_deep_is_unparsed_not_a_crash():
    found = parsed("/v1/chat/completions", ASK, b"[" * 100_000)
    assert found.unparsed == "response: JSON nested too deeply"


@pytest.mark.parametrize("place", PLACES[0:15:3])
def test_json_just_shallow_enough_to_be_read_is_never_too_deep_to_be_looked_at(place):
    for depth in range(880, 1000, 8):
        deep = b"[" * depth + b"]" * depth
        body = (
            b'{"type":' + deep + b',"error":{"message":' + deep + b'},"choices":' + deep + b',"output":' + deep + b"}"
        )
        for kind in ("application/json", "text/event-stream"):
            text = b"data: " + body + b"\n\n" if kind.startswith("text") else body
            headers = (("content-type", kind),)
            check(parse(exchange(place[1], body, text, host=place[0], response_headers=headers)))


def test_a_path_made_to_keep_patterns_busy_is_refused():
    found = parsed("/model/" + "embed" * 20_000, ASK, ANSWER)
    assert found.unparsed == "a path of 100007 characters on api.openai.com"


def test_nan_infinity_and_numbers_of_ten_thousand_digits_count_as_absent():
    body = b'{"choices": [], "usage": {"prompt_tokens": NaN, "completion_tokens": ' + b"9" * 10_000 + b"}}"
    call = one_call("/v1/chat/completions", b'{"model": "m", "messages": [], "temperature": Infinity}', body)
    assert (call.input_tokens, call.output_tokens, call.settings, call.usage_source) == (None, None, {}, "absent")


def test_an_emoji_split_over_two_stream_chunks_is_whole_again():
    body = sse(
        {"choices": [{"delta": {"content": "\ud83d"}}]},
        {"choices": [{"delta": {"content": "\ude00"}, "finish_reason": "stop"}]},
    )
    call = one_call("/v1/chat/completions", ASK, body, response_headers=(("content-type", "text/event-stream"),))
    assert call.outputs[0].text == "\U0001f600"


def test_a_model_name_made_to_break_things_is_cut_and_cleaned():
    call = one_call("/v1/chat/completions", {**ASK, "model": "\0\ud800<script>" + "x" * 9_999}, ANSWER)
    assert call.request_model == ("\ufffd" + "\ufffd" * 3 + "<script>" + "x" * 9_999)[:NAME_LIMIT]
