"""OpenAI's Responses API, whole and streamed."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from audits.examples.teacher import tokens
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
    refuse_unserved,
    schema_keys,
    whole_field,
)


@dataclass(frozen=True)
class Drafted:
    """A response worked out and ready to be sent whole or as events."""

    head: dict[str, Any]
    item_id: str
    answer: Finished
    prompt_tokens: int

    def document(self) -> dict[str, Any]:
        """The finished response object."""
        cut_short = self.answer.reason == "length"
        return {
            **self.head,
            "status": "incomplete" if cut_short else "completed",
            "incomplete_details": {"reason": "max_output_tokens"} if cut_short else None,
            "output": [self.item()],
            "usage": self.usage(),
        }

    def item(self) -> dict[str, Any]:
        status = "incomplete" if self.answer.reason == "length" else "completed"
        return {**_item(self.item_id, status), "content": [_part(self.answer.text)]}

    def usage(self) -> dict[str, Any]:
        answered = tokens.count(self.answer.text)
        return {
            "input_tokens": self.prompt_tokens,
            "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
            "output_tokens": answered,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": self.prompt_tokens + answered,
        }


def create(exchange: Exchange) -> Response:
    """POST /v1/responses. Nothing is stored, so `previous_response_id` names nothing."""
    requested, model = exchange.model()
    if exchange.body.get("previous_response_id"):
        message = f"Previous response with id '{exchange.body['previous_response_id']}' not found."
        raise Refusal("bad_request", message, "previous_response_id", "previous_response_not_found")
    refuse_unserved(exchange.body, ("background", "conversation", "prompt"))
    prompt = _prompt(exchange.body, requested)
    limit = whole_field(exchange.body, "max_output_tokens")
    answer = finish(exchange.mind.reply(prompt), limit, [])
    drafted = Drafted(_head(exchange, model), fresh_id("msg_", 48), answer, tokens.count(prompt.text))
    served = exchange.served
    served.input_tokens, served.output_tokens = drafted.prompt_tokens, answer.tokens
    served.answered(answer.text)
    if not exchange.body.get("stream"):
        return Response(200, json.dumps(drafted.document(), ensure_ascii=False).encode())
    served.stream = True
    return Response(200, events=tuple(_numbered(_events(drafted))))


def _prompt(body: dict[str, Any], model: str) -> Prompt:
    asked = body.get("input")
    turns = (Turn("user", asked),) if isinstance(asked, str) and asked else read_turns(asked, "input")
    instructions = body.get("instructions")
    if isinstance(instructions, str):
        turns = (Turn("system", instructions), *turns)
    wanted = (body.get("text") or {}).get("format") or {}
    wants_json = wanted.get("type") in ("json_object", "json_schema")
    temperature = number_field(body, "temperature", 0, 2, 1)
    return Prompt(model, turns, temperature, None, wants_json, schema_keys(wanted.get("schema")))


def _head(exchange: Exchange, model: str) -> dict[str, Any]:
    body = exchange.body
    return {
        "id": fresh_id("resp_", 48),
        "object": "response",
        "created_at": exchange.created,
        "status": "in_progress",
        "background": False,
        "error": None,
        "incomplete_details": None,
        "instructions": body.get("instructions"),
        "max_output_tokens": body.get("max_output_tokens"),
        "metadata": body.get("metadata") or {},
        "model": model,
        "output": [],
        "parallel_tool_calls": True,
        "previous_response_id": None,
        "reasoning": {"effort": None, "summary": None},
        "service_tier": "default",
        "store": False,
        "temperature": body.get("temperature", 1.0),
        "text": {"format": (body.get("text") or {}).get("format") or {"type": "text"}},
        "tool_choice": "auto",
        "tools": [],
        "top_p": body.get("top_p", 1.0),
        "truncation": "disabled",
        "usage": None,
        "user": None,
    }


def _item(item_id: str, status: str) -> dict[str, Any]:
    return {"id": item_id, "type": "message", "status": status, "role": "assistant", "content": []}


def _part(text: str) -> dict[str, Any]:
    return {"type": "output_text", "annotations": [], "logprobs": [], "text": text}


def _events(drafted: Drafted) -> Iterator[dict[str, Any]]:
    item, place = drafted.item_id, {"output_index": 0}
    inside = {"item_id": item, **place, "content_index": 0}
    text = drafted.answer.text
    yield {"type": "response.created", "response": drafted.head}
    yield {"type": "response.in_progress", "response": drafted.head}
    yield {"type": "response.output_item.added", **place, "item": _item(item, "in_progress")}
    yield {"type": "response.content_part.added", **inside, "part": _part("")}
    for piece in deltas(text):
        yield {"type": "response.output_text.delta", **inside, "delta": piece, "logprobs": []}
    yield {"type": "response.output_text.done", **inside, "text": text, "logprobs": []}
    yield {"type": "response.content_part.done", **inside, "part": _part(text)}
    yield {"type": "response.output_item.done", **place, "item": drafted.item()}
    ended = "incomplete" if drafted.answer.reason == "length" else "completed"
    yield {"type": f"response.{ended}", "response": drafted.document()}


def _numbered(events: Iterator[dict[str, Any]]) -> Iterator[bytes]:
    for number, document in zip(itertools.count(), events, strict=False):
        yield event({**document, "sequence_number": number}, document["type"])
