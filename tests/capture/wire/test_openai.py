import json

from audits.capture.wire import CallError, Message, OutputText
from tests.capture.wire.building import SSE_HEADERS, named_sse, one_call, parsed, sse, texts

CHAT = "/v1/chat/completions"
ASK = {
    "model": "gpt-4o",
    "temperature": 0.2,
    "n": 2,
    "logprobs": True,
    "messages": [
        {"role": "system", "content": "Be short."},
        {
            "role": "user",
            "content": [{"type": "text", "text": "Who?"}, {"type": "image_url", "image_url": {"url": "x"}}],
        },
    ],
}
ANSWER = {
    "id": "chatcmpl-1",
    "model": "gpt-4o-2024-08-06",
    "choices": [
        {"index": 0, "message": {"role": "assistant", "content": "Me."}, "finish_reason": "stop"},
        {"index": 1, "message": {"role": "assistant", "content": "You."}, "finish_reason": "length"},
    ],
    "usage": {
        "prompt_tokens": 11,
        "completion_tokens": 5,
        "prompt_tokens_details": {"cached_tokens": 4},
        "completion_tokens_details": {"reasoning_tokens": 2},
    },
}


def test_a_chat_completion_gives_model_ids_usage_settings_prompt_and_every_choice():
    call = one_call(CHAT, ASK, ANSWER)
    assert (call.operation, call.api, call.served_by) == ("chat", "openai.chat", "openai")
    assert (call.request_model, call.response_model, call.response_id) == ("gpt-4o", "gpt-4o-2024-08-06", "chatcmpl-1")
    assert (call.input_tokens, call.output_tokens, call.cached_tokens, call.reasoning_tokens) == (11, 5, 4, 2)
    assert call.usage_source == "reported"
    assert call.settings == {"temperature": 0.2, "n": 2, "logprobs": True}
    assert call.system == "Be short."
    assert call.prompt == (Message("user", "Who?\n[image_url]"),)
    assert call.outputs == (OutputText(0, "Me.", "stop"), OutputText(1, "You.", "length"))
    assert call.error is None
    assert not call.streamed
    assert not call.truncated


