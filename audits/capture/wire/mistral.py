"""Mistral's own operations beside those it shares with OpenAI: conversations, text recognition, classification.

A conversation is a call: the provider keeps what was said, and answers each time something is said. That distinguishes it
from OpenAI's conversations, which only store.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from audits.capture.wire.facts import Message, OutputText, Setting
from audits.capture.wire.formats import Answer, Ask, Folded, Format, StreamEvent, text_outputs
from audits.capture.wire.openai_chat import usage_of
from audits.capture.wire.openai_other import ask_input
from audits.capture.wire.reading import (
    arguments_of,
    content_text,
    index_of,
    joined,
    name_of,
    obj,
    objects,
    settings_of,
    text_of,
    thought_and_said,
)

_CALLS = ("function.call", "tool.execution")


def ask_conversation(request: dict[str, Any], path: Mapping[str, str]) -> Ask:
    """What is said in a conversation, new or going on; the model may be that of an agent, which stands in the settings."""
    given = request.get("inputs")
    said = [{"content": given}] if isinstance(given, str) else objects(given)
    settings: dict[str, Setting] = settings_of(request.get("completion_args"), request)
    for name, value in (("agent", request.get("agent_id")), ("conversation", path.get("conversation"))):
        if found := name_of(value):
            settings[name] = found
    prompt = tuple(Message(_role(each), content_text(each.get("content", each.get("result")))) for each in said)
    return Ask(name_of(request.get("model")), prompt, text_of(request.get("instructions")), settings)


def _role(entry: dict[str, Any]) -> str:
    return name_of(entry.get("role")) or ("tool" if entry.get("type") == "function.result" else "user")


def answer_conversation(response: Any) -> Answer:
    """The entries that the provider added: what the model said, thought and called."""
    fields = obj(response)
    entries = objects(fields.get("outputs"))
    model = next((name for entry in entries if (name := name_of(entry.get("model")))), None)
    return Answer(model, name_of(fields.get("conversation_id")), _outputs(entries), **usage_of(fields))


def answer_entries(response: Any) -> Answer:
    """A stored conversation: what the model said in it."""
    fields = obj(response)
    entries = objects(fields.get("messages")) or objects(fields.get("entries"))
    return Answer(None, name_of(fields.get("conversation_id")), _outputs(entries))


def _outputs(entries: list[dict[str, Any]]) -> tuple[OutputText, ...]:
    found: list[OutputText] = []
    for index, entry in enumerate(entries):
        if entry.get("type") in _CALLS:
            given = arguments_of(entry.get("arguments", ""))
            found.append(OutputText(index, given, None, "tool_call", name_of(entry.get("name"))))
        elif entry.get("type") == "message.output" or entry.get("role") == "assistant":
            thought, said = thought_and_said(entry.get("content"))
            found += text_outputs((thought, "reasoning"), (said, "text"), index=index)
    return tuple(found)


def fold_conversation(events: list[StreamEvent]) -> Folded:
    """The entries of a streamed answer; over at `conversation.response.done`."""
    whole: dict[str, Any] = {}
    entries: dict[int, dict[str, Any]] = {}
    finished = False
    for event in events:
        kind, data = str(event.data.get("type") or event.name), event.data
        if kind == "conversation.response.started":
            whole["conversation_id"] = data.get("conversation_id")
        elif kind == "conversation.response.done":
            whole["usage"], finished = data.get("usage"), True
        elif kind == "conversation.response.error":
            whole["error"] = {"type": name_of(data.get("code")), "message": data.get("message")}
        elif kind in ("message.output.delta", "function.call.delta", "tool.execution.started"):
            _grow(entries.setdefault(index_of(data.get("output_index")), {"parts": [], "arguments": []}), kind, data)
    whole["outputs"] = [_whole(entry) for _, entry in sorted(entries.items())]
    return Folded(whole, finished)


def _grow(entry: dict[str, Any], kind: str, data: dict[str, Any]) -> None:
    entry["type"] = kind.rpartition(".")[0]
    entry.update({key: data[key] for key in ("model", "name") if data.get(key)})
    entry["arguments"].append(data.get("arguments"))
    if "content" in data:
        entry["parts"].append(data["content"])


def _whole(entry: dict[str, Any]) -> dict[str, Any]:
    halves = [thought_and_said(part) for part in entry["parts"]]
    thought, said = joined(half[0] for half in halves), joined(half[1] for half in halves)
    content = [{"type": "thinking", "thinking": thought}] if thought else []
    kept: dict[str, Any] = {key: entry[key] for key in ("type", "model", "name") if key in entry}
    return {**kept, "content": [*content, {"type": "text", "text": said}], "arguments": joined(entry["arguments"])}


def ask_document(request: dict[str, Any], path: Mapping[str, str]) -> Ask:
    """A document whose text is to be recognised: named, not held."""
    kind = name_of(obj(request.get("document")).get("type")) or "document"
    return Ask(name_of(request.get("model")), (Message("user", f"[{kind}]"),), None, settings_of(request))


def answer_pages(response: Any) -> Answer:
    """The recognised text, page by page."""
    fields = obj(response)
    pages = enumerate(objects(fields.get("pages")))
    outputs = tuple(OutputText(index, content_text(page.get("markdown"))) for index, page in pages)
    return Answer(name_of(fields.get("model")), name_of(fields.get("id")), outputs)


def answer_scores(response: Any) -> Answer:
    """Scores: no text of a model."""
    fields = obj(response)
    return Answer(name_of(fields.get("model")), name_of(fields.get("id")), (), **usage_of(fields))


CONVERSATION = Format("chat", "mistral.conversations", ask_conversation, answer_conversation, fold_conversation)
STORED_CONVERSATION = Format("retrieve_messages", "mistral.conversations", ask_conversation, answer_entries)
OCR = Format("transcription", "mistral.ocr", ask_document, answer_pages)
CLASSIFICATION = Format("classification", "mistral.classifications", ask_input, answer_scores)
