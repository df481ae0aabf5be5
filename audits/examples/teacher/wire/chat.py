"""Chat completions as OpenAI serves them, and in DeepSeek's dialect of them."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from audits.examples.teacher import tokens
from audits.examples.teacher.conversation import Prompt
from audits.examples.teacher.failures import Refusal
from audits.examples.teacher.http1 import Response
from audits.examples.teacher.wire.asked import (
    Exchange,
    Finished,
    choices_field,
    deltas,
    event,
    finish,
    fresh_id,
    number_field,
    read_turns,
    refuse_unserved,
    schema_keys,
    stops_field,
    whole_field,
)

_UNSERVED = ("logprobs", "audio", "functions", "web_search_options")


@dataclass(frozen=True)
class Chat:
    """A chat completion worked out and ready to be sent whole or piece by piece."""

    id: str
    created: int
    requested: str
    model: str
    provider: str
    prompt_tokens: int
    choices: tuple[Finished, ...]

    @property
    def fingerprint(self) -> str:
        digest = hashlib.sha256(self.model.encode()).hexdigest()[:10]
        return f"fp_{digest}_prod0820_fp8_kvcache" if self.provider == "deepseek" else f"fp_{digest}"

    def head(self, kind: str) -> dict[str, Any]:
        head = {"id": self.id, "object": kind, "created": self.created, "model": self.model}
        service = {} if self.provider == "deepseek" else {"service_tier": "default"}
        return {**head, **service, "system_fingerprint": self.fingerprint}


def complete(exchange: Exchange) -> Response:
    """POST /v1/chat/completions."""
    requested, model = exchange.model()
    prompt = _prompt(exchange.body, requested)
    chat = _chat(exchange, prompt, model)
    exchange.served.input_tokens = chat.prompt_tokens
    exchange.served.output_tokens = sum(choice.tokens for choice in chat.choices)
    exchange.served.answered("\n".join(choice.text for choice in chat.choices))
    if not exchange.body.get("stream"):
        return Response(200, json.dumps(_whole(chat), ensure_ascii=False).encode())
    exchange.served.stream = True
    options = exchange.body.get("stream_options") or {}
    return Response(200, events=tuple(_stream(chat, bool(options.get("include_usage")))))


def _prompt(body: dict[str, Any], model: str) -> Prompt:
    refuse_unserved(body, _UNSERVED)
    if body.get("tool_choice") not in (None, "none", "auto"):
        refuse_unserved(body, ("tool_choice",))
    wants_json, keys = _response_format(body.get("response_format"))
    turns = read_turns(body.get("messages"), "messages")
    if wants_json and not keys and not any("json" in turn.text.lower() for turn in turns):
        message = (
            "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'."
        )
        raise Refusal("bad_request", message, "messages")
    temperature = number_field(body, "temperature", 0, 2, 1)
    return Prompt(model, turns, temperature, body.get("seed"), wants_json, keys)


def _response_format(wanted: object) -> tuple[bool, tuple[str, ...]]:
    if not isinstance(wanted, dict) or wanted.get("type") == "text":
        return False, ()
    if wanted.get("type") == "json_object":
        return True, ()
    if wanted.get("type") == "json_schema" and isinstance(wanted.get("json_schema"), dict):
        return True, schema_keys(wanted["json_schema"].get("schema"))
    raise Refusal("bad_request", "Invalid 'response_format.type'.", "response_format.type", "invalid_value")


def _chat(exchange: Exchange, prompt: Prompt, model: str) -> Chat:
    body = exchange.body
    limit = whole_field(body, "max_completion_tokens") or whole_field(body, "max_tokens")
    stops = stops_field(body)
    provider = exchange.served.provider
    shows_reasoning = provider == "deepseek" and prompt.model == "deepseek-reasoner"
    replies = [exchange.mind.reply(prompt, choice) for choice in range(choices_field(body))]
    return Chat(
        id=str(uuid.uuid4()) if provider == "deepseek" else fresh_id("chatcmpl-", 29),
        created=exchange.created,
        requested=prompt.model,
        model=model,
        provider=provider,
        prompt_tokens=tokens.count(prompt.text) + 3 * len(prompt.turns),
        choices=tuple(finish(reply, limit, stops, shows_reasoning) for reply in replies),
    )


def _whole(chat: Chat) -> dict[str, Any]:
    choices = [
        {"index": n, "message": _message(chat, choice), "logprobs": None, "finish_reason": _reason(choice)}
        for n, choice in enumerate(chat.choices)
    ]
    return {**chat.head("chat.completion"), "choices": choices, "usage": _usage(chat)}


def _message(chat: Chat, choice: Finished) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": choice.text}
    if chat.provider == "deepseek":
        return {**message, "reasoning_content": choice.reasoning} if _reasons(chat) else message
    return {**message, "refusal": None, "annotations": []}


def _reasons(chat: Chat) -> bool:
    return chat.provider == "deepseek" and chat.requested == "deepseek-reasoner"


def _reason(choice: Finished) -> str:
    return "length" if choice.reason == "length" else "stop"


def _usage(chat: Chat) -> dict[str, Any]:
    answered = sum(choice.tokens for choice in chat.choices)
    usage = {
        "prompt_tokens": chat.prompt_tokens,
        "completion_tokens": answered,
        "total_tokens": chat.prompt_tokens + answered,
    }
    if chat.provider == "deepseek":
        return {**usage, **_deepseek_details(chat)}
    spoken = {
        "reasoning_tokens": 0,
        "audio_tokens": 0,
        "accepted_prediction_tokens": 0,
        "rejected_prediction_tokens": 0,
    }
    return {
        **usage,
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": spoken,
    }


def _deepseek_details(chat: Chat) -> dict[str, Any]:
    details: dict[str, Any] = {
        "prompt_tokens_details": {"cached_tokens": 0},
        "prompt_cache_hit_tokens": 0,
        "prompt_cache_miss_tokens": chat.prompt_tokens,
    }
    if _reasons(chat):
        thought = sum(tokens.count(choice.reasoning) for choice in chat.choices)
        details["completion_tokens_details"] = {"reasoning_tokens": thought}
    return details


def _stream(chat: Chat, include_usage: bool) -> Iterator[bytes]:
    deepseek = chat.provider == "deepseek"
    if deepseek:
        yield b": keep-alive\n\n"
    for n, choice in enumerate(chat.choices):
        final = n == len(chat.choices) - 1
        for delta in _deltas(chat, choice):
            yield event(_chunk(chat, n, delta, None, include_usage))
        last = _chunk(chat, n, {"content": ""} if deepseek else {}, _reason(choice), include_usage)
        # DeepSeek always puts usage on the last chunk; OpenAI sends it on a chunk of its own, and only when asked.
        yield event({**last, "usage": _usage(chat)} if deepseek and final else last)
    if include_usage and not deepseek:
        yield event({**chat.head("chat.completion.chunk"), "choices": [], "usage": _usage(chat)})
    yield b"data: [DONE]\n\n"


def _deltas(chat: Chat, choice: Finished) -> Iterator[dict[str, Any]]:
    if _reasons(chat):
        yield {"role": "assistant", "content": None, "reasoning_content": ""}
        for piece in deltas(choice.reasoning):
            yield {"content": None, "reasoning_content": piece}
        for piece in deltas(choice.text):
            yield {"content": piece, "reasoning_content": None}
        return
    yield {"role": "assistant", "content": "", **({} if chat.provider == "deepseek" else {"refusal": None})}
    for piece in deltas(choice.text):
        yield {"content": piece}


def _chunk(chat: Chat, index: int, delta: dict[str, Any], reason: str | None, include_usage: bool) -> dict[str, Any]:
    choice = {"index": index, "delta": delta, "logprobs": None, "finish_reason": reason}
    chunk = {**chat.head("chat.completion.chunk"), "choices": [choice]}
    return {**chunk, "usage": None} if include_usage and chat.provider != "deepseek" else chunk
