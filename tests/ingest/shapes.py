"""One record of each further tool: invented values in the tools' own shapes."""

import json
from typing import Any

QUESTION, ANSWER = "Name three rivers.", "Rhine, Nile, Amazon."
NANOS = "1795176001250000000"

LANGFUSE: list[dict[str, Any]] = [
    {
        "id": "obs-1",
        "traceId": "t-1",
        "type": "GENERATION",
        "name": "answer",
        "startTime": "2026-11-20T12:00:01.250Z",
        "endTime": "2026-11-20T12:00:02Z",
        "model": "claude-sonnet-4-5",
        "level": "DEFAULT",
        "userId": "u-9",
        "input": {"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": QUESTION}]},
        "output": {"role": "assistant", "content": ANSWER},
        "usageDetails": {"input": 500, "input_cached_tokens": 1000, "output": 90, "total": 1590},
        "costDetails": {"input": 0.004, "output": 0.0018, "total": 0.0058},
    },
    {
        "id": "obs-2",
        "traceId": "t-1",
        "type": "SPAN",
        "name": "retrieve",
        "startTime": "2026-11-20T12:00:00Z",
        "model": None,
    },
]


def _attributes(**values: Any) -> list[dict[str, Any]]:
    return [
        {"key": key, "value": {"intValue": str(value)} if isinstance(value, int) else {"stringValue": value}}
        for key, value in values.items()
    ]


def otlp_span(number: int, **values: Any) -> dict[str, Any]:
    return {
        "traceId": "5b8efff798038103d269b633813fc60c",
        "spanId": f"eee19b7ec3c1b17{number}",
        "name": "span",
        "startTimeUnixNano": NANOS,
        "endTimeUnixNano": NANOS,
        "attributes": _attributes(**values),
        "status": {},
    }


OTLP: dict[str, Any] = {
    "resourceSpans": [
        {
            "resource": {"attributes": _attributes(**{"service.name": "triage"})},
            "scopeSpans": [
                {
                    "spans": [
                        otlp_span(
                            1, **{"gen_ai.operation.name": "invoke_agent", "gen_ai.request.model": "gpt-4.1-mini"}
                        ),
                        otlp_span(
                            2,
                            **{
                                "gen_ai.operation.name": "chat",
                                "gen_ai.provider.name": "openai",
                                "server.address": "api.openai.com",
                                "gen_ai.request.model": "gpt-4.1-mini",
                                "gen_ai.response.model": "gpt-4.1-mini-2025-04-14",
                                "gen_ai.usage.input_tokens": 120,
                                "gen_ai.usage.output_tokens": 80,
                                "gen_ai.input.messages": json.dumps(
                                    [{"role": "user", "parts": [{"type": "text", "content": QUESTION}]}]
                                ),
                            },
                        ),
                        otlp_span(3, **{"gen_ai.operation.name": "execute_tool"}),
                    ]
                }
            ],
        }
    ]
}

OPENINFERENCE_SPAN = otlp_span(
    4,
    **{
        "openinference.span.kind": "LLM",
        "llm.model_name": "mistral-large",
        "llm.provider": "mistralai",
        "llm.token_count.prompt": 11,
        "llm.token_count.completion": 3,
        "input.value": QUESTION,
        "output.value": "Rhine.",
    },
)

