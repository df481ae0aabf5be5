"""OpenAI's assistants: a thread keeps the questions, a run asks the model, and its state and answers are polled for.

The run is the call. Its tokens stand in its last state, its texts in the thread's messages: reading those are operations
of their own, as reading a stored response is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from audits.capture.wire.facts import Message, OutputText
from audits.capture.wire.formats import Answer, Ask, Folded, Format, StreamEvent
from audits.capture.wire.openai_chat import settings_asked, usage_of
from audits.capture.wire.reading import content_text, name_of, obj, objects


def ask_run(request: dict[str, Any], path: Mapping[str, str]) -> Ask:
    """A run: what it adds to its thread, or the thread it begins with."""
    given = objects(request.get("additional_messages")) or objects(obj(request.get("thread")).get("messages"))
    prompt = tuple(Message(name_of(m.get("role")) or "user", content_text(m.get("content"))) for m in given)
    settings = settings_asked(request, path)
    for key in ("assistant_id", "thread"):
        if value := name_of(request.get(key)) or name_of(path.get(key)):
            settings[key] = value
    instructions = content_text(request.get("instructions")) or content_text(request.get("additional_instructions"))
    return Ask(name_of(request.get("model")), prompt, instructions or None, settings)


def answer_run(response: Any) -> Answer:
    """A run's state; tokens are there once it is over. Texts only where it was streamed."""
    fields = obj(response)
    outputs = tuple(_texts(objects(fields.get("messages"))))
    return Answer(name_of(fields.get("model")), name_of(fields.get("id")), outputs, **usage_of(fields))


def fold_run(events: list[StreamEvent]) -> Folded:
    """A streamed run: its last state, and the messages that were completed."""
    whole: dict[str, Any] = {}
    messages: list[dict[str, Any]] = []
    for event in events:
        if event.name.startswith("thread.run.") and "step" not in event.name:
            whole = dict(event.data)
        elif event.name == "thread.message.completed":
            messages.append(event.data)
    whole["messages"] = messages
    return Folded(whole, any(event.name in ("thread.run.completed", "done") for event in events))


def answer_messages(response: Any) -> Answer:
    """A thread's messages: what assistants said in them."""
    return Answer(None, None, tuple(_texts(objects(obj(response).get("data")))))


def _texts(messages: list[dict[str, Any]]) -> list[OutputText]:
    said = [message for message in messages if message.get("role") == "assistant"]
    return [OutputText(index, _spoken(message)) for index, message in enumerate(said)]


def _spoken(message: dict[str, Any]) -> str:
    return "\n".join(content_text(obj(part.get("text")).get("value")) for part in objects(message.get("content")))


RUN = Format("create_run", "openai.assistants", ask_run, answer_run, fold_run)
RETRIEVED_RUN = Format("retrieve_run", "openai.assistants", ask_run, answer_run)
RETRIEVED_MESSAGES = Format("retrieve_messages", "openai.assistants", ask_run, answer_messages)
