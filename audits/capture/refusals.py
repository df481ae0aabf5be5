"""Refusals as a provider would word them: the error shape of the API that was asked, so that its SDK raises its own error."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from audits.capture.asking import Asked, Reply
from audits.capture.wire import served_by_of
from audits.capture.wire.bodies import header

STATUS = 403
_CHANNEL_SHAPE = {
    "anthropic": "anthropic",
    "google": "google",
    "google-vertex": "google",
    "amazon-bedrock": "aws",
    "cohere": "plain",
    "mistral": "mistral",
    "ollama": "text",
    "replicate": "detail",
}
_API_SHAPE = {
    "anthropic": "anthropic",
    "gemini": "google",
    "vertex": "google",
    "bedrock": "aws",
    "cohere": "plain",
    "ollama": "text",
    "tgi": "text",
    "replicate": "detail",
}


def refusal(asked: Asked, reason: str, sentence: str, **facts: Any) -> Reply:
    """An error answer for a request that does not leave. `reason` is a code for the record, `sentence` what people read."""
    ending = {"error": reason, "error_detail": sentence, "answered_by": "recorder", **facts}
    if header(asked.headers(), "content-type").lower().startswith("application/grpc"):
        return _grpc(sentence, ending)
    fields, body = _SHAPES[_shape(asked)](reason, f"Clausetrail: {sentence}")
    every = [(b"Content-Type", b"application/json"), *fields, (b"X-Answered-By", b"recorder")]
    return Reply(STATUS, every, [json.dumps(body).encode()], ending)


def _shape(asked: Asked) -> str:
    call = next(iter(asked.parsed.calls), None)
    by_api = _API_SHAPE.get(call.api.partition(".")[0]) if call else None
    return by_api or _CHANNEL_SHAPE.get(served_by_of(asked.host) or "", "openai")


def _grpc(sentence: str, ending: dict[str, Any]) -> Reply:
    """A gRPC error is a response without messages whose head is its trailers (status 7: permission denied)."""
    message = quote(f"Clausetrail: {sentence}", safe=" ,.:;!?'()").encode()
    fields = [(b"content-type", b"application/grpc"), (b"grpc-status", b"7"), (b"grpc-message", message)]
    return Reply(200, fields, [], ending)


Shaped = tuple[list[tuple[bytes, bytes]], dict[str, Any]]


def _openai(reason: str, text: str) -> Shaped:
    return [], {"error": {"message": text, "type": "permission_error", "param": None, "code": reason}}


def _anthropic(reason: str, text: str) -> Shaped:
    return [], {"type": "error", "error": {"type": "permission_error", "message": text}, "request_id": None}


def _google(reason: str, text: str) -> Shaped:
    detail = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason.upper(), "domain": "clausetrail"}
    return [], {"error": {"code": STATUS, "message": text, "status": "PERMISSION_DENIED", "details": [detail]}}


def _aws(reason: str, text: str) -> Shaped:
    return [(b"x-amzn-ErrorType", b"AccessDeniedException")], {"message": text}


def _mistral(reason: str, text: str) -> Shaped:
    return [], {"object": "error", "message": text, "type": "permission_error", "param": None, "code": reason}


def _plain(reason: str, text: str) -> Shaped:
    return [], {"message": text}


def _text(reason: str, text: str) -> Shaped:
    return [], {"error": text}


def _detail(reason: str, text: str) -> Shaped:
    return [], {"title": "Permission denied", "detail": text, "status": STATUS}


_SHAPES = {
    "openai": _openai,
    "anthropic": _anthropic,
    "google": _google,
    "aws": _aws,
    "mistral": _mistral,
    "plain": _plain,
    "text": _text,
    "detail": _detail,
}