_MLFLOW = {
    "mlflow.spanType": '"CHAT_MODEL"',
    "mlflow.spanInputs": json.dumps({"model": "gpt-4.1-mini", "messages": [{"role": "user", "content": QUESTION}]}),
    "mlflow.spanOutputs": json.dumps({"choices": [{"message": {"role": "assistant", "content": ANSWER}}]}),
    "mlflow.chat.tokenUsage": json.dumps({"input_tokens": 12, "output_tokens": 34, "total_tokens": 46}),
}
MLFLOW_2: dict[str, Any] = {
    "info": {"request_id": "tr-1", "experiment_id": "7", "timestamp_ms": 1795176001250, "status": "OK"},
    "data": {
        "spans": [
            {
                "name": "chain",
                "context": {"span_id": "0x1", "trace_id": "0xa"},
                "start_time": int(NANOS),
                "attributes": {"mlflow.spanType": '"CHAIN"'},
            },
            {
                "name": "chat",
                "context": {"span_id": "0x2", "trace_id": "0xa"},
                "parent_id": "0x1",
                "start_time": int(NANOS),
                "status_code": "OK",
                "attributes": _MLFLOW,
            },
        ]
    },
}
MLFLOW_3: dict[str, Any] = {
    "info": {
        "trace_id": "tr-1",
        "trace_location": {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": "7"}},
    },
    "data": {
        "spans": [
            {
                "trace_id": "q6Lw",
                "span_id": "Vgg=",
                "parent_span_id": "",
                "name": "chat",
                "start_time_unix_nano": int(NANOS),
                "status": {"code": "STATUS_CODE_OK"},
                "attributes": _MLFLOW,
            },
        ]
    },
}

HELICONE: dict[str, Any] = {
    "request_id": "6b1c",
    "request_created_at": "2026-11-20T12:00:01.250Z",
    "request_model": "gpt-4.1-mini",
    "provider": "OPENAI",
    "response_status": 200,
    "request_path": "https://api.openai.com/v1/chat/completions",
    "prompt_tokens": 9,
    "completion_tokens": 3,
    "costUSD": 0.0012,
    "request_user_id": "u-9",
    "request_body": {"model": "gpt-4.1-mini", "messages": [{"role": "user", "content": QUESTION}]},
    "response_body": {"choices": [{"message": {"role": "assistant", "content": ANSWER}}]},
}

_DAY = {"object": "bucket", "start_time": 1795132800, "end_time": 1795219200}
OPENAI_USAGE: dict[str, Any] = {
    "object": "page",
    "has_more": False,
    "next_page": None,
    "data": [
        {
            **_DAY,
            "results": [
                {
                    "object": "organization.usage.completions.result",
                    "input_tokens": 1000,
                    "output_tokens": 500,
                    "input_cached_tokens": 800,
                    "num_model_requests": 5,
                    "project_id": "proj_1",
                    "user_id": None,
                    "api_key_id": None,
                    "model": "gpt-4.1-mini-2025-04-14",
                },
                {
                    "object": "organization.usage.completions.result",
                    "input_tokens": 0,
                    "output_tokens": 0,
                    "num_model_requests": 0,
                    "project_id": "proj_2",
                    "model": "gpt-4.1",
                },
            ],
        }
    ],
}
OPENAI_COSTS: dict[str, Any] = {
    "object": "page",
    "data": [
        {
            **_DAY,
            "results": [
                {
                    "object": "organization.costs.result",
                    "amount": {"value": 0.06, "currency": "usd"},
                    "line_item": "gpt-4.1-mini-2025-04-14, input",
                    "project_id": "proj_1",
                },
            ],
        }
    ],
}

_BUCKET = {"starting_at": "2026-11-20T00:00:00Z", "ending_at": "2026-11-21T00:00:00Z"}
ANTHROPIC_USAGE: dict[str, Any] = {
    "data": [
        {
            **_BUCKET,
            "results": [
                {
                    "uncached_input_tokens": 1500,
                    "cache_creation": {"ephemeral_1h_input_tokens": 1000, "ephemeral_5m_input_tokens": 500},
                    "cache_read_input_tokens": 200,
                    "output_tokens": 500,
                    "server_tool_use": {"web_search_requests": 10},
                    "api_key_id": "apikey_1",
                    "workspace_id": "wrkspc_1",
                    "model": "claude-sonnet-4-5",
                    "service_tier": "standard",
                    "context_window": "0-200k",
                },
            ],
        }
    ],
    "has_more": False,
}
ANTHROPIC_COSTS: dict[str, Any] = {
    "data": [
        {
            **_BUCKET,
            "results": [
                {
                    "currency": "USD",
                    "amount": "123.78912",
                    "workspace_id": "wrkspc_1",
                    "description": "Claude Sonnet 4.5 Usage - Input Tokens",
                    "cost_type": "tokens",
                    "model": "claude-sonnet-4-5",
                    "token_type": "uncached_input_tokens",
                },
            ],
        }
    ],
}

BEDROCK: dict[str, Any] = {
    "schemaType": "ModelInvocationLog",
    "schemaVersion": "1.0",
    "timestamp": "2026-11-20T12:00:01Z",
    "accountId": "123456789012",
    "identity": {"arn": "arn:aws:sts::123456789012:assumed-role/triage-role"},
    "region": "us-east-1",
    "requestId": "915a6a04-3f83-4c70-a277-7fbf7ea546b3",
    "operation": "Converse",
    "modelId": "anthropic.claude-3-haiku-20240307-v1:0",
    "input": {
        "inputContentType": "application/json",
        "inputTokenCount": 35,
        "inputBodyJson": {"messages": [{"role": "user", "content": [{"text": QUESTION}]}]},
    },
    "output": {
        "outputContentType": "application/json",
        "outputTokenCount": 446,
        "outputBodyJson": {"output": {"message": {"role": "assistant", "content": [{"text": ANSWER}]}}},
    },
}

AZURE: list[dict[str, Any]] = [
    {
        "time": "2026-11-20T12:00:01.2500000Z",
        "category": "RequestResponse",
        "operationName": "ChatCompletions_Create",
        "resourceId": "/SUBSCRIPTIONS/1/RESOURCEGROUPS/R/PROVIDERS/MICROSOFT.COGNITIVESERVICES/ACCOUNTS/ACME",
        "resultSignature": "200",
        "durationMs": 1500,
        "callerIPAddress": "10.0.0.*",
        "correlationId": "c-1",
        "properties": json.dumps(
            {
                "apiName": "Azure OpenAI API",
                "requestTime": 1,
                "modelDeploymentName": "mini",
                "modelName": "gpt-4.1-mini",
                "modelVersion": "2025-04-14",
                "streamType": "Non-Streaming",
            }
        ),
    },
    {"time": "2026-11-20T12:00:01Z", "category": "Audit", "operationName": "ListKey"},
]

_REQUEST = json.dumps({"model": "gpt-4.1-mini", "messages": [{"role": "user", "content": QUESTION}]})
_RESPONSE = json.dumps(
    {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "model": "gpt-4.1-mini-2025-04-14",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "Rhine."}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11},
    }
)
HAR: dict[str, Any] = {
    "log": {
        "version": "1.2",
        "entries": [
            {
                "startedDateTime": "2026-11-20T12:00:01.250Z",
                "request": {
                    "method": "POST",
                    "url": "https://api.openai.com/v1/chat/completions",
                    "httpVersion": "HTTP/2",
                    "headers": [
                        {"name": "Authorization", "value": "Bearer sk-proj-0123456789abcdefghij"},
                        {"name": "Content-Type", "value": "application/json"},
                    ],
                    "postData": {"mimeType": "application/json", "text": _REQUEST},
                },
                "response": {
                    "status": 200,
                    "headers": [
                        {"name": "content-type", "value": "application/json"},
                        {"name": "content-encoding", "value": "br"},
                    ],
                    "content": {"mimeType": "application/json", "text": _RESPONSE},
                },
            },
            {
                "startedDateTime": "2026-11-20T12:00:00Z",
                "request": {"method": "GET", "url": "https://huggingface.co/style.css", "headers": []},
                "response": {"status": 200, "headers": [], "content": {}},
            },
        ],
    }
}


