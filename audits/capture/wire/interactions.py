"""Google's interactions: one way of asking models and agents, whose steps the provider keeps.

Answers came as `outputs` at first and come as `steps` since the revision of May 2026; both are read.
"""

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
    text_of,
    total,
)

_ROLES = {"user_input": "user", "model_output": "model", "thought": "model", "function_call": "model"}
_OVER = ("interaction.complete", "interaction.completed")


def ask_interaction(request: dict[str, Any], path: Mapping[str, str]) -> Ask:
    """What is put to a model or an agent: a text, parts of one message, turns, or steps."""
    settings: dict[str, Setting] = settings_of(request.get("generation_config"), request)
    for key in ("agent", "previous_interaction_id"):
        if value := name_of(request.get(key)):
            settings[key] = value
    if tools := items(request.get("tools")):
        settings["tools"] = len(tools)
    system = request.get("system_instruction")
    instructions = text_of(system) or content_text(obj(system).get("parts"))
    model = name_of(request.get("model")) or name_of(request.get("agent"))
    return Ask(
        model.removeprefix("models/") if model else None, _turns(request.get("input")), instructions or None, settings
    )


def _turns(given: Any) -> tuple[Message, ...]:
    steps = [given] if isinstance(given, dict) else objects(given)
    if isinstance(given, str) or not any("role" in step or step.get("type") in _ROLES for step in steps):
        text = content_text(given)
        return (Message("user", text),) if text else ()
    return tuple(Message(_role(step), content_text(step.get("content", step))) for step in steps)


def _role(step: dict[str, Any]) -> str:
    return name_of(step.get("role")) or _ROLES.get(str(step.get("type")), "tool")


def answer_interaction(response: Any) -> Answer:
    """What was said, thought, called and drawn; thinking is counted into the output, as elsewhere."""
    fields = obj(response)
    finish = name_of(fields.get("status"))
    steps = objects(fields.get("steps")) or objects(fields.get("outputs"))
    usage = obj(fields.get("usage"))
    thoughts = count_of(usage.get("total_thought_tokens"))
    return Answer(
        name_of(fields.get("model")) or name_of(fields.get("agent")),
        name_of(fields.get("id")),
        tuple(output for index, step in enumerate(steps) for output in _outputs(step, index, finish)),
        input_tokens=total(count_of(usage.get("total_input_tokens")), count_of(usage.get("total_tool_use_tokens"))),
        output_tokens=total(count_of(usage.get("total_output_tokens")), thoughts),
        cached_tokens=count_of(usage.get("total_cached_tokens")),
        reasoning_tokens=thoughts,
        pictures=sum(1 for step in steps for part in (step, *_parts(step)) if part.get("type") == "image"),
    )


def _parts(step: dict[str, Any]) -> list[dict[str, Any]]:
    return objects(step.get("content"))


def _outputs(step: dict[str, Any], index: int, finish: str | None) -> list[OutputText]:
    kind = str(step.get("type"))
    if kind == "thought":
        thought = content_text(step.get("summary"))
        return [OutputText(index, thought, finish, "reasoning")] if thought else []
    if kind.endswith("_call"):
        given = arguments_of(step.get("arguments", ""))
        return [OutputText(index, given, finish, "tool_call", name_of(step.get("name")) or kind)]
    if kind == "text":
        return [OutputText(index, content_text(step), finish)]
    if kind == "model_output":
        said = [part for part in _parts(step) if isinstance(part.get("text"), str)]
        return [OutputText(index, content_text(said), finish)] if said else []
    return []


def fold_interaction(events: list[StreamEvent]) -> Folded:
    """The steps of a stream, whose last event tells everything but them."""
    whole: dict[str, Any] = {}
    steps: dict[int, dict[str, Any]] = {}
    finished = False
    for event in events:
        kind, data = str(event.data.get("event_type") or event.name), event.data
        if told := obj(data.get("interaction")):
            whole.update({key: value for key, value in told.items() if value not in (None, [])})
        finished = finished or kind in _OVER
        if kind in ("step.start", "content.start"):
            step = obj(data.get("step")) or obj(data.get("content"))
            steps[index_of(data.get("index"), len(steps))] = {**step, "pieces": []}
        elif kind in ("step.delta", "content.delta"):
            step = steps.setdefault(index_of(data.get("index")), {"pieces": []})
            _grow(step, obj(data.get("delta")))
    if not (items(whole.get("steps")) or items(whole.get("outputs"))):
        whole["steps"] = [_whole(step) for _, step in sorted(steps.items())]
    return Folded(whole, finished)


def _grow(step: dict[str, Any], delta: dict[str, Any]) -> None:
    kind = str(delta.get("type"))
    if "arguments" in delta:
        step.update(name=delta.get("name") or step.get("name"), type=step.get("type") or "function_call")
        step["pieces"].append(arguments_of(delta["arguments"]))
    else:
        step["type"] = step.get("type") or ("thought" if kind.startswith("thought") else kind)
        step["pieces"].append(content_text(delta) if "text" in delta else content_text(delta.get("content")))
        step["drawn"] = step.get("drawn", False) or kind == "image"


def _whole(step: dict[str, Any]) -> dict[str, Any]:
    """A step with its pieces where they stand in an answer that came at once."""
    kind, text = str(step.get("type")), joined(step["pieces"])
    if kind == "thought":
        return {"type": kind, "summary": text or step.get("summary")}
    if kind.endswith("_call"):
        return {"type": kind, "name": step.get("name"), "arguments": text or step.get("arguments", "")}
    parts: list[dict[str, Any]] = [{"type": "image"}] if step.get("drawn") or kind == "image" else []
    begun = content_text([part for part in _parts(step) if "text" in part]) or text_of(step.get("text")) or ""
    said = [{"type": "text", "text": begun + text}] if begun + text else []
    return {"type": "model_output", "content": said + parts} if kind in ("model_output", "text", "image") else step


INTERACTION = Format("generate_content", "gemini.interactions", ask_interaction, answer_interaction, fold_interaction)
STORED_INTERACTION = Format(
    "retrieve_response", "gemini.interactions", ask_interaction, answer_interaction, fold_interaction
)
