"""gRPC and realtime sessions: read where their messages are known, named as raw where they are not."""

import gzip
import json
import struct
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audits.capture.wire.facts import Message
from tests.capture.wire.building import JSON_HEADERS, exchange, one_call, parsed, texts

from audits.capture.wire import parse  # isort: skip

GRPC = (("content-type", "application/grpc"),)
GENERATE = "/google.ai.generativelanguage.v1beta.GenerativeService/GenerateContent"
STREAM = GENERATE.replace("Generate", "StreamGenerate", 2).replace("StreamGenerativeService", "GenerativeService")
HOST = "generativelanguage.googleapis.com"
REALTIME = "/v1/realtime?model=gpt-realtime"


def pb(*parts: tuple[int, int | bytes | str | float]) -> bytes:
    """A message from (field number, value)."""
    out = b""
    for number, value in parts:
        if isinstance(value, float):
            out += bytes([number << 3 | 5]) + struct.pack("<f", value)
        elif isinstance(value, int):
            out += varint(number << 3) + varint(value)
        else:
            data = value.encode() if isinstance(value, str) else value
            out += varint(number << 3 | 2) + varint(len(data)) + data
    return out


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def framed(message: bytes, *, compressed: bool = False) -> bytes:
    data = gzip.compress(message) if compressed else message
    return bytes([compressed]) + len(data).to_bytes(4, "big") + data


def content(role: str, *texts: str) -> bytes:
    return pb(*((1, pb((2, text))) for text in texts), (2, role))


ASKED = pb(
    (1, "models/gemini-1.5-flash"),
    (2, content("user", "What is water?")),
    (4, pb((1, 2), (5, 0.5))),
    (8, content("user", "Be short.")),
)


def answered(text: str, finish: int = 0, *, read: int = 21, written: int = 300) -> bytes:
    candidate = pb((1, content("model", text)), *([(2, finish)] if finish else []))
    return pb((1, candidate), (3, pb((1, read), (2, written), (4, 7))), (4, "gemini-1.5-flash-002"))


def test_a_grpc_call_is_read_as_its_rest_twin_is():
    call = one_call(GENERATE, framed(ASKED), framed(answered("Wet.", 1)), host=HOST, request_headers=GRPC)
    assert (call.request_model, call.response_model) == ("gemini-1.5-flash", "gemini-1.5-flash-002")
    assert (call.input_tokens, call.output_tokens, call.cached_tokens) == (21, 300, 7)
    assert (call.prompt, call.system) == ((Message("user", "What is water?"),), "Be short.")
    assert call.settings == {"candidateCount": 2, "temperature": 0.5}
    assert [(output.text, output.finish_reason) for output in call.outputs] == [("Wet.", "STOP")]
    assert (call.api, call.served_by, call.streamed, call.truncated) == (
        "gemini.generate_content", "google", False, False,
    )  # fmt: skip


def test_a_grpc_stream_is_put_together_and_a_broken_one_says_so():
    pieces = framed(answered("We")) + framed(answered("t.", 1), compressed=True)
    headers = (("grpc-encoding", "gzip"),)
    whole = one_call(STREAM, framed(ASKED), pieces, host=HOST, request_headers=GRPC, response_headers=headers)
    cut = one_call(STREAM, framed(ASKED), pieces[:-3], host=HOST, request_headers=GRPC, response_headers=headers)
    assert ("".join(output.text for output in whole.outputs), whole.streamed, whole.truncated) == ("Wet.", True, False)
    assert ("".join(output.text for output in cut.outputs), cut.truncated) == ("We", True)


def test_a_function_call_over_grpc_keeps_its_arguments():
    value = pb((5, pb((1, pb((1, "unit"), (2, pb((3, "C"))))))))
    entries = [(1, pb((1, "at"), (2, value))), (1, pb((1, "fast"), (2, pb((4, 1)))))]
    part = pb((4, pb((1, "boil"), (2, pb(*entries)))))
    reply = pb((1, pb((1, pb((1, part), (2, "model"))), (2, 1))))
    [output] = one_call(GENERATE, framed(ASKED), framed(reply), host=HOST, request_headers=GRPC).outputs
    assert (output.kind, output.name, json.loads(output.text)) == (
        "tool_call", "boil", {"at": {"unit": "C"}, "fast": True},
    )  # fmt: skip


def test_a_grpc_call_that_was_refused_is_an_error():
    headers = (("content-type", "application/grpc"), ("grpc-status", "8"))
    call = one_call(GENERATE, framed(ASKED), b"", host=HOST, request_headers=GRPC, response_headers=headers)
    assert call.error is not None
    assert call.error.type == "grpc_8"


def test_a_grpc_service_that_nobody_knows_stays_a_named_gap():
    found = parsed("/other.Service/Ask", framed(ASKED), framed(b""), request_headers=GRPC)
    assert found.calls == ()
    assert "gRPC" in str(found.unparsed)
    assert "/other.Service/Ask" in str(found.unparsed)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200), st.binary(max_size=200), st.booleans())
