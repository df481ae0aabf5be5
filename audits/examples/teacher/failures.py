"""Errors as each provider words them: the status, the JSON around the message, and the machine-readable codes."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from audits.examples.teacher.http1 import Response


@dataclass
class Refusal(Exception):
    """A request that is answered with an error.

    `kind` is one of the rows of the tables below; `param` names the offending field where the format has a place
    for it; `code` overrides the table's code.
    """

    kind: str
    message: str
    param: str | None = None
    code: str | None = None
    headers: dict[str, str] = field(default_factory=dict)


# kind: (status, type, code)
_OPENAI: dict[str, tuple[int, str, str | None]] = {
    "bad_key": (401, "invalid_request_error", "invalid_api_key"),
    "bad_request": (400, "invalid_request_error", None),
    "unknown_model": (404, "invalid_request_error", "model_not_found"),
    "not_found": (404, "invalid_request_error", "unknown_url"),
    "wrong_method": (405, "invalid_request_error", "method_not_supported"),
    "rate_limited": (429, "requests", "rate_limit_exceeded"),
    "overloaded": (503, "server_error", None),
}
_DEEPSEEK: dict[str, tuple[int, str, str | None]] = {
    "bad_key": (401, "authentication_error", "invalid_request_error"),
    "bad_request": (400, "invalid_request_error", "invalid_request_error"),
    "unknown_model": (400, "invalid_request_error", "invalid_request_error"),
    "not_found": (404, "invalid_request_error", "invalid_request_error"),
    "wrong_method": (405, "invalid_request_error", "invalid_request_error"),
    "rate_limited": (429, "rate_limit_error", "rate_limit_reached"),
    "overloaded": (503, "service_unavailable_error", "service_unavailable"),
}
_ANTHROPIC: dict[str, tuple[int, str]] = {
    "bad_key": (401, "authentication_error"),
    "bad_request": (400, "invalid_request_error"),
    "unknown_model": (404, "not_found_error"),
    "not_found": (404, "not_found_error"),
    "wrong_method": (405, "invalid_request_error"),
    "rate_limited": (429, "rate_limit_error"),
    "overloaded": (529, "overloaded_error"),
}


def as_response(provider: str, refusal: Refusal, request_id: str) -> Response:
    """The refusal as `provider` would send it."""
    status, document = _anthropic(refusal, request_id) if provider == "anthropic" else _openai(provider, refusal)
    return Response(status, json.dumps(document).encode(), dict(refusal.headers))


def _openai(provider: str, refusal: Refusal) -> tuple[int, dict[str, Any]]:
    table = _DEEPSEEK if provider == "deepseek" else _OPENAI
    status, kind, code = table[refusal.kind]
    error = {"message": refusal.message, "type": kind, "param": refusal.param, "code": refusal.code or code}
    return status, {"error": error}


def _anthropic(refusal: Refusal, request_id: str) -> tuple[int, dict[str, Any]]:
    status, kind = _ANTHROPIC[refusal.kind]
    return status, {
        "type": "error",
        "error": {"type": kind, "message": refusal.message},
        "request_id": request_id,
    }
