"""Which provider a request speaks to, whether it may pass, and who answers it."""

from __future__ import annotations

import asyncio
import math
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from audits.examples.teacher.conversation import Mind
from audits.examples.teacher.failures import Refusal, as_response
from audits.examples.teacher.http1 import Request, Response
from audits.examples.teacher.limits import Budget, Overload, RateLimit
from audits.examples.teacher.request_log import Served
from audits.examples.teacher.wire import chat, completions, messages, responses
from audits.examples.teacher.wire.asked import Exchange, fresh_id, read_object

Handler = Callable[[Exchange], Response]

_ROUTES: dict[str, dict[str, tuple[str, str, Handler]]] = {
    "openai": {
        "/v1/chat/completions": ("POST", "chat", chat.complete),
        "/v1/completions": ("POST", "text_completion", completions.complete),
        "/v1/embeddings": ("POST", "embeddings", completions.embed),
        "/v1/responses": ("POST", "responses", responses.create),
        "/v1/models": ("GET", "models", completions.list_models),
    },
    "deepseek": {
        "/chat/completions": ("POST", "chat", chat.complete),
        "/v1/chat/completions": ("POST", "chat", chat.complete),
        "/models": ("GET", "models", completions.list_models),
        "/v1/models": ("GET", "models", completions.list_models),
    },
    "anthropic": {
        "/v1/messages": ("POST", "chat", messages.create),
        "/v1/messages/count_tokens": ("POST", "count_tokens", messages.count_tokens),
        "/v1/models": ("GET", "models", messages.list_models),
    },
}
_SHORTEST_KEY = 20


@dataclass
class Service:
    """Answers requests for all three providers."""

    mind: Mind
    rate_limit: RateLimit
    overload: Overload

    async def answer(self, request: Request) -> tuple[Response, Served]:
        """The response to `request`, with the provider's own headers, and the log's row about it."""
        started = time.perf_counter()
        provider = provider_of(request)
        served = Served(_request_id(provider), provider, request.method, request.host, request.path)
        budget: Budget | None = None
        try:
            budget = self._admit(request, provider)
            response = await self._respond(request, served)
        except Refusal as refusal:
            response = as_response(provider, refusal, served.request_id)
        served.status, served.bytes = response.status, response.size
        response.headers.update(_headers(served, budget, time.perf_counter() - started))
        return response, served

    def _admit(self, request: Request, provider: str) -> Budget:
        budget = self.rate_limit.take(_check_key(request, provider))
        if not budget.allowed:
            wait = math.ceil(budget.wait_seconds)
            message = f"Rate limit reached: {budget.limit} requests per minute. Please try again in {wait}s."
            raise Refusal("rate_limited", message, headers={"retry-after": str(wait)})
        return budget

    async def _respond(self, request: Request, served: Served) -> Response:
        handler = _route(request, served)
        body = read_object(request.body) if request.method == "POST" else {}
        served.model = str(body.get("model") or "")
        if request.method == "POST" and self.overload.strikes(request.body):
            raise Refusal("overloaded", "Overloaded" if served.provider == "anthropic" else "The server is overloaded.")
        exchange = Exchange(request, body, self.mind, served, int(time.time()))
        return await asyncio.to_thread(handler, exchange) if self.mind.slow else handler(exchange)


def provider_of(request: Request) -> str:
    """Whose API is addressed: the host says so, or else the path, the headers and the model's name do."""
    host = request.host.partition(":")[0].lower()
    for provider, domain in (("openai", "openai.com"), ("anthropic", "anthropic.com"), ("deepseek", "deepseek.com")):
        if host == domain or host.endswith("." + domain):
            return provider
    if request.path.startswith("/v1/messages") or "anthropic-version" in request.headers:
        return "anthropic"
    if request.path in ("/chat/completions", "/models") or b'"deepseek-' in request.body[:4096]:
        return "deepseek"
    return "openai"


def _route(request: Request, served: Served) -> Handler:
    routes = _ROUTES[served.provider]
    if request.path in routes:
        method, served.operation, handler = routes[request.path]
    elif request.path.startswith("/v1/models/") and served.provider == "openai":
        method, served.operation, handler = "GET", "models", completions.one_model
    else:
        message = f"Invalid URL ({request.method} {request.path})"
        raise Refusal("not_found", "Not found" if served.provider == "anthropic" else message)
    if request.method != method:
        raise Refusal("wrong_method", f"Not allowed to {request.method} on {request.path}.")
    return handler


def _check_key(request: Request, provider: str) -> str:
    """The caller's key; raises Refusal unless it has the form the provider's keys have."""
    bearer = request.headers.get("authorization", "").removeprefix("Bearer ").strip()
    key = request.headers.get("x-api-key", bearer) if provider == "anthropic" else bearer
    prefix = "sk-ant-" if provider == "anthropic" else "sk-"
    if provider == "anthropic" and key and "anthropic-version" not in request.headers:
        raise Refusal("bad_request", "anthropic-version: header is required")
    if not key.startswith(prefix) or len(key) < _SHORTEST_KEY:
        raise Refusal("bad_key", _wrong_key(provider, key))
    return f"{provider}:{key}"


def _wrong_key(provider: str, key: str) -> str:
    if provider == "anthropic":
        return "invalid x-api-key" if key else "x-api-key header is required"
    shown = f"{key[:3]}***{key[-4:]}" if len(key) > 8 else "***"
    if provider == "deepseek":
        return f"Authentication Fails, Your api key: {shown} is invalid"
    return f"Incorrect API key provided: {shown}." if key else "You didn't provide an API key."


def _request_id(provider: str) -> str:
    if provider == "anthropic":
        return fresh_id("req_011", 21)
    return f"req_{secrets.token_hex(16)}" if provider == "openai" else secrets.token_hex(16)


def _headers(served: Served, budget: Budget | None, seconds: float) -> dict[str, str]:
    if served.provider == "deepseek":
        return {"x-ds-trace-id": served.request_id}
    if served.provider == "anthropic":
        return {"request-id": served.request_id, **_anthropic_limits(budget)}
    return {
        "x-request-id": served.request_id,
        "openai-processing-ms": str(max(1, round(seconds * 1000))),
        "openai-version": "2020-10-01",
        "openai-organization": "local-teacher",
        **_openai_limits(budget),
    }


def _openai_limits(budget: Budget | None) -> dict[str, str]:
    if budget is None:
        return {}
    return {
        "x-ratelimit-limit-requests": str(budget.limit),
        "x-ratelimit-remaining-requests": str(budget.remaining),
        "x-ratelimit-reset-requests": f"{round(budget.wait_seconds * 1000)}ms",
    }


def _anthropic_limits(budget: Budget | None) -> dict[str, str]:
    if budget is None:
        return {}
    reset = datetime.now(UTC) + timedelta(seconds=budget.wait_seconds)
    return {
        "anthropic-ratelimit-requests-limit": str(budget.limit),
        "anthropic-ratelimit-requests-remaining": str(budget.remaining),
        "anthropic-ratelimit-requests-reset": reset.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
