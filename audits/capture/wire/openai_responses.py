"""OpenAI's responses API: typed output items, and streams of typed events that end with the whole response."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from audits.capture.wire.facts import Message, OutputText
from audits.capture.wire.formats import Answer, Ask, Folded, Format, StreamEvent
from audits.capture.wire.openai_chat import model_asked, settings_asked, usage_of
from audits.capture.wire.reading import arguments_of, content_text, index_of, joined, name_of, obj, objects, text_of

LAST_EVENTS = ("response.completed", "response.incomplete", "response.failed", "response.cancelled")
_TEXT_DELTAS = {
    "response.output_text.delta": ("message", "content"),
    "response.refusal.delta": ("message", "content"),
    "response.reasoning_text.delta": ("reasoning", "content"),
    "response.reasoning_summary_text.delta": ("reasoning", "summary"),
    "response.function_call_arguments.delta": ("function_call", "arguments"),
    "response.custom_tool_call_input.delta": ("custom_tool_call", "input"),
}


def ask_response(request: dict[str, Any], path: Mapping[str, str]) -> Ask:
    """A request to create a response; `input` is a text or a list of items."""
    given = request.get("input")
    prompt: list[Message] = []
    system = [text_of(request.get("instructions"))]
    if isinstance(given, str):
        prompt.append(Message("user", content_text(given)))
    for item in objects(given):
        role = name_of(item.get("role")) or ("tool" if "output" in item else "assistant")
        text = content_text(item["content"]) if "content" in item else content_text(item)
        if role in ("system", "developer"):
            system.append(text)
        else:
            prompt.append(Message(role, text))
    instructions = "\n".join(text for text in system if text)
    settings = {**settings_asked(request, path), **_stored(request)}
    return Ask(model_asked(request, path), tuple(prompt), instructions or None, settings)


def _stored(request: dict[str, Any]) -> dict[str, str]:
    """What the request refers to instead of saying it again."""
    given = {
        "previous_response_id": request.get("previous_response_id"),
        "conversation": obj(request.get("conversation")).get("id") or request.get("conversation"),
        "prompt_id": obj(request.get("prompt")).get("id"),
    }
    return {key: name for key, value in given.items() if (name := name_of(value))}


def answer_response(response: Any) -> Answer:
    """A response object. Its finish reason is `incomplete_details.reason` where there is one, else its status."""
    fields = obj(response)
    finish = name_of(obj(fields.get("incomplete_details")).get("reason")) or name_of(fields.get("status"))
    outputs: list[OutputText] = []
    for index, item in enumerate(objects(fields.get("output"))):
        outputs += _item_outputs(item, index, finish)
    drawn = [item for item in objects(fields.get("output")) if item.get("type") == "image_generation_call"]
    pictures = sum(1 for item in drawn if item.get("result"))
    counts = usage_of(fields)
    return Answer(name_of(fields.get("model")), name_of(fields.get("id")), tuple(outputs), **counts, pictures=pictures)


def _item_outputs(item: dict[str, Any], index: int, finish: str | None) -> list[OutputText]:
    kind = item.get("type")
    if kind == "reasoning":
        text = "\n".join(t for t in (content_text(item.get("summary")), content_text(item.get("content"))) if t)
        return [OutputText(index, text, finish, "reasoning")] if text else []
    if item.get("role") in ("user", "system", "developer"):
        return []  # a compacted conversation repeats what was asked
    if kind == "message":
        return [OutputText(index, content_text(item.get("content")), finish)]
    if isinstance(kind, str) and kind.endswith(("_call", "_approval_request")):
        given = next((item[key] for key in _GIVEN if key in item), "")
        return [OutputText(index, arguments_of(given), finish, "tool_call", name_of(item.get("name")) or name_of(kind))]
    return []


_GIVEN = ("arguments", "input", "code", "action", "operation")


def answer_nothing(response: Any) -> Answer:
    """A count of tokens: nothing was generated."""
    return Answer()


def answer_items(response: Any) -> Answer:
    """Items of a stored conversation: what the model said in it."""
    said = [item for item in objects(obj(response).get("data")) if item.get("type") != "function_call_output"]
    outputs = [output for index, item in enumerate(said) for output in _item_outputs(item, index, None)]
    return Answer(None, None, tuple(outputs))


def fold_response(events: list[StreamEvent]) -> Folded:
    """The whole response from a stream's last event or, when it broke off, from its deltas."""
    whole: dict[str, Any] = {}
    for event in events:
        if response := obj(event.data.get("response")):
            whole = response
        if _kind(event) in LAST_EVENTS:
            return Folded(whole, finished=True)
        if _kind(event) == "error":
            whole = {**whole, "error": obj(event.data.get("error")) or event.data}
    return Folded({**whole, "output": _items_from_deltas(events), "status": None}, finished=False)


def _kind(event: StreamEvent) -> str:
    return str(event.data.get("type") or event.name)


def _items_from_deltas(events: list[StreamEvent]) -> list[dict[str, Any]]:
    done: dict[int, dict[str, Any]] = {}
    growing: dict[int, tuple[str, str, list[Any]]] = {}
    for event in events:
        index = index_of(event.data.get("output_index"))
        if _kind(event) == "response.output_item.done":
            done[index] = obj(event.data.get("item"))
        elif _kind(event) in _TEXT_DELTAS:
            growing.setdefault(index, (*_TEXT_DELTAS[_kind(event)], []))[2].append(event.data.get("delta"))
    partial = {i: {"type": kind, field: joined(pieces)} for i, (kind, field, pieces) in growing.items()}
    return [item for _, item in sorted({**partial, **done}.items())]


COUNT_TOKENS = Format("count_tokens", "openai.responses", ask_response, answer_nothing)
RESPONSE = Format("create_response", "openai.responses", ask_response, answer_response, fold_response)
