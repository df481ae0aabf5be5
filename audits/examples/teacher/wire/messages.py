"""Anthropic's Messages API, whole and streamed, and its token count."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from audits.examples.teacher import models, tokens
from audits.examples.teacher.conversation import Prompt, Turn
from audits.examples.teacher.failures import Refusal
from audits.examples.teacher.http1 import Response
from audits.examples.teacher.wire.asked import (
    Exchange,
    Finished,
    deltas,
    event,
    finish,
    fresh_id,
    number_field,
    read_turns,
    stops_field,
    text_of,
)

_STOP_REASON = {"stop": "end_turn", "length": "max_tokens", "stop_sequence": "stop_sequence"}


@dataclass(frozen=True)
class Message:
    """A message worked out and ready to be sent whole or as events."""

    id: str
    model: str
    answer: Finished
    input_tokens: int

    def document(self) -> dict[str, Any]:
        reason = _STOP_REASON[self.answer.reason]
        ended = {"stop_reason": reason, "stop_sequence": self.answer.stop_sequence}
        content = [{"type": "text", "text": self.answer.text}]
        return {**self.opening(), "content": content, **ended, "usage": self.usage(tokens.count(self.answer.text))}

    def opening(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "type": "message",
            "role": "assistant",
            "model": self.model,
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": self.usage(1),
        }

    def usage(self, output_tokens: int) -> dict[str, Any]:
        return {
            "input_tokens": self.input_tokens,
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 0,
            "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0},
            "output_tokens": output_tokens,
            "service_tier": "standard",
        }


def create(exchange: Exchange) -> Response:
    """POST /v1/messages."""
    requested, model = exchange.model()
    body = exchange.body
    limit = _max_tokens(body)
    prompt = _prompt(body, requested)
    answer = finish(exchange.mind.reply(prompt), limit, stops_field(body, "stop_sequences"))
    message = Message(fresh_id("msg_01", 22), model, answer, _input_tokens(prompt))
    served = exchange.served
    served.input_tokens, served.output_tokens = message.input_tokens, tokens.count(answer.text)
    served.answered(answer.text)
    if not body.get("stream"):
        return Response(200, json.dumps(message.document(), ensure_ascii=False).encode())
    served.stream = True
    return Response(200, events=tuple(event(document, document["type"]) for document in _events(message)))


def count_tokens(exchange: Exchange) -> Response:
    """POST /v1/messages/count_tokens."""
    requested, _ = exchange.model()
    exchange.served.input_tokens = _input_tokens(_prompt(exchange.body, requested))
    return Response(200, json.dumps({"input_tokens": exchange.served.input_tokens}).encode())


def _max_tokens(body: dict[str, Any]) -> int:
    limit = body.get("max_tokens")
    if limit is None:
        raise Refusal("bad_request", "max_tokens: Field required")
    if isinstance(limit, bool) or not isinstance(limit, int) or limit < 1:
        raise Refusal("bad_request", "max_tokens: must be greater than or equal to 1")
    return limit


def _prompt(body: dict[str, Any], model: str) -> Prompt:
    if "messages" not in body:
        raise Refusal("bad_request", "messages: Field required")
    if (body.get("tool_choice") or {}).get("type") in ("any", "tool"):
        raise Refusal("bad_request", "tool_choice: this model does not call tools")
    if (body.get("thinking") or {}).get("type") == "enabled":
        raise Refusal("bad_request", "thinking: not supported by this model")
    turns = read_turns(body["messages"], "messages")
    if any(turn.role == "system" for turn in turns):
        raise Refusal("bad_request", 'messages: Unexpected role "system". Use the top-level `system` parameter.')
    if body.get("system"):
        turns = (Turn("system", text_of(body["system"], "system")), *turns)
    return Prompt(model, turns, number_field(body, "temperature", 0, 1, 1))


def _input_tokens(prompt: Prompt) -> int:
    return tokens.count(prompt.text) + 4 * len(prompt.turns)


def _events(message: Message) -> Iterator[dict[str, Any]]:
    yield {"type": "message_start", "message": message.opening()}
    yield {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
    yield {"type": "ping"}
    for piece in deltas(message.answer.text):
        yield {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": piece}}
    yield {"type": "content_block_stop", "index": 0}
    ended = {"stop_reason": _STOP_REASON[message.answer.reason], "stop_sequence": message.answer.stop_sequence}
    usage = {"output_tokens": tokens.count(message.answer.text)}
    yield {"type": "message_delta", "delta": ended, "usage": usage}
    yield {"type": "message_stop"}


def list_models(exchange: Exchange) -> Response:
    """GET /v1/models."""
    data = [
        {
            "type": "model",
            "id": name,
            "display_name": name.replace("-", " ").title(),
            "created_at": "2025-01-01T00:00:00Z",
        }
        for name in models.names("anthropic")
    ]
    ends = {"has_more": False, "first_id": data[0]["id"], "last_id": data[-1]["id"]}
    return Response(200, json.dumps({"data": data, **ends}).encode())
