import base64
import json
import struct
import zlib
from typing import Any

from audits.capture.wire import CallError, Message, OutputText
from tests.capture.wire.building import SSE_HEADERS, named_sse, one_call, parsed, sse, texts

MESSAGES = {
    "model": "claude-sonnet-4-5",
    "max_tokens": 64,
    "system": [{"type": "text", "text": "Judge."}],
    "messages": [{"role": "user", "content": "Good?"}],
}
MESSAGE = {
    "id": "msg_1",
    "type": "message",
    "model": "claude-sonnet-4-5-20250929",
    "content": [
        {"type": "thinking", "thinking": "Hm", "signature": "x"},
        {"type": "text", "text": "Yes."},
        {"type": "tool_use", "id": "t", "name": "grade", "input": {"score": 5}},
    ],
    "stop_reason": "tool_use",
    "usage": {"input_tokens": 10, "cache_read_input_tokens": 3, "cache_creation_input_tokens": 2, "output_tokens": 6},
}
ANTHROPIC = "api.anthropic.com"


def test_an_anthropic_message_gives_thinking_text_and_tool_use_and_counts_cached_input_in():
    call = one_call("/v1/messages", MESSAGES, MESSAGE, host=ANTHROPIC)
    assert (call.operation, call.api, call.served_by) == ("chat", "anthropic.messages", "anthropic")
    assert (call.system, call.prompt) == ("Judge.", (Message("user", "Good?"),))
    assert call.outputs == (
        OutputText(0, "Hm", "tool_use", "reasoning"),
        OutputText(0, "Yes.", "tool_use"),
        OutputText(0, '{"score":5}', "tool_use", "tool_call", "grade"),
    )
    assert (call.input_tokens, call.cached_tokens, call.output_tokens) == (15, 3, 6)


STREAM: list[dict[str, Any]] = [
    {"type": "message_start", "message": {**MESSAGE, "content": [], "stop_reason": None}},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "ping"},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Ye"}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "s."}},
    {"type": "content_block_start", "index": 1, "content_block": {"type": "tool_use", "name": "grade", "input": {}}},
    {"type": "content_block_delta", "index": 1, "delta": {"type": "input_json_delta", "partial_json": '{"a":'}},
    {"type": "content_block_delta", "index": 1, "delta": {"type": "input_json_delta", "partial_json": "1}"}},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 9}},
    {"type": "message_stop"},
]


def test_a_streamed_anthropic_message_is_put_together_with_its_final_usage():
    call = one_call("/v1/messages", MESSAGES, named_sse(*STREAM), host=ANTHROPIC, response_headers=SSE_HEADERS)
    assert call.streamed
    assert call.outputs == (
        OutputText(0, "Yes.", "end_turn"),
        OutputText(0, '{"a":1}', "end_turn", "tool_call", "grade"),
    )
    assert (call.input_tokens, call.output_tokens, call.truncated) == (15, 9, False)


def test_a_broken_off_anthropic_stream_keeps_its_text_and_its_input_tokens():
    call = one_call("/v1/messages", MESSAGES, named_sse(*STREAM[:4]), host=ANTHROPIC, response_headers=SSE_HEADERS)
    assert call.outputs == (OutputText(0, "Ye", None),)
    assert (call.truncated, call.input_tokens) == (True, 15)


def test_an_overloaded_error_within_a_stream_fails_the_call():
    events = [*STREAM[:4], {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}]
    call = one_call("/v1/messages", MESSAGES, named_sse(*events), host=ANTHROPIC, response_headers=SSE_HEADERS)
    assert call.error == CallError("overloaded_error", "Overloaded")
    assert texts(call) == ["Ye"]


def test_a_legacy_completion_a_token_count_and_a_batch_of_anthropic_are_calls():
    old = one_call(
        "/v1/complete",
        {"model": "claude-2", "prompt": "\n\nHuman: hi"},
        {"completion": " Hi", "stop_reason": "stop"},
        host=ANTHROPIC,
    )
    count = one_call("/v1/messages/count_tokens", MESSAGES, {"input_tokens": 8}, host=ANTHROPIC)
    batch = one_call(
        "/v1/messages/batches",
        {"requests": [{"custom_id": "1", "params": MESSAGES}]},
        {"id": "msgbatch_1"},
        host=ANTHROPIC,
    )
    assert (old.operation, texts(old)) == ("text_completion", [" Hi"])
    assert (count.operation, count.outputs, count.usage_source) == ("count_tokens", (), "absent")
    assert (batch.operation, batch.settings["requests"], batch.prompt) == ("batch", 1, (Message("user", "Good?"),))