def test_a_streamed_chat_completion_reads_as_the_same_answer_with_usage_from_its_last_chunk():
    def chunk(index, finish=None, **delta):
        return {"id": "c1", "model": "gpt-4o", "choices": [{"index": index, "delta": delta, "finish_reason": finish}]}

    body = sse(
        chunk(0, role="assistant", content=""),
        chunk(0, content="M"),
        chunk(1, content="Yo"),
        chunk(0, content="e."),
        chunk(1, "length", content="u."),
        chunk(0, "stop"),
        {"id": "c1", "model": "gpt-4o", "choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 4}},
    )
    call = one_call(CHAT, {**ASK, "stream": True}, body, response_headers=SSE_HEADERS)
    assert call.streamed
    assert not call.truncated
    assert call.outputs == (OutputText(0, "Me.", "stop"), OutputText(1, "You.", "length"))
    assert (call.input_tokens, call.output_tokens) == (3, 4)


def test_a_stream_without_usage_says_that_usage_is_absent():
    body = sse({"choices": [{"index": 0, "delta": {"content": "x"}, "finish_reason": "stop"}]})
    call = one_call(CHAT, ASK, body, response_headers=SSE_HEADERS)
    assert (call.usage_source, call.input_tokens) == ("absent", None)


def test_a_broken_off_stream_keeps_the_text_so_far_without_a_finish_reason():
    body = (
        sse({"id": "c1", "choices": [{"index": 0, "delta": {"content": "Once upon"}}]}, done=False)
        + 'data: {"id": "c1", "ch'
    )
    call = one_call(CHAT, ASK, body, response_headers=SSE_HEADERS, truncated=True)
    assert call.outputs == (OutputText(0, "Once upon", None),)
    assert call.truncated
    assert call.error is None


def test_tool_calls_are_outputs_with_their_arguments_as_written_streamed_or_not():
    arguments = '{"city": "Bern",\n "n": 1}'
    whole = {
        "choices": [{"message": {"content": None, "tool_calls": [{"function": {"name": "f", "arguments": arguments}}]}}]
    }
    head = {
        "choices": [{"delta": {"tool_calls": [{"index": 0, "function": {"name": "f", "arguments": arguments[:9]}}]}}]
    }
    tail = {"choices": [{"delta": {"tool_calls": [{"index": 0, "function": {"arguments": arguments[9:]}}]}}]}
    end = {"choices": [{"delta": {}, "finish_reason": "tool_calls"}]}
    assert one_call(CHAT, ASK, whole).outputs == (OutputText(0, arguments, None, "tool_call", "f"),)
    streamed = one_call(CHAT, ASK, sse(head, tail, end), response_headers=SSE_HEADERS)
    assert streamed.outputs == (OutputText(0, arguments, "tool_calls", "tool_call", "f"),)


def test_the_reasoning_of_deepseek_is_kept_apart_from_its_answer_streamed_or_not():
    whole = {"model": "deepseek-reasoner", "choices": [{"message": {"reasoning_content": "Hm.", "content": "42"}}]}
    pieces = sse(
        {"choices": [{"index": 0, "delta": {"reasoning_content": "H", "content": None}}]},
        {"choices": [{"index": 0, "delta": {"reasoning_content": "m."}}]},
        {"choices": [{"index": 0, "delta": {"content": "42"}, "finish_reason": "stop"}]},
    )
    for body, headers in ((whole, ()), (pieces, SSE_HEADERS)):
        call = one_call("/chat/completions", ASK, body, host="api.deepseek.com", response_headers=headers)
        assert call.served_by == "deepseek"
        assert texts(call, "reasoning") == ["Hm."]
        assert texts(call) == ["42"]


def test_an_azure_deployment_is_named_and_stands_in_for_the_model():
    target = "/openai/deployments/my-gpt/chat/completions?api-version=2024-10-21"
    call = one_call(target, {"messages": []}, ANSWER, host="acme.openai.azure.com")
    assert (call.served_by, call.request_model) == ("azure", "my-gpt")
    assert call.settings["deployment"] == "my-gpt"
    assert call.response_model == "gpt-4o-2024-08-06"


def test_an_openai_compatible_server_on_an_unknown_host_is_a_call_served_by_nobody_known():
    call = one_call("/llm/v1/chat/completions", ASK, ANSWER, host="models.acme.example")
    assert (call.api, call.served_by, len(call.outputs)) == ("openai.chat", None, 2)


def test_a_chat_on_an_unknown_path_is_told_by_its_shape_and_says_so():
    call = one_call("/backend/ask", ASK, ANSWER, host="models.acme.example")
    assert call.api == "openai.chat"
    assert call.notes == ("told by the shape of its bodies: no parser knows the path",)


def test_several_prompts_in_one_completion_are_one_call_with_all_its_choices():
    request = {"model": "davinci-002", "prompt": ["a", "b"], "n": 1}
    answer = {"choices": [{"index": 0, "text": "A", "finish_reason": "stop"}, {"index": 1, "text": "B"}], "usage": {}}
    call = one_call("/v1/completions", request, answer)
    assert call.operation == "text_completion"
    assert [m.text for m in call.prompt] == ["a", "b"]
    assert texts(call) == ["A", "B"]


def test_a_streamed_completion_is_joined():
    body = sse(
        {"choices": [{"index": 0, "text": "A"}]}, {"choices": [{"index": 0, "text": "B", "finish_reason": "stop"}]}
    )
    call = one_call("/v1/completions", {"model": "m", "prompt": "p"}, body, response_headers=SSE_HEADERS)
    assert call.outputs == (OutputText(0, "AB", "stop"),)


RESPONSE = {
    "id": "resp_1",
    "model": "gpt-5",
    "status": "completed",
    "error": None,
    "output": [
        {"type": "reasoning", "summary": [{"type": "summary_text", "text": "Think"}]},
        {"type": "message", "content": [{"type": "output_text", "text": "Hello"}]},
        {"type": "function_call", "name": "f", "arguments": "{}"},
    ],
    "usage": {"input_tokens": 9, "output_tokens": 7, "output_tokens_details": {"reasoning_tokens": 3}},
}


def test_a_response_gives_its_items_in_order():
    call = one_call("/v1/responses", {"model": "gpt-5", "instructions": "Be kind.", "input": "Hi"}, RESPONSE)
    assert call.operation == "create_response"
    assert (call.system, call.prompt) == ("Be kind.", (Message("user", "Hi"),))
    assert [(o.kind, o.text) for o in call.outputs] == [("reasoning", "Think"), ("text", "Hello"), ("tool_call", "{}")]
    assert (call.input_tokens, call.output_tokens, call.reasoning_tokens) == (9, 7, 3)


def test_a_streamed_response_is_its_last_event_and_when_broken_off_its_deltas():
    created = {"type": "response.created", "response": {"id": "resp_1", "model": "gpt-5", "status": "in_progress"}}
    delta = {"type": "response.output_text.delta", "output_index": 1, "delta": "Hel"}
    more = {"type": "response.output_text.delta", "output_index": 1, "delta": "lo"}
    request = {"model": "gpt-5", "input": [{"role": "user", "content": [{"type": "input_text", "text": "Hi"}]}]}
    completed = {"type": "response.completed", "response": RESPONSE}
    full = one_call("/v1/responses", request, named_sse(created, delta, more, completed), response_headers=SSE_HEADERS)
    assert texts(full) == ["Hello"]
    assert full.usage_source == "reported"
    broken = one_call("/v1/responses", request, named_sse(created, delta, more), response_headers=SSE_HEADERS)
    assert broken.outputs == (OutputText(0, "Hello", None),)
    assert (broken.truncated, broken.response_model) == (True, "gpt-5")


def test_embeddings_give_texts_model_and_usage_but_no_output():
    answer = {
        "object": "list",
        "model": "text-embedding-3-small",
        "data": [{"embedding": [0.1]}],
        "usage": {"prompt_tokens": 2},
    }
    call = one_call("/v1/embeddings", {"model": "text-embedding-3-small", "input": ["a", "b"]}, answer)
    assert (call.operation, call.output_modality, call.input_tokens, call.outputs) == ("embeddings", "embedding", 2, ())
    assert [m.text for m in call.prompt] == ["a", "b"]


def test_images_and_speech_are_recognised_without_text():
    image = one_call(
        "/v1/images/generations", {"model": "gpt-image-1", "prompt": "a cat"}, {"data": [{"b64_json": "AA"}]}
    )
    speech = one_call(
        "/v1/audio/speech",
        {"model": "tts-1", "input": "hi"},
        b"\xff\xf3",
        response_headers=(("content-type", "audio/mpeg"),),
    )
    assert [(c.operation, c.output_modality, c.outputs) for c in (image, speech)] == [
        ("image_generation", "image", ()),
        ("speech", "audio", ()),
    ]


def test_a_file_for_a_batch_shows_its_lines_and_the_models_they_ask():
    line = json.dumps({"custom_id": "1", "body": {"model": "gpt-4o", "messages": [{"role": "user", "content": "Q1"}]}})
    body = (
        '--B\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nbatch\r\n'
        f'--B\r\nContent-Disposition: form-data; name="file"; filename="in.jsonl"\r\n\r\n{line}\n\r\n--B--\r\n'
    )
    headers = (("Content-Type", "multipart/form-data; boundary=B"),)
    call = one_call("/v1/files", body, {"id": "file-1"}, request_headers=headers)
    assert (call.operation, call.request_model, call.response_id) == ("file_upload", "gpt-4o", "file-1")
    assert call.settings == {"lines": 1, "purpose": "batch", "filename": "in.jsonl", "models": "gpt-4o"}
    assert call.prompt == (Message("file", "Q1"),)


def test_batches_and_fine_tuning_are_operations_of_their_own():
    batch = one_call("/v1/batches", {"input_file_id": "file-1", "endpoint": "/v1/chat/completions"}, {"id": "batch_1"})
    tune = one_call("/v1/fine_tuning/jobs", {"model": "gpt-4o-mini", "training_file": "file-2"}, {"id": "ftjob-1"})
    assert (batch.operation, batch.settings["input_file_id"]) == ("batch", "file-1")
    assert (tune.operation, tune.request_model, tune.settings["training_file"]) == (
        "fine_tune",
        "gpt-4o-mini",
        "file-2",
    )


def test_every_line_of_a_batch_result_is_a_call_with_its_answer():
    lines = [
        {"custom_id": "a", "response": {"status_code": 200, "body": ANSWER}},
        {"custom_id": "b", "response": {"status_code": 400, "body": {"error": {"type": "bad", "message": "no"}}}},
    ]
    body = "\n".join(json.dumps(line) for line in lines)
    found = parsed("/v1/files/file-9/content", b"", body, method="GET")
    assert [c.index for c in found.calls] == [0, 1]
    assert texts(found.calls[0]) == ["Me.", "You."]
    assert found.calls[1].error == CallError("bad", "no")


def test_an_error_answer_is_a_failed_call_in_the_providers_words():
    error = {"error": {"type": "insufficient_quota", "message": "You ran out.", "code": None}}
    call = one_call(CHAT, ASK, error, status=429)
    assert call.error == CallError("insufficient_quota", "You ran out.")
    assert (call.request_model, call.outputs) == ("gpt-4o", ())


def test_an_error_in_the_middle_of_a_stream_fails_the_call_and_keeps_the_text():
    body = sse(
        {"choices": [{"delta": {"content": "Par"}}]}, {"error": {"type": "server_error", "message": "oops"}}, done=False
    )
    call = one_call(CHAT, ASK, body, response_headers=SSE_HEADERS)
    assert call.error == CallError("server_error", "oops")
    assert texts(call) == ["Par"]


def test_a_gateways_html_error_and_a_missing_response_are_failed_calls_not_unparsed_ones():
    html = one_call(
        CHAT, ASK, "<html>Bad Gateway</html>", status=502, response_headers=(("content-type", "text/html"),)
    )
    none = one_call(CHAT, ASK, b"", status=None, response_headers=())
    assert html.error == CallError("http_502", "")
    assert none.error == CallError("no_response", "the connection ended before a response began")


def test_a_redirect_is_a_failed_call_not_an_unparsed_one():
    call = one_call(CHAT, ASK, b"", status=307, response_headers=(("location", "/elsewhere"),))
    assert call.error == CallError("http_307", "")


def test_an_unreadable_success_is_unparsed_and_keeps_what_the_request_said():
    found = parsed(CHAT, ASK, "surely not JSON")
    assert found.unparsed is not None
    assert found.unparsed.startswith("response: not JSON")
    assert found.calls[0].request_model == "gpt-4o"


def test_a_repeated_key_is_noticed_because_readers_differ_on_it():
    found = parsed(CHAT, b'{"model": "gpt-4o", "model": "gpt-3.5-turbo", "messages": []}', ANSWER)
    assert found.calls[0].request_model == "gpt-3.5-turbo"
    assert "it repeats a key" in (found.unparsed or "")
