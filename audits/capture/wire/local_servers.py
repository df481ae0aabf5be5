"""Servers that people run themselves: Ollama, and text-generation-inference (which Hugging Face hosts as well)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from audits.capture.wire.facts import Message, OutputText
from audits.capture.wire.formats import Answer, Ask, Folded, Format, StreamEvent
from audits.capture.wire.openai_other import ask_input
from audits.capture.wire.reading import (
    arguments_of,
    chat_messages,
    content_text,
    count_of,
    joined,
    name_of,
    obj,
    objects,
    settings_of,
)


def ask_chat(request: dict[str, Any], path: Mapping[str, str]) -> Ask:
    """Ollama's /api/chat: OpenAI-shaped messages; sampling stands under `options`."""
    prompt, system = chat_messages(request.get("messages"))
    return Ask(name_of(request.get("model")), prompt, system, settings_of(request.get("options"), request))


def ask_generate(request: dict[str, Any], path: Mapping[str, str]) -> Ask:
    """Ollama's /api/generate: one prompt and a system text."""
    prompt = (Message("user", content_text(request.get("prompt"))),)
    system = content_text(request.get("system")) or None
    return Ask(name_of(request.get("model")), prompt, system, settings_of(request.get("options"), request))


def answer_ollama(response: Any) -> Answer:
    """An answer of either kind; token counts are its evaluation counts."""
    fields = obj(response)
    finish = name_of(fields.get("done_reason"))
    message = obj(fields.get("message")) or {"content": fields.get("response"), "thinking": fields.get("thinking")}
    outputs: list[OutputText] = []
    if thinking := content_text(message.get("thinking")):
        outputs.append(OutputText(0, thinking, finish, "reasoning"))
    calls = [obj(call.get("function")) for call in objects(message.get("tool_calls"))]
    text = content_text(message.get("content"))
    if text or (isinstance(message.get("content"), str) and not calls):
        outputs.append(OutputText(0, text, finish))
    for call in calls:
        given = arguments_of(call.get("arguments", {}))
        outputs.append(OutputText(0, given, finish, "tool_call", name_of(call.get("name"))))
    counts = count_of(fields.get("prompt_eval_count")), count_of(fields.get("eval_count"))
    return Answer(name_of(fields.get("model")), None, tuple(outputs), counts[0], counts[1])


def fold_ollama(events: list[StreamEvent]) -> Folded:
    """Ollama's lines, the last of which says `done` and brings the counts."""
    whole: dict[str, Any] = {}
    texts: dict[str, list[Any]] = {"content": [], "thinking": [], "response": []}
    tools: list[dict[str, Any]] = []
    for event in events:
        whole.update(event.data)
        message = obj(event.data.get("message"))
        texts["content"].append(message.get("content"))
        texts["thinking"].append(message.get("thinking", event.data.get("thinking")))
        texts["response"].append(event.data.get("response"))
        tools += objects(message.get("tool_calls"))
    whole["thinking"] = joined(texts["thinking"])
    if "message" in whole:
        whole["message"] = {"content": joined(texts["content"]), "thinking": whole["thinking"], "tool_calls": tools}
    else:
        whole["response"] = joined(texts["response"])
    return Folded(whole, whole.get("done") is True)


def ask_inputs(request: dict[str, Any], path: Mapping[str, str]) -> Ask:
    """text-generation-inference: `inputs` and `parameters`; the model, if named, in the path."""
    prompt = (Message("user", content_text(request.get("inputs"))),)
    model = name_of(path.get("model")) or name_of(request.get("model"))
    return Ask(model, prompt, None, settings_of(request.get("parameters")))


def answer_generated(response: Any) -> Answer:
    """Generated texts, in one object or a list of them."""
    rows = objects(response) or [obj(response)]
    outputs = [
        OutputText(i, content_text(row["generated_text"]), name_of(obj(row.get("details")).get("finish_reason")))
        for i, row in enumerate(rows)
        if isinstance(row.get("generated_text"), str)
    ]
    details = obj(rows[0].get("details")) if rows else {}
    return Answer(None, None, tuple(outputs), None, count_of(details.get("generated_tokens")))


def fold_generated(events: list[StreamEvent]) -> Folded:
    """A stream of tokens; the last event brings the whole text."""
    for event in events:
        if isinstance(event.data.get("generated_text"), str):
            return Folded(event.data, finished=True)
    return Folded({"generated_text": joined(obj(e.data.get("token")).get("text") for e in events)}, finished=False)


OLLAMA_CHAT = Format("chat", "ollama.chat", ask_chat, answer_ollama, fold_ollama)
OLLAMA_GENERATE = Format("text_completion", "ollama.generate", ask_generate, answer_ollama, fold_ollama)
OLLAMA_EMBED = Format("embeddings", "ollama.embed", ask_input, answer_ollama)
TGI = Format("text_completion", "tgi.generate", ask_inputs, answer_generated, fold_generated)