def test_no_bytes_make_the_reader_of_grpc_fail(request: bytes, response: bytes, well_framed: bool):
    sent, got = (framed(request), framed(response)) if well_framed else (request, response)
    parse(exchange(GENERATE, sent, got, host=HOST, request_headers=GRPC))


# Realtime sessions


def session(*messages: tuple[str, Any]) -> str:
    lines = []
    for sender, said in messages:
        text = said if isinstance(said, str) else json.dumps(said)
        lines.append(json.dumps({"at": "2026-01-01T00:00:00Z", "from": sender, "type": "text", "text": text}))
    return "\n".join([*lines, json.dumps({"at": "", "from": "client", "type": "close", "code": 1000})])


def ask(text: str) -> tuple[str, Any]:
    item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}
    return "client", {"type": "conversation.item.create", "item": item}


def done(number: int, text: str, status: str = "completed") -> tuple[str, Any]:
    output = [{"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": text}]}]
    usage = {"input_tokens": 10 * number, "output_tokens": 5, "input_token_details": {"cached_tokens": 3}}
    return "upstream", {
        "type": "response.done",
        "response": {"id": f"r{number}", "status": status, "output": output, "usage": usage},
    }


def websocket(body: str, target: str = REALTIME, status: int = 101) -> Any:
    return parsed(target, b"", body, method="GET", status=status, request_headers=(("Upgrade", "websocket"),))


def test_each_answer_within_a_session_is_a_call_of_its_own():
    created = ("upstream", {"type": "session.created", "session": {"model": "gpt-realtime-2", "instructions": "Kind."}})
    create = ("client", {"type": "response.create"})
    found = websocket(session(created, ask("one"), create, done(1, "first"), ask("two"), create, done(2, "second")))
    assert found.unparsed is None
    assert [(call.index, call.prompt[0].text, call.outputs[0].text) for call in found.calls] == [
        (0, "one", "first"),
        (1, "two", "second"),
    ]
    assert {(call.response_model, call.system, call.api, call.served_by) for call in found.calls} == {
        ("gpt-realtime-2", "Kind.", "openai.realtime", "openai")
    }
    assert [(call.input_tokens, call.output_tokens, call.cached_tokens) for call in found.calls] == [
        (10, 5, 3),
        (20, 5, 3),
    ]


def test_an_answer_that_broke_off_keeps_what_was_said():
    begun = ("upstream", {"type": "response.created", "response": {"id": "r1"}})
    piece = ("upstream", {"type": "response.output_text.delta", "delta": "half a"})
    [call] = websocket(session(ask("one"), begun, piece)).calls
    assert (call.outputs[0].text, call.truncated, call.request_model) == ("half a", True, "gpt-realtime")


def test_messages_that_cannot_be_read_are_counted_beside_those_that_can():
    raw = json.dumps({"at": "", "from": "upstream", "type": "binary", "base64": "AAAA"})
    found = websocket(session(done(1, "first"), ("client", "no JSON")) + "\n" + raw)
    assert len(found.calls) == 1
    assert found.unparsed == "2 messages of a realtime session could not be read"


def test_a_websocket_of_another_kind_stays_a_named_gap():
    assert "WebSocket" in str(websocket(session(ask("one")), target="/chat/socket").unparsed)
    assert "no answer of a model" in str(websocket(session(ask("one"))).unparsed)


def test_a_websocket_that_was_not_opened_is_no_call():
    assert "not opened (status 401)" in str(websocket("", status=401).not_a_model_call)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=8),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
                st.sampled_from(["type", "response", "session", "item", "output", "usage", "content", "text", "from"]), inner
            ),
            max_leaves=12,
        ),
        max_size=4,
    )
)  # fmt: skip
def test_no_messages_make_the_reader_of_sessions_fail(messages: list[Any]):
    kinds = ("response.done", "session.created", "conversation.item.create", "response.create")
    shaped = [
        ("client", {"type": kind, "response": each, "session": each, "item": each})
        for kind in kinds
        for each in messages
    ]
    websocket(session(*shaped, *(("upstream", each) for each in messages)))
    websocket("\n".join(json.dumps(each) for each in messages))


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_a_header_that_asks_for_a_websocket_hides_no_call_that_was_answered_as_one(method: str):
    """Servers that open no WebSocket answer the request as if the header were not there."""
    ask = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hi"}]}
    answer = {"model": "gpt-4o", "choices": [{"message": {"content": "Hello"}, "finish_reason": "stop"}]}
    headers = (*JSON_HEADERS, ("Upgrade", "websocket"), ("Connection", "Upgrade"))
    call = one_call("/v1/chat/completions", ask, answer, method=method, request_headers=headers)
    assert texts(call) == ["Hello"]


def test_a_path_written_with_needless_escapes_is_read_as_the_server_reads_it():
    ask = {"model": "gpt-image-1", "prompt": "a cat"}
    call = one_call("/v1/im%61ges/generations", ask, {"data": [{"b64_json": "AA=="}]})
    assert (call.operation, call.prompt[-1].text) == ("image_generation", "a cat")
