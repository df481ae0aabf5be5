"""Records in the shapes that the tools were seen to write (docs/ingest.md names version and day); every value is invented."""

import json
from typing import Any

from tests.ingest.shapes import ANSWER, QUESTION, netstring

ASKED: dict[str, Any] = {"model": "acme-large", "messages": [{"role": "user", "content": QUESTION}]}
ANSWERED: dict[str, Any] = {
    "id": "chatcmpl-A1b2C3d4E5f6G7h8", "object": "chat.completion", "model": "acme-large-2026-05-01",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": ANSWER}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 9, "completion_tokens": 5, "total_tokens": 14},
}  # fmt: skip


def litellm_payload(**fields: Any) -> dict[str, Any]:
    """What LiteLLM gives a custom logger, without what no reader looks at."""
    return {
        "id": ANSWERED["id"], "litellm_call_id": "35e0a22d-53f1-4a7d-b7db-dc31a8ace4a5", "trace_id": "a2a96717",
        "call_type": "completion", "cache_hit": None, "stream": None, "status": "success", "custom_llm_provider": "openai",
        "startTime": 1795176001.528, "endTime": 1795176007.769, "model": "acme-large", "metadata": {"user_api_key_hash": None},
        "response_cost": 1.04e-05, "total_tokens": 14, "prompt_tokens": 9, "completion_tokens": 5, "end_user": None,
        "api_base": "http://gateway.acme.example:4000/v1", "messages": ASKED["messages"], "response": ANSWERED,
        "error_information": {"error_code": "", "error_class": "", "llm_provider": ""}, **fields,
    }  # fmt: skip


def langfuse_row(**fields: Any) -> dict[str, Any]:
    """An observation as the export of the table of observations writes it."""
    return {
        "id": "0b1c", "traceId": "t-1", "startTime": "2026-11-20T12:00:01.250Z", "type": "GENERATION", "environment": "default",
        "level": "DEFAULT", "model": "claude-sonnet-4-5", "input": ASKED["messages"], "output": ANSWER,
        "usageDetails": {"input": 5, "cache_read_input_tokens": 4, "cache_creation_input_tokens": 2, "output": 3, "total": 14},
        "inputUsage": 11, "outputUsage": 3, "totalUsage": 14, "costDetails": {"input": 0.01, "output": 0.002}, "totalCost": 0.012,
        "userId": "u-9", **fields,
    }  # fmt: skip


def helicone_row(**fields: Any) -> dict[str, Any]:
    """A request as the query API gives it: without its path, with what it counts apart."""
    return {
        "response_id": "5b0e6f4a-aaaa", "response_created_at": "2026-11-20 12:00:02.000", "response_status": 200,
        "request_id": "6b1c6f4a-bbbb", "request_created_at": "2026-11-20 12:00:01.250", "request_model": "gpt-4.1-mini",
        "provider": "OPENAI", "target_url": "https://api.openai.com/v1/chat/completions", "total_tokens": 14,
        "prompt_tokens": 5, "prompt_cache_read_tokens": 4, "prompt_cache_write_tokens": 0, "completion_tokens": 3,
        "reasoning_tokens": 2, "cost": 0.0000104, "request_user_id": "u-9", "request_body": ASKED, "response_body": ANSWERED,
        "cache_enabled": False, "cache_reference_id": "00000000-0000-0000-0000-000000000000", **fields,
    }  # fmt: skip


HELICONE_COLUMNS = (
    "response_id", "response_created_at", "response_status", "request_created_at", "request_body", "request_properties",
    "request_user_id", "model", "prompt_tokens", "completion_tokens", "latency", "cost",
)  # fmt: skip


def mlflow_span(own: str, parent: str | None, kind: str, **said: Any) -> dict[str, Any]:
    """A span of format 3: each attribute is JSON in text."""
    return {
        "trace_id": "bQilXyeoiZyubbfFbaqI0Q==", "span_id": own, "parent_span_id": parent, "name": kind.lower(),
        "start_time_unix_nano": 1795176001250000000, "status": {"code": "STATUS_CODE_OK", "message": ""},
        "attributes": {key.replace("__", "."): json.dumps(one) for key, one in {"mlflow__spanType": kind, **said}.items()},
    }  # fmt: skip


CHAT_SPAN: dict[str, Any] = {
    "mlflow__spanInputs": ASKED, "model": "acme-large", "mlflow__llm__model": "acme-large-2026-05-01",
    "mlflow__chat__tokenUsage": {"input_tokens": 9, "output_tokens": 5, "cache_read_input_tokens": 4},
    "mlflow__spanOutputs": ANSWERED,
}  # fmt: skip

ANTHROPIC_CSV = (
    "usage_date_utc,model_version,api_key,workspace,usage_type,context_window,usage_input_tokens_no_cache,"
    "usage_input_tokens_cache_write_5m,usage_input_tokens_cache_write_1h,usage_input_tokens_cache_read,usage_output_tokens,"
    "web_search_count,inference_geo,speed\n"
    "2026-11-20,claude-sonnet-4-5,triage,Default,standard,≤ 200k,100,20,3,400,50,0,global,\n"
    "2026-11-20,claude-sonnet-4-5,eval,Default,batch,≤ 200k,7,0,0,0,5,0,global,\n"
).encode()
ANTHROPIC_COST_CSV = (
    b"usage_date_utc,model,workspace,api_key,usage_type,context_window,token_type,cost_usd,cost_type\n"
    b"2026-11-20,Claude Sonnet 4.5,Default,triage,standard,0-200k,output,1.25,token\n"
)