def netstring(value: Any) -> bytes:
    """A value as mitmproxy writes it."""
    if isinstance(value, bytes):
        return _typed(value, b",")
    if isinstance(value, str):
        return _typed(value.encode(), b";")
    if value is None:
        return b"0:~"
    if isinstance(value, bool):
        return _typed(b"true" if value else b"false", b"!")
    if isinstance(value, int | float):
        return _typed(str(value).encode(), b"#" if isinstance(value, int) else b"^")
    if isinstance(value, dict):
        return _typed(b"".join(netstring(key) + netstring(one) for key, one in value.items()), b"}")
    return _typed(b"".join(map(netstring, value)), b"]")


def _typed(data: bytes, kind: bytes) -> bytes:
    return b"%d:" % len(data) + data + kind


def flows() -> bytes:
    """A saved flow of mitmproxy, and one that is no HTTP."""
    flow = {
        "version": 21,
        "type": "http",
        "id": "f1",
        "request": {
            "host": "api.openai.com",
            "port": 443,
            "method": b"POST",
            "scheme": b"https",
            "path": b"/v1/chat/completions",
            "headers": [
                [b"authorization", b"Bearer sk-proj-0123456789abcdefghij"],
                [b"content-type", b"application/json"],
            ],
            "content": _REQUEST.encode(),
            "timestamp_start": 1795176001.25,
        },
        "response": {
            "status_code": 200,
            "headers": [[b"content-type", b"application/json"]],
            "content": _RESPONSE.encode(),
        },
    }
    return netstring(flow) + netstring({"type": "tcp", "id": "f2"})
