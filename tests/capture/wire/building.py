"""Exchanges as the recorder would hand them over, built from what a test cares about."""

import json
from typing import Any

from audits.capture.wire import ModelCall, Parsed, WireExchange, parse

Headers = tuple[tuple[str, str], ...]
JSON_HEADERS: Headers = (("Content-Type", "application/json"),)
SSE_HEADERS: Headers = (("Content-Type", "text/event-stream; charset=utf-8"),)


def as_bytes(body: Any) -> bytes:
    if isinstance(body, bytes):
        return body
    return body.encode() if isinstance(body, str) else json.dumps(body).encode()


def exchange(
    target: str,
    request: Any = b"",
    response: Any = b"",
    *,
    host: str = "api.openai.com",
    method: str = "POST",
    status: int | None = 200,
    request_headers: Headers = JSON_HEADERS,
    response_headers: Headers = JSON_HEADERS,
    truncated: bool = False,
) -> WireExchange:
    return WireExchange(
        host=host,
        port=443,
        scheme="https",
        method=method,
        target=target,
        request_headers=request_headers,
        request_body=as_bytes(request),
        status=status,
        response_headers=response_headers,
        response_body=as_bytes(response),
        truncated=truncated,
    )


def parsed(*args: Any, **kwargs: Any) -> Parsed:
    return parse(exchange(*args, **kwargs))


def one_call(*args: Any, **kwargs: Any) -> ModelCall:
    """The only call of a fully understood exchange."""
    found = parsed(*args, **kwargs)
    assert found.unparsed is None, found.unparsed
    assert found.not_a_model_call is None, found.not_a_model_call
    (call,) = found.calls
    return call


def sse(*events: Any, done: bool = True) -> str:
    """A data-only event stream as OpenAI sends it."""
    text = "".join(f"data: {json.dumps(event)}\n\n" for event in events)
    return text + "data: [DONE]\n\n" if done else text


def named_sse(*events: dict[str, Any]) -> str:
    """An event stream whose events carry their type as name, as Anthropic and OpenAI's responses send it."""
    return "".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events)


def texts(call: ModelCall, kind: str = "text") -> list[str]:
    return [output.text for output in call.outputs if output.kind == kind]