def test_the_results_of_an_anthropic_batch_are_calls_with_their_answers():
    lines = [
        {"custom_id": "1", "result": {"type": "succeeded", "message": MESSAGE}},
        {
            "custom_id": "2",
            "result": {"type": "errored", "error": {"type": "error", "error": {"type": "bad", "message": "no"}}},
        },
    ]
    found = parsed(
        "/v1/messages/batches/b1/results", b"", "\n".join(map(json.dumps, lines)), host=ANTHROPIC, method="GET"
    )
    assert texts(found.calls[0]) == ["Yes."]
    assert found.calls[1].error == CallError("bad", "no")


GOOGLE = "generativelanguage.googleapis.com"
GEMINI_ASK = {
    "systemInstruction": {"parts": [{"text": "Be short."}]},
    "contents": [
        {"role": "user", "parts": [{"text": "Who?"}, {"inlineData": {"mimeType": "image/png", "data": "AA"}}]}
    ],
    "generationConfig": {"temperature": 0.5, "candidateCount": 1},
}
GEMINI_ANSWER = {
    "candidates": [
        {
            "content": {"parts": [{"text": "Hm", "thought": True}, {"text": "Me."}], "role": "model"},
            "finishReason": "STOP",
            "index": 0,
        }
    ],
    "usageMetadata": {
        "promptTokenCount": 4,
        "candidatesTokenCount": 2,
        "thoughtsTokenCount": 5,
        "cachedContentTokenCount": 1,
    },
    "modelVersion": "gemini-2.5-flash",
    "responseId": "r1",
}


def test_gemini_takes_its_model_from_the_path_and_counts_thoughts_as_output():
    call = one_call("/v1beta/models/gemini-2.5-flash:generateContent?key=x", GEMINI_ASK, GEMINI_ANSWER, host=GOOGLE)
    assert (call.operation, call.served_by, call.request_model) == ("generate_content", "google", "gemini-2.5-flash")
    assert (call.input_tokens, call.output_tokens, call.cached_tokens, call.reasoning_tokens) == (4, 7, 1, 5)
    assert call.outputs == (OutputText(0, "Hm", "STOP", "reasoning"), OutputText(0, "Me.", "STOP"))
    assert call.prompt == (Message("user", "Who?\n[inlineData]"),)
    assert call.settings == {"temperature": 0.5, "candidateCount": 1}


PIECES = [
    {"candidates": [{"content": {"parts": [{"text": "M"}]}}]},
    {
        "candidates": [{"content": {"parts": [{"text": "e."}]}, "finishReason": "STOP"}],
        "usageMetadata": {"promptTokenCount": 4},
    },
]


def test_gemini_streams_as_events_and_as_a_json_array_read_the_same():
    target = "/v1beta/models/gemini-2.5-flash:streamGenerateContent"
    events = one_call(
        target + "?alt=sse", GEMINI_ASK, sse(*PIECES, done=False), host=GOOGLE, response_headers=SSE_HEADERS
    )
    array = one_call(target, GEMINI_ASK, PIECES, host=GOOGLE)
    assert events.outputs == array.outputs == (OutputText(0, "Me.", "STOP"),)
    assert (events.truncated, array.truncated, array.streamed) == (False, False, True)


def test_a_gemini_array_that_breaks_off_keeps_its_whole_pieces():
    body = json.dumps(PIECES)[:60]
    call = one_call("/v1/models/g:streamGenerateContent", GEMINI_ASK, body, host=GOOGLE, truncated=True)
    assert call.outputs == (OutputText(0, "M", None),)
    assert call.truncated


def test_vertex_serves_gemini_and_claude_by_publisher_paths():
    base = "/v1/projects/p/locations/us-central1/publishers"
    host = "us-central1-aiplatform.googleapis.com"
    gemini = one_call(f"{base}/google/models/gemini-2.0-flash:generateContent", GEMINI_ASK, GEMINI_ANSWER, host=host)
    claude = one_call(
        f"{base}/anthropic/models/claude-sonnet-4%405:rawPredict", MESSAGES | {"model": None}, MESSAGE, host=host
    )
    assert (gemini.served_by, gemini.api) == ("google-vertex", "gemini.generate_content")
    assert (claude.api, claude.request_model) == ("anthropic.messages", "claude-sonnet-4@5")


def test_gemini_embeddings_and_a_blocked_prompt():
    embed = one_call(
        "/v1beta/models/text-embedding-004:embedContent",
        {"content": {"parts": [{"text": "a"}]}},
        {"embedding": {}},
        host=GOOGLE,
    )
    blocked = one_call(
        "/v1beta/models/g:generateContent", GEMINI_ASK, {"promptFeedback": {"blockReason": "SAFETY"}}, host=GOOGLE
    )
    assert (embed.operation, embed.prompt) == ("embeddings", (Message("user", "a"),))
    assert blocked.outputs == (OutputText(0, "", "blocked: SAFETY"),)


