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
    total,
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


def ask_text(request: dict[str, Any], path: Mapping[str, str]) -> Ask:
    """SGLang's own path: one text or several."""
    given = request.get("text")
    prompt = tuple(Message("user", content_text(text)) for text in (given if isinstance(given, list) else [given]))
    return Ask(name_of(request.get("model")), prompt, None, settings_of(request.get("sampling_params")))


def answer_texts(response: Any) -> Answer:
    """SGLang's answers: a text each, with what it counted."""
    rows = objects(response) or [obj(response)]
    meta = [obj(row.get("meta_info")) for row in rows]
    outputs = [
        OutputText(i, content_text(row["text"]), name_of(obj(meta[i].get("finish_reason")).get("type")))
        for i, row in enumerate(rows)
        if isinstance(row.get("text"), str)
    ]
    tokens = [total(*(count_of(each.get(f"{side}_tokens")) for each in meta)) for side in ("prompt", "completion")]
    return Answer(None, name_of(meta[0].get("id")), tuple(outputs), *tokens)


def fold_texts(events: list[StreamEvent]) -> Folded:
    """SGLang's stream: each event holds the whole text so far."""
    last = events[-1].data if events else {}
    return Folded(last, finished=bool(obj(last.get("meta_info")).get("finish_reason")))


def ask_completion(request: dict[str, Any], path: Mapping[str, str]) -> Ask:
    """llama.cpp's own path: a prompt as text, or as token ids."""
    given = request.get("prompt")
    numbers = isinstance(given, list) and all(isinstance(each, int) for each in given)
    text = f"[{len(given or [])} token ids]" if numbers else content_text(given)
    return Ask(name_of(request.get("model")), (Message("user", text),), None, settings_of(request))


def answer_completion(response: Any) -> Answer:
    """llama.cpp's answer: its content, and its counts of tokens."""
    fields = obj(response)
    text = fields.get("content")
    outputs = (OutputText(0, content_text(text), name_of(fields.get("stop_type"))),) if isinstance(text, str) else ()
    counts = count_of(fields.get("tokens_evaluated")), count_of(fields.get("tokens_predicted"))
    return Answer(name_of(fields.get("model")), None, outputs, *counts)


def fold_completion(events: list[StreamEvent]) -> Folded:
    """llama.cpp's stream of pieces; the last one says `stop` and brings the counts."""
    last = events[-1].data if events else {}
    return Folded({**last, "content": joined(event.data.get("content") for event in events)}, last.get("stop") is True)


SGLANG = Format("text_completion", "sglang.generate", ask_text, answer_texts, fold_texts)
LLAMA_CPP = Format("text_completion", "llama_cpp.completion", ask_completion, answer_completion, fold_completion)
OLLAMA_CHAT = Format("chat", "ollama.chat", ask_chat, answer_ollama, fold_ollama)
OLLAMA_GENERATE = Format("text_completion", "ollama.generate", ask_generate, answer_ollama, fold_ollama)
OLLAMA_EMBED = Format("embeddings", "ollama.embed", ask_input, answer_ollama)
TGI = Format("text_completion", "tgi.generate", ask_inputs, answer_generated, fold_generated)
