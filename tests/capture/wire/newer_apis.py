"""The table of newer operations of providers: exchanges as they are sent now, and what is in them."""

from __future__ import annotations

import json
from typing import Any

from tests.capture.wire.building import SSE_HEADERS, exchange, named_sse, sse
from tests.capture.wire.hidden_calls import ANSWERED, ANTHROPIC, GOOGLE, MISTRAL, NONE, OPENAI, Row, asked, get, post

BEDROCK, COHERE = "bedrock-runtime.us-east-1.amazonaws.com", "api.cohere.com"
OPENROUTER, REPLICATE, GATEWAY, VERTEX = (
    "openrouter.ai",
    "api.replicate.com",
    "llm.acme.example",
    "us-east5-aiplatform.googleapis.com",
)
MEDIUM = "mistral-medium-latest"
USED = {"prompt_tokens": 5, "completion_tokens": 7}
ITEM = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "So."}]}
DONE: dict[str, Any] = {"id": "resp_1", "model": "gpt-5", "status": "completed", "output": [ITEM]}
TOKENS = {"usage": {"input_tokens": 5, "output_tokens": 7}}
QUEUED: dict[str, Any] = {"id": "resp_1", "model": "gpt-5", "status": "queued", "output": [], "usage": None}
STEPS = [
    {"type": "thought", "summary": [{"type": "text", "text": "Hm."}]},
    {"type": "model_output", "content": [{"type": "text", "text": "So."}]},
]
INTERACTION = {
    "id": "v1_a",
    "model": "gemini-3-flash",
    "status": "completed",
    "usage": {"total_input_tokens": 5, "total_output_tokens": 4, "total_thought_tokens": 3},
}
PUT = {"model": "gemini-3-flash", "input": "Why?"}
THINKING = [{"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]}, {"type": "text", "text": "So."}]


def streamed(target: str, request: Any, body: str, host: str) -> Any:
    return exchange(target, request, body, host=host, response_headers=SSE_HEADERS)


def interaction_events(*events: dict[str, Any]) -> str:
    return "".join(f"event: {event['event_type']}\ndata: {json.dumps(event)}\n\n" for event in events)


def session(target: str, *messages: tuple[str, Any], host: str = OPENAI) -> Any:
    """A WebSocket's record: (who, what) in order; bytes stand in base64, as Google's servers send them."""
    lines = [json.dumps({"from": who, "type": "text", "text": json.dumps(what)}) for who, what in messages]
    headers = (("Upgrade", "websocket"),)
    return exchange(target, b"", "\n".join(lines), host=host, method="GET", status=101, request_headers=headers)


NEWER = [
    Row(
        "a conversation at Mistral is a call, begun and gone on with",
        "mistral",
        [
            post(
                "/v1/conversations",
                {"model": MEDIUM, "inputs": "Why?"},
                {"conversation_id": "c", "outputs": [{"type": "message.output", "content": "So."}], "usage": USED},
                MISTRAL,
            ),
            streamed(
                "/v1/conversations/c",
                {"inputs": [{"role": "user", "content": "How?"}], "stream": True},
                named_sse(
                    {"type": "conversation.response.started", "conversation_id": "c"},
                    {"type": "message.output.delta", "output_index": 0, "content": "Th"},
                    {"type": "message.output.delta", "output_index": 0, "content": {"type": "text", "text": "us."}},
                    {"type": "function.call.delta", "output_index": 1, "name": "f", "arguments": "{}"},
                    {"type": "conversation.response.done", "usage": USED},
                ),
                MISTRAL,
            ),
        ],
        [("chat", MEDIUM, ANSWERED, "Why?", ["So."]), ("chat", None, ANSWERED, "How?", ["Thus.", "{}"])],
    ),
    Row(
        "text recognised in a document",
        "mistral",
        [
            post(
                "/v1/ocr",
                {
                    "model": "mistral-ocr-latest",
                    "document": {"type": "document_url", "document_url": "https://a.example"},
                },
                {"model": "mistral-ocr", "pages": [{"markdown": "# One"}, {"markdown": "Two"}]},
                MISTRAL,
            )
        ],
        [("transcription", "mistral-ocr-latest", NONE, "[document_url]", ["# One", "Two"])],
    ),
    Row(
        "thinking in parts stays apart from what is said",
        "mistral",
        [
            post(
                "/v1/chat/completions",
                asked("Why?", "magistral"),
                {"choices": [{"message": {"content": THINKING}}], "usage": USED},
                MISTRAL,
            )
        ],
        [("chat", "magistral", ANSWERED, "Why?", ["Hm.", "So."])],
    ),
    Row(
        "an interaction that came at once, and one that was streamed",
        "google",
        [
            post("/v1beta/interactions", PUT, {**INTERACTION, "steps": STEPS}, GOOGLE),
            streamed(
                "/v1beta/interactions",
                {**PUT, "stream": True},
                interaction_events(
                    {"event_type": "interaction.created", "interaction": {"id": "v1_b", "model": "gemini-3-flash"}},
                    {"event_type": "step.start", "index": 0, "step": {"type": "model_output"}},
                    {"event_type": "step.delta", "index": 0, "delta": {"type": "text", "text": "So"}},
                    {"event_type": "step.delta", "index": 0, "delta": {"type": "text", "text": "."}},
                    {"event_type": "step.stop", "index": 0},
                    {"event_type": "interaction.completed", "interaction": {**INTERACTION, "steps": []}},
                ),
                GOOGLE,
            ),
        ],
        [
            ("generate_content", "gemini-3-flash", ANSWERED, "Why?", ["Hm.", "So."]),
            ("generate_content", "gemini-3-flash", ANSWERED, "Why?", ["So."]),
        ],
    ),
    Row(
        "an answer made in the background is read with its question, and its tokens count once",
        "openai",
        [
            post("/v1/responses", {"model": "gpt-5", "background": True, "input": "Why?"}, QUEUED),
            get("/v1/responses/resp_1", QUEUED),
            get("/v1/responses/resp_1", {**DONE, **TOKENS}),
            get("/v1/responses/resp_1", {**DONE, **TOKENS}),
        ],
        [
            ("create_response", "gpt-5", NONE, "Why?", []),
            ("retrieve_response", "gpt-5", ANSWERED, "Why?", ["So."]),
            ("retrieve_response", None, NONE, None, ["So."]),
        ],
    ),
    Row(
        "an answer that was told at once and read again",
        "openai",
        [
            post("/v1/responses", {"model": "gpt-5", "input": "Why?"}, {**DONE, **TOKENS}),
            get("/v1/responses/resp_1", {**DONE, **TOKENS}),
        ],
        [
            ("create_response", "gpt-5", ANSWERED, "Why?", ["So."]),
            ("retrieve_response", None, NONE, None, ["So."]),
        ],
    ),
    Row(
        "a prediction that is polled for",
        "replicate",
        [
            post(
                "/v1/models/meta/llama-3/predictions",
                {"input": {"prompt": "Why?"}},
                {"id": "p", "status": "starting"},
                REPLICATE,
            ),
            get("/v1/predictions/p", {"id": "p", "status": "processing", "output": None}, REPLICATE),
            get(
                "/v1/predictions/p",
                {"id": "p", "output": ["S", "o."], "metrics": {"input_token_count": 5, "output_token_count": 7}},
                REPLICATE,
            ),
        ],
        [
            ("text_completion", "meta/llama-3", NONE, "Why?", []),
            ("retrieve_response", "meta/llama-3", ANSWERED, "Why?", ["So."]),
        ],
    ),
    Row(
        "answers read from a stored conversation and from a list of stored completions",
        "openai",
        [
            get("/v1/conversations/c/items", {"data": [{**ITEM, "role": "user"}, ITEM]}),
            get("/v1/chat/completions?limit=1", {"data": [{"id": "c", "choices": [{"message": {"content": "So."}}]}]}),
            get("/v1/chat/completions/c", {"id": "c", "choices": [{"message": {"content": "So."}}]}),
        ],
        [
            ("retrieve_messages", None, NONE, None, ["So."]),
            ("retrieve_response", None, NONE, None, ["So."]),
            ("retrieve_response", None, NONE, None, ["So."]),
        ],
    ),
    Row(
        "answers read through a gateway that nobody knows",
        "",
        [
            get("/v1/responses/resp_1", DONE, GATEWAY),
            get(
                "/v1/files/f/content",
                {"custom_id": "1", "response": {"body": {"choices": [{"message": {"content": "So."}}]}}},
                GATEWAY,
            ),
        ],
        [("retrieve_response", None, NONE, None, ["So."]), ("chat", None, NONE, None, ["So."])],
    ),
    Row(
        "a file that a model's tool wrote",
        "anthropic",
        [exchange("/v1/files/f/content", b"", b"a,b\n1,2\n", host=ANTHROPIC, method="GET", response_headers=())],
        [("retrieve_file", None, NONE, None, ["a,b\n1,2\n"])],
    ),
    Row(
        "a custom tool whose call is streamed",
        "openai",
        [
            streamed(
                "/v1/chat/completions",
                asked("Why?"),
                sse(
                    {"choices": [{"delta": {"tool_calls": [{"index": 0, "custom": {"name": "code", "input": ""}}]}}]},
                    {
                        "choices": [
                            {
                                "delta": {"tool_calls": [{"index": 0, "custom": {"input": "print(1)"}}]},
                                "finish_reason": "tool_calls",
                            }
                        ]
                    },
                    {"choices": [], "usage": USED},
                ),
                OPENAI,
            )
        ],
        [("chat", "gpt-4o", ANSWERED, "Why?", ["print(1)"])],
    ),
    Row(
        "what a model plans before it calls a tool",
        "cohere",
        [
            post(
                "/v2/chat",
                asked("Why?", "command-a"),
                {
                    "message": {"tool_plan": "I look.", "tool_calls": [{"function": {"name": "f", "arguments": "{}"}}]},
                    "usage": {"tokens": {"input_tokens": 5, "output_tokens": 7}},
                },
                COHERE,
            )
        ],
        [("chat", "command-a", ANSWERED, "Why?", ["I look.", "{}"])],
    ),
    Row(
        "an answer with its sources",
        "amazon-bedrock",
        [
            post(
                "/model/amazon.nova-pro-v1:0/converse",
                {"messages": [{"role": "user", "content": [{"text": "Why?"}]}]},
                {
                    "output": {"message": {"content": [{"citationsContent": {"content": [{"text": "So."}]}}]}},
                    "usage": {"inputTokens": 5, "outputTokens": 7},
                },
                BEDROCK,
            )
        ],
        [("chat", "amazon.nova-pro-v1:0", ANSWERED, "Why?", ["So."])],
    ),
    Row(
        "tokens counted by Vertex and by the responses API",
        "google-vertex",
        [
            post(
                "/v1/projects/p/locations/l/publishers/anthropic/models/count-tokens:rawPredict",
                asked("Why?", "claude"),
                {"input_tokens": 5},
                VERTEX,
            )
        ],
        [("count_tokens", "claude", NONE, "Why?", [])],
    ),
    Row(
        "responses over a WebSocket, two under way at once",
        "openai",
        [
            session(
                "/v1/responses",
                (
                    "client",
                    {"type": "response.create", "model": "gpt-5", "input": "Warm", "generate": False, "stream_id": "a"},
                ),
                ("upstream", {"type": "response.completed", "stream_id": "a", "response": {**DONE, "output": []}}),
                ("client", {"type": "response.create", "model": "gpt-5", "input": "Why?", "stream_id": "a"}),
                ("client", {"type": "response.create", "model": "gpt-5", "input": "How?", "stream_id": "b"}),
                ("upstream", {"type": "response.output_text.delta", "stream_id": "b", "delta": "Th"}),
                ("upstream", {"type": "response.completed", "stream_id": "a", "response": {**DONE, **TOKENS}}),
            )
        ],
        [("create_response", "gpt-5", ANSWERED, "Why?", ["So."]), ("create_response", "gpt-5", NONE, "How?", ["Th"])],
    ),
    Row(
        "a Live session",
        "google",
        [
            session(
                "/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent?key=k",
                (
                    "client",
                    {"setup": {"model": "models/gemini-live", "systemInstruction": {"parts": [{"text": "Be brief."}]}}},
                ),
                ("upstream", {"setupComplete": {}}),
                (
                    "client",
                    {
                        "client_content": {
                            "turns": [{"role": "user", "parts": [{"text": "Why?"}]}],
                            "turn_complete": True,
                        }
                    },
                ),
                ("upstream", {"serverContent": {"modelTurn": {"parts": [{"text": "S"}]}}}),
                ("upstream", {"serverContent": {"modelTurn": {"parts": [{"text": "o."}]}}}),
                (
                    "upstream",
                    {
                        "serverContent": {"turnComplete": True},
                        "usageMetadata": {"promptTokenCount": 5, "responseTokenCount": 7},
                    },
                ),
                ("client", {"realtimeInput": {"text": "How?"}}),
                ("upstream", {"toolCall": {"functionCalls": [{"name": "look", "args": {}}]}}),
                host=GOOGLE,
            )
        ],
        [
            ("generate_content", "gemini-live", ANSWERED, "Why?", ["So."]),
            ("generate_content", "gemini-live", NONE, "How?", ["{}"]),
        ],
    ),
    Row(
        "a picture from a model that could have said something",
        "openrouter",
        [
            post(
                "/api/v1/chat/completions",
                asked("A cat", "google/gemini-image"),
                {"choices": [{"message": {"content": "", "images": [{"image_url": {"url": "data:"}}]}}], "usage": USED},
                OPENROUTER,
            )
        ],
        [("image_generation", "google/gemini-image", ANSWERED, "A cat", [""])],
    ),
]