BEDROCK = "bedrock-runtime.eu-central-1.amazonaws.com"


def frame(payload: dict, **headers: str) -> bytes:
    head = b"".join(
        bytes([len(k)]) + k.encode() + b"\x07" + struct.pack(">H", len(v)) + v.encode()
        for k, v in ((":" + k.replace("_", "-"), v) for k, v in headers.items())
    )
    body = json.dumps(payload).encode()
    prelude = struct.pack(">II", 16 + len(head) + len(body), len(head))
    message = prelude + struct.pack(">I", zlib.crc32(prelude)) + head + body
    return message + struct.pack(">I", zlib.crc32(message))


def event(kind: str, payload: dict) -> bytes:
    return frame(payload, message_type="event", event_type=kind)


EVENT_STREAM = (("Content-Type", "application/vnd.amazon.eventstream"),)


def test_bedrock_converse_streamed_or_not():
    request = {"messages": [{"role": "user", "content": [{"text": "Hi"}]}], "inferenceConfig": {"maxTokens": 9}}
    answer = {
        "output": {"message": {"role": "assistant", "content": [{"text": "Hello"}]}},
        "stopReason": "end_turn",
        "usage": {"inputTokens": 3, "outputTokens": 1},
    }
    stream = (
        event("messageStart", {"role": "assistant"})
        + event("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "Hel"}})
        + event("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "lo"}})
        + event("messageStop", {"stopReason": "end_turn"})
        + event("metadata", {"usage": {"inputTokens": 3, "outputTokens": 1}})
    )
    target = "/model/anthropic.claude-3-haiku-20240307-v1%3A0/converse"
    whole = one_call(target, request, answer, host=BEDROCK)
    streamed = one_call(target + "-stream", request, stream, host=BEDROCK, response_headers=EVENT_STREAM)
    assert whole.request_model == "anthropic.claude-3-haiku-20240307-v1:0"
    assert whole.outputs == streamed.outputs == (OutputText(0, "Hello", "end_turn"),)
    assert [(c.input_tokens, c.output_tokens, c.truncated) for c in (whole, streamed)] == [(3, 1, False)] * 2
    cut = one_call(target + "-stream", request, stream[:-150], host=BEDROCK, response_headers=EVENT_STREAM)
    assert (texts(cut), cut.truncated) == (["Hello"], True)


def test_bedrock_invoke_reads_each_vendors_shape():
    cases = [
        (
            "meta.llama3-8b-instruct-v1:0",
            {"prompt": "Hi"},
            {"generation": "Yo", "prompt_token_count": 2, "generation_token_count": 1},
        ),
        (
            "amazon.titan-text-express-v1",
            {"inputText": "Hi"},
            {"inputTextTokenCount": 2, "results": [{"outputText": "Yo", "tokenCount": 1}]},
        ),
        (
            "anthropic.claude-v2",
            {"messages": [{"role": "user", "content": "Hi"}]},
            {"content": [{"type": "text", "text": "Yo"}], "usage": {"input_tokens": 2, "output_tokens": 1}},
        ),
    ]
    for model, request, answer in cases:
        call = one_call(f"/model/{model}/invoke", request, answer, host=BEDROCK)
        assert (call.request_model, call.prompt[0].text, texts(call)) == (model, "Hi", ["Yo"])
        assert (call.input_tokens, call.output_tokens) == (2, 1)


def test_bedrock_invoke_streams_wrap_each_event_in_base64():
    def chunk(payload: dict[str, Any]) -> bytes:
        return event("chunk", {"bytes": base64.b64encode(json.dumps(payload).encode()).decode()})

    claude = b"".join(chunk(e) for e in STREAM)
    llama = chunk({"generation": "Y"}) + chunk({"generation": "o", "stop_reason": "stop", "generation_token_count": 2})
    target = "/model/x/invoke-with-response-stream"
    assert texts(one_call(target, MESSAGES, claude, host=BEDROCK, response_headers=EVENT_STREAM)) == ["Yes."]
    call = one_call(target, {"prompt": "Hi"}, llama, host=BEDROCK, response_headers=EVENT_STREAM)
    assert (texts(call), call.output_tokens, call.truncated) == (["Yo"], 2, False)


def test_bedrocks_refusal_is_an_error_by_its_header():
    headers = (("x-amzn-ErrorType", "ThrottlingException:http://x"), ("content-type", "application/json"))
    call = one_call("/model/x/converse", {}, {"message": "slow"}, host=BEDROCK, status=429, response_headers=headers)
    assert call.error == CallError("ThrottlingException", "slow")


def test_cohere_v1_and_v2_streamed_or_not():
    v1 = {
        "text": "Hello",
        "finish_reason": "COMPLETE",
        "generation_id": "g",
        "meta": {"tokens": {"input_tokens": 2.0, "output_tokens": 1.0}},
    }
    lines = "\n".join(
        json.dumps(e)
        for e in (
            {"event_type": "text-generation", "text": "Hel"},
            {"event_type": "stream-end", "response": v1, "finish_reason": "COMPLETE"},
        )
    )
    ask1 = {"model": "command-r", "message": "Hi", "chat_history": [{"role": "CHATBOT", "message": "?"}]}
    for body in (v1, lines):
        call = one_call("/v1/chat", ask1, body, host="api.cohere.com", response_headers=())
        assert (call.outputs, call.input_tokens) == ((OutputText(0, "Hello", "COMPLETE"),), 2)
    v2 = {
        "id": "c",
        "message": {"content": [{"type": "text", "text": "Hello"}]},
        "finish_reason": "COMPLETE",
        "usage": {"tokens": {"output_tokens": 1}},
    }
    events = named_sse(
        {"type": "message-start", "id": "c"},
        {"type": "content-delta", "index": 0, "delta": {"message": {"content": {"text": "Hello"}}}},
        {"type": "message-end", "delta": {"finish_reason": "COMPLETE", "usage": {"tokens": {"output_tokens": 1}}}},
    )
    ask2 = {"model": "command-a", "messages": [{"role": "user", "content": "Hi"}]}
    for body, headers in ((v2, ()), (events, SSE_HEADERS)):
        call = one_call("/v2/chat", ask2, body, host="api.cohere.com", response_headers=headers)
        assert (call.outputs, call.output_tokens, call.response_id) == ((OutputText(0, "Hello", "COMPLETE"),), 1, "c")


def test_ollama_on_this_machine_is_a_teacher_served_by_oneself():
    lines = "\n".join(
        json.dumps(e)
        for e in (
            {"model": "llama3", "message": {"role": "assistant", "content": "Hel"}, "done": False},
            {"model": "llama3", "message": {"content": "lo"}, "done": False},
            {
                "model": "llama3",
                "message": {"content": ""},
                "done": True,
                "done_reason": "stop",
                "prompt_eval_count": 5,
                "eval_count": 2,
            },
        )
    )
    call = one_call(
        "/api/chat",
        {"model": "llama3", "messages": [{"role": "user", "content": "Hi"}]},
        lines,
        host="127.0.0.1",
        response_headers=(),
    )
    assert (call.served_by, call.outputs) == ("self", (OutputText(0, "Hello", "stop"),))
    assert (call.input_tokens, call.output_tokens, call.streamed) == (5, 2, True)
    one = one_call(
        "/api/generate", {"model": "llama3", "prompt": "Hi"}, {"response": "Hello", "done": True}, host="127.0.0.1"
    )
    assert texts(one) == ["Hello"]


def test_qwen_in_its_own_format_streamed_in_wholes_or_in_pieces_reads_the_same():
    ask = {"model": "qwen-max", "input": {"messages": [{"role": "user", "content": "Hi"}]}}

    def answer(text, finish):
        choice = {"message": {"content": text}, "finish_reason": finish}
        return {"output": {"choices": [choice]}, "usage": {"input_tokens": 3, "output_tokens": 2}, "request_id": "r"}

    wholes = sse(answer("He", "null"), answer("Hello", "stop"), done=False)
    pieces = sse(answer("He", "null"), answer("llo", "stop"), done=False)
    for body, headers in ((answer("Hello", "stop"), ()), (wholes, SSE_HEADERS), (pieces, SSE_HEADERS)):
        target = "/api/v1/services/aigc/text-generation/generation"
        call = one_call(target, ask, body, host="dashscope.aliyuncs.com", response_headers=headers)
        assert (call.served_by, call.outputs) == ("alibaba-qwen", (OutputText(0, "Hello", "stop"),))
        assert (call.input_tokens, call.output_tokens, call.truncated) == (3, 2, False)


def test_text_generation_inference_and_replicate_are_read():
    tgi = one_call("/generate", {"inputs": "Hi", "parameters": {}}, {"generated_text": "Yo"}, host="10.0.0.7")
    replicate = one_call(
        "/v1/models/meta/llama/predictions",
        {"input": {"prompt": "Hi"}},
        {"output": ["Y", "o"]},
        host="api.replicate.com",
    )
    assert (tgi.served_by, texts(tgi)) == ("self", ["Yo"])
    assert (replicate.request_model, texts(replicate)) == ("meta/llama", ["Yo"])
