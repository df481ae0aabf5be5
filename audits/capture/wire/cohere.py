"""Cohere's chat (v1 and v2), generate and embed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from audits.capture.wire.facts import Message, OutputText
from audits.capture.wire.formats import Answer, Ask, Folded, Format, StreamEvent
from audits.capture.wire.openai_chat import ask_chat
from audits.capture.wire.reading import (
    arguments_of,
    content_text,
    count_of,
    items,
    joined,
    name_of,
    obj,
    objects,
    settings_of,
)


def ask_v1(request: dict[str, Any], path: Mapping[str, str]) -> Ask:
    """A v1 chat request: the history, then `message`; `preamble` is the system text."""
    turns = [
        Message((name_of(m.get("role")) or "user").lower(), content_text(m.get("message")))
        for m in objects(request.get("chat_history"))
    ]
    turns.append(Message("user", content_text(request.get("message"))))
    system = content_text(request.get("preamble")) or None
    return Ask(name_of(request.get("model")), tuple(turns), system, settings_of(request))


def _usage(fields: dict[str, Any]) -> dict[str, int | None]:
    meta = obj(fields.get("usage")) or obj(fields.get("meta"))
    tokens = obj(meta.get("tokens")) or obj(meta.get("billed_units"))
    return {
        "input_tokens": count_of(tokens.get("input_tokens")),
        "output_tokens": count_of(tokens.get("output_tokens")),
        "cached_tokens": count_of(meta.get("cached_tokens")),
    }


def answer_v1(response: Any) -> Answer:
    """A v1 chat or generate answer."""
    fields = obj(response)
    finish = name_of(fields.get("finish_reason"))
    rows = objects(fields.get("generations")) or ([fields] if isinstance(fields.get("text"), str) else [])
    outputs = [
        OutputText(i, content_text(row.get("text")), name_of(row.get("finish_reason")) or finish)
        for i, row in enumerate(rows)
    ]
    for call in objects(fields.get("tool_calls")):
        given = arguments_of(call.get("parameters", {}))
        outputs.append(OutputText(0, given, finish, "tool_call", name_of(call.get("name"))))
    found = name_of(fields.get("generation_id") or fields.get("id") or fields.get("response_id"))
    return Answer(name_of(fields.get("model")), found, tuple(outputs), **_usage(fields))


def fold_v1(events: list[StreamEvent]) -> Folded:
    """A v1 stream, one JSON object per line; `stream-end` brings the whole response."""
    for event in events:
        if event.data.get("event_type") == "stream-end" and (response := obj(event.data.get("response"))):
            return Folded({**response, "finish_reason": event.data.get("finish_reason")}, finished=True)
    return Folded({"text": joined(e.data.get("text") for e in events)}, finished=False)


def answer_v2(response: Any) -> Answer:
    """A v2 chat answer: content and tool calls of `message`."""
    fields = obj(response)
    finish = name_of(fields.get("finish_reason"))
    message = obj(fields.get("message"))
    plan = content_text(message.get("tool_plan"))
    outputs = [OutputText(0, plan, finish, "reasoning")] if plan else []
    for block in objects(message.get("content")):
        thinking = block.get("type") == "thinking"
        outputs.append(OutputText(0, content_text(block), finish, "reasoning" if thinking else "text"))
    for call in map(obj, (c.get("function") for c in objects(message.get("tool_calls")))):
        given = arguments_of(call.get("arguments", ""))
        outputs.append(OutputText(0, given, finish, "tool_call", name_of(call.get("name"))))
    return Answer(name_of(fields.get("model")), name_of(fields.get("id")), tuple(outputs), **_usage(fields))


def fold_v2(events: list[StreamEvent]) -> Folded:
    """A v2 stream of typed events; over at message-end."""
    whole: dict[str, Any] = {}
    texts: dict[str, list[Any]] = {}
    tools: list[dict[str, Any]] = []
    plan: list[Any] = []
    for event in events:
        kind, delta = event.data.get("type"), obj(event.data.get("delta"))
        message = obj(delta.get("message"))
        whole["id"] = whole.get("id") or event.data.get("id")
        if kind == "content-delta":
            content = obj(message.get("content"))
            for key in ("thinking", "text"):
                if key in content:
                    texts.setdefault(key, []).append(content[key])
        elif kind == "tool-plan-delta":
            plan.append(message.get("tool_plan"))
        elif kind in ("tool-call-start", "tool-call-delta"):
            _grow_tool(tools, obj(obj(message.get("tool_calls")).get("function")), kind == "tool-call-start")
        elif kind == "message-end":
            whole.update(finish_reason=delta.get("finish_reason"), usage=delta.get("usage"))
    blocks = [{"type": key, key: joined(pieces)} for key, pieces in texts.items()]
    calls = [{"function": {"name": t["name"], "arguments": joined(t["pieces"])}} for t in tools]
    whole["message"] = {"content": blocks, "tool_calls": calls, "tool_plan": joined(plan)}
    return Folded(whole, "finish_reason" in whole)


def _grow_tool(tools: list[dict[str, Any]], function: dict[str, Any], starts: bool) -> None:
    if starts or not tools:
        tools.append({"name": function.get("name"), "pieces": []})
    tools[-1]["pieces"].append(function.get("arguments"))


def ask_generate(request: dict[str, Any], path: Mapping[str, str]) -> Ask:
    """A generate request: one prompt."""
    prompt = (Message("user", content_text(request.get("prompt"))),)
    return Ask(name_of(request.get("model")), prompt, None, settings_of(request))


def ask_embed(request: dict[str, Any], path: Mapping[str, str]) -> Ask:
    """An embed request: one message per text, or per input of texts and pictures."""
    given = items(request.get("texts")) or [obj(each).get("content") for each in items(request.get("inputs"))]
    prompt = tuple(Message("user", content_text(text)) for text in (given or items(request.get("images")))[:10_000])
    return Ask(name_of(request.get("model")), prompt, None, settings_of(request))


def answer_embed(response: Any) -> Answer:
    """Vectors: id and usage."""
    fields = obj(response)
    return Answer(name_of(fields.get("model")), name_of(fields.get("id")), (), **_usage(fields))


CHAT_V1 = Format("chat", "cohere.chat.v1", ask_v1, answer_v1, fold_v1)
CHAT_V2 = Format("chat", "cohere.chat.v2", ask_chat, answer_v2, fold_v2)
GENERATE = Format("text_completion", "cohere.generate", ask_generate, answer_v1, fold_v1)
EMBED = Format("embeddings", "cohere.embed", ask_embed, answer_embed)
