"""Anthropic's messages API, its batches, token counting and the legacy text completions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from audits.capture.wire.facts import Message, OutputText, Setting
from audits.capture.wire.formats import Answer, Ask, Folded, Format, StreamEvent
from audits.capture.wire.reading import (
    arguments_of,
    content_text,
    count_of,
    index_of,
    items,
    joined,
    name_of,
    obj,
    objects,
    settings_of,
    total,
)

_DELTA_FIELDS = {
    "text_delta": "text",
    "thinking_delta": "thinking",
    "input_json_delta": "partial_json",
    "compaction_delta": "content",
}
_BATCH_LIMIT = 100_000


def ask_messages(request: dict[str, Any], path: Mapping[str, str]) -> Ask:
    """A messages request. On Bedrock and Vertex the model stands in the path."""
    prompt = tuple(
        Message(name_of(m.get("role")) or "user", content_text(m.get("content")))
        for m in objects(request.get("messages"))
    )
    settings = settings_of(request)
    if tools := items(request.get("tools")):
        settings["tools"] = len(tools)
    if thinking := name_of(obj(request.get("thinking")).get("type")):
        settings["thinking"] = thinking
    return Ask(_model(request, path), prompt, content_text(request.get("system")) or None, settings)


def _model(request: dict[str, Any], path: Mapping[str, str]) -> str | None:
    return name_of(request.get("model")) or name_of(path.get("model"))


def usage_of(response: dict[str, Any]) -> dict[str, int | None]:
    """Token counts as keyword arguments of Answer. Anthropic counts cached input apart; here it is included."""
    usage = obj(response.get("usage"))
    cached = count_of(usage.get("cache_read_input_tokens"))
    written = count_of(usage.get("cache_creation_input_tokens"))
    return {
        "input_tokens": total(count_of(usage.get("input_tokens")), cached, written),
        "output_tokens": count_of(usage.get("output_tokens")),
        "cached_tokens": cached,
    }


def answer_messages(response: Any) -> Answer:
    """A message: its text, thinking and tool_use blocks. Redacted thinking is encrypted and stays out."""
    fields = obj(response)
    finish = name_of(fields.get("stop_reason"))
    outputs = [out for block in objects(fields.get("content")) if (out := _block_output(block, finish))]
    if not outputs and finish:
        outputs = [OutputText(0, "", finish)]
    return Answer(name_of(fields.get("model")), name_of(fields.get("id")), tuple(outputs), **usage_of(fields))


def _block_output(block: dict[str, Any], finish: str | None) -> OutputText | None:
    kind = str(block.get("type"))
    if kind == "text":
        return OutputText(0, content_text(block.get("text")), finish)
    if kind == "thinking":
        return OutputText(0, content_text(block.get("thinking")), finish, "reasoning")
    if kind == "compaction":
        return OutputText(0, content_text(block.get("content")), finish)  # the model's summary of what was said
    if kind.endswith("tool_use"):
        return OutputText(0, arguments_of(block.get("input", {})), finish, "tool_call", name_of(block.get("name")))
    return None


def fold_messages(events: list[StreamEvent]) -> Folded:
    """The message from message_start, content_block_* and message_delta events; over at message_stop."""
    whole: dict[str, Any] = {}
    blocks: dict[int, dict[str, Any]] = {}
    deltas: dict[int, list[Any]] = {}
    finished = False
    for event in events:
        kind, data = str(event.data.get("type") or event.name), event.data
        index = index_of(data.get("index"))
        if kind == "message_start":
            whole = dict(obj(data.get("message")))
        elif kind == "content_block_start":
            blocks[index] = obj(data.get("content_block"))
        elif kind == "content_block_delta":
            delta = obj(data.get("delta"))
            deltas.setdefault(index, []).append(delta.get(_DELTA_FIELDS.get(str(delta.get("type")), "")))
        elif kind == "message_delta":
            whole["stop_reason"] = obj(data.get("delta")).get("stop_reason")
            whole["usage"] = {**obj(whole.get("usage")), **_known(obj(data.get("usage")))}
        elif kind == "error":
            whole["error"] = obj(data.get("error")) or data
        finished = finished or kind == "message_stop"
    whole["content"] = [_whole_block(blocks.get(i), deltas.get(i, [])) for i in sorted({*blocks, *deltas})]
    return Folded(whole, finished)


def _known(usage: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in usage.items() if value is not None}


def _whole_block(block: dict[str, Any] | None, deltas: list[Any]) -> dict[str, Any]:
    start = block or {"type": "text"}
    kind = str(start.get("type"))
    text = joined(deltas)
    if kind.endswith("tool_use"):
        return {**start, "input": text} if text else start
    field = {"thinking": "thinking", "compaction": "content"}.get(kind, "text")
    return {**start, field: joined([start.get(field), text])}


def ask_complete(request: dict[str, Any], path: Mapping[str, str]) -> Ask:
    """A legacy completion: the whole conversation in one prompt."""
    prompt = (Message("user", content_text(request.get("prompt"))),) if "prompt" in request else ()
    return Ask(_model(request, path), prompt, None, settings_of(request))


def answer_complete(response: Any) -> Answer:
    """A legacy completion's answer; it reports no usage."""
    fields = obj(response)
    outputs = (OutputText(0, content_text(fields.get("completion")), name_of(fields.get("stop_reason"))),)
    found = outputs if isinstance(fields.get("completion"), str) else ()
    return Answer(name_of(fields.get("model")), name_of(fields.get("id") or fields.get("log_id")), found)


def fold_complete(events: list[StreamEvent]) -> Folded:
    """A legacy stream of completion deltas (API version 2023-06-01 and later)."""
    whole: dict[str, Any] = {}
    for event in events:
        whole.update(_known(event.data))
    whole["completion"] = joined(event.data.get("completion") for event in events)
    return Folded(whole, finished=whole.get("stop_reason") is not None)


def answer_count(response: Any) -> Answer:
    """A token count: nothing was generated, and nothing is billed, so no usage is reported."""
    return Answer()


def ask_batch(request: dict[str, Any], path: Mapping[str, str]) -> Ask:
    """A batch of messages requests: every request's turns, and how many requests there are."""
    asked = [ask_messages(obj(r.get("params")), {}) for r in objects(request.get("requests"))[:_BATCH_LIMIT]]
    models = sorted({ask.model for ask in asked if ask.model})
    settings: dict[str, Setting] = {"requests": len(asked), "models": ", ".join(models)[:200]}
    prompt = tuple(message for ask in asked for message in ask.prompt)
    return Ask(models[0] if len(models) == 1 else None, prompt, None, settings)


def answer_batch(response: Any) -> Answer:
    """A batch object: its id; the answers come with its results."""
    return Answer(None, name_of(obj(response).get("id")))


MESSAGES = Format("chat", "anthropic.messages", ask_messages, answer_messages, fold_messages)
COMPLETE = Format("text_completion", "anthropic.complete", ask_complete, answer_complete, fold_complete)
COUNT_TOKENS = Format("count_tokens", "anthropic.count_tokens", ask_messages, answer_count)
BATCH = Format("batch", "anthropic.batches", ask_batch, answer_batch)