BEDROCK_STREAM: dict[str, Any] = {
    "schemaType": "ModelInvocationLog", "schemaVersion": "1.0", "timestamp": "2026-11-20T12:00:01Z", "accountId": "123456789012",
    "identity": {"arn": "arn:aws:sts::123456789012:assumed-role/triage-role/session"}, "region": "eu-central-1",
    "requestId": "915a6a04-3f83", "operation": "InvokeModelWithResponseStream",
    "modelId": "arn:aws:bedrock:eu-central-1:123456789012:application-inference-profile/p7x2abc",
    "input": {"inputContentType": "application/json", "inputBodyJson": {"messages": ASKED["messages"]}, "inputTokenCount": 5,
              "cacheReadInputTokenCount": 4, "cacheWriteInputTokenCount": 2},
    "output": {"outputContentType": "application/json", "outputTokenCount": 3, "outputBodyJson": [
        {"type": "message_start", "message": {"model": "claude-sonnet-4-5-20250929", "usage": {"input_tokens": 5}}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": ANSWER}}]},
}  # fmt: skip

AZURE_RECORD: dict[str, Any] = {
    "time": "2026-11-20T12:00:01.2500000Z", "resourceId": "/SUBSCRIPTIONS/1/PROVIDERS/MICROSOFT.COGNITIVESERVICES/ACCOUNTS/ACME",
    "category": "RequestResponse", "operationName": "ChatCompletions_Create", "resultSignature": "200", "correlationId": "c-1",
    "properties": json.dumps({"modelDeploymentName": "mini", "modelName": "gpt-4.1-mini", "modelVersion": "2025-04-14"}),
}  # fmt: skip
GATEWAY_CSV = (
    b"TimeGenerated [UTC],CorrelationId,SequenceNumber,DeploymentName,ModelName,PromptTokens,CompletionTokens,RequestMessages\n"
    b'"11/20/2026, 12:00:01.250 PM",g-1,0,mini,gpt-4.1-mini-2025-04-14,9,5,\n'
    b'"11/20/2026, 12:00:01.250 PM",g-1,1,,,,,"[{""role"":""user"",""content"":""Why?""}]"\n'
)

_HEADERS = [[b"host", b"api.openai.com"], [b"content-type", b"application/json"]]


def flow(**fields: Any) -> dict[str, Any]:
    """A flow of mitmproxy, format 21, recorded in transparent mode: the request has the far end's address."""
    return {
        "version": 21, "type": "http", "id": "14708550", "error": None, "is_replay": None, "marked": "", "websocket": None,
        "client_conn": {"sni": "api.openai.com", "peername": ["10.0.0.7", 50000], "tls": True},
        "server_conn": {"address": ["162.159.140.245", 443], "sni": "api.openai.com"},
        "request": {
            "host": "162.159.140.245", "port": 443, "method": b"POST", "scheme": b"https", "authority": b"",
            "path": b"/v1/chat/completions", "http_version": b"HTTP/2.0", "headers": _HEADERS,
            "content": json.dumps(ASKED).encode(), "trailers": None, "timestamp_start": 1795176001.25,
        },
        "response": {"status_code": 200, "reason": b"", "headers": [[b"content-type", b"application/json"]],
                     "content": json.dumps(ANSWERED).encode(), "trailers": None, "timestamp_start": 1795176002},
        **fields,
    }  # fmt: skip


_SAID = [
    (1, {"type": "session.update", "session": {"instructions": "Be brief."}}),
    (1, {"type": "conversation.item.create",
         "item": {"type": "message", "role": "user", "content": [{"type": "input_text", "text": QUESTION}]}}),
    (1, {"type": "response.create"}),
    (0, {"type": "response.done", "response": {
        "id": "resp_1", "status": "completed", "usage": {"input_tokens": 9, "output_tokens": 5, "total_tokens": 14},
        "output": [{"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": ANSWER}]}]}}),
]  # fmt: skip


def realtime_flow() -> dict[str, Any]:
    """A realtime session, with a message that somebody dropped on the way."""
    said = [[1, bool(by), json.dumps(one).encode(), 1795176002.0, False, False] for by, one in _SAID]
    asked = {**flow()["request"], "method": b"GET", "path": b"/v1/realtime?model=gpt-realtime", "content": b""}
    asked["headers"] = [[b"upgrade", b"websocket"], [b"connection", b"Upgrade"]]
    answered = {
        "status_code": 101,
        "headers": [[b"upgrade", b"websocket"]],
        "content": b"",
        "timestamp_start": 1795176002,
    }
    dropped = [1, True, b'{"type":"response.create"}', 1795176003.0, True, False]
    messages = {"messages": [*said, dropped], "closed_by_client": True, "close_code": 1000, "close_reason": ""}
    return flow(request=asked, response=answered, websocket=messages, id="ws-1")


def old_flow() -> dict[str, Any]:
    """A flow of the first formats, in which all names are bytes."""
    new = flow()
    request = {**new["request"], "host": b"api.openai.com", "httpversion": [1, 1]}
    response = {"code": 200, "headers": new["response"]["headers"], "content": new["response"]["content"]}
    return {"version": [0, 11], "type": b"http", "id": b"old-1", "request": request, "response": response}


def flows_file(*listed: dict[str, Any]) -> bytes:
    """Flows as mitmproxy saves them."""
    return b"".join(map(netstring, listed))
