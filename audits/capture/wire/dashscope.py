"""Alibaba Cloud's own format for Qwen (DashScope); its OpenAI-compatible one is read like any other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from audits.capture.wire.facts import Message, OutputText
from audits.capture.wire.formats import Answer, Ask, Folded, Format, StreamEvent
from audits.capture.wire.openai_chat import answer_chat
from audits.capture.wire.reading import chat_messages, content_text, count_of, name_of, obj, objects, settings_of


def ask(request: dict[str, Any], path: Mapping[str, str]) -> Ask:
    """A generation request: `input` holds messages or a prompt."""
    given = obj(request.get("input"))
    prompt, system = chat_messages(given.get("messages"))
    if not prompt and "prompt" in given:
        prompt = (Message("user", content_text(given["prompt"])),)
    return Ask(name_of(request.get("model")), prompt, system, settings_of(request.get("parameters")))


def answer(response: Any) -> Answer:
    """A generation answer: `output` holds choices, or the text alone."""
    fields = obj(response)
    output, usage = obj(fields.get("output")), obj(fields.get("usage"))
    outputs = answer_chat(output).outputs
    if isinstance(output.get("text"), str):
        outputs = (OutputText(0, content_text(output["text"]), name_of(output.get("finish_reason"))),)
    return Answer(
        name_of(fields.get("model")),
        name_of(fields.get("request_id")),
        outputs,
        count_of(usage.get("input_tokens")),
        count_of(usage.get("output_tokens")),
    )


def fold(events: list[StreamEvent]) -> Folded:
    """A stream repeats the whole text in every event unless `incremental_output` was asked; both are put together."""
    whole: dict[str, Any] = {}
    text, finish = "", None
    for event in events:
        whole.update({key: value for key, value in event.data.items() if value is not None})
        output = obj(event.data.get("output"))
        choice = next(iter(objects(output.get("choices"))), {})
        piece = content_text(output.get("text", obj(choice.get("message")).get("content")))
        text = piece if text and piece.startswith(text) else text + piece
        finish = choice.get("finish_reason") or output.get("finish_reason") or finish
    over = finish not in (None, "null")
    whole["output"] = {"text": text, "finish_reason": finish if over else None}
    return Folded(whole, over)


GENERATION = Format("chat", "dashscope.generation", ask, answer, fold)
