"""Answers that an API keeps, and files that its tools made: reading one is an operation of its own.

Where nobody knows the host, the answer must look like one. `not_yet` tells an answer that is still being made: asking for
its state is no call.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from audits.capture.wire import assistants, interactions, mistral, openai_other
from audits.capture.wire.facts import OutputText
from audits.capture.wire.formats import Answer, Ask, Format
from audits.capture.wire.openai_chat import answer_chat, ask_chat, fold_chat
from audits.capture.wire.openai_responses import answer_items, answer_response, ask_response, fold_response
from audits.capture.wire.reading import obj, text_of

_UNDER_WAY = frozenset(
    ("queued", "in_progress", "starting", "processing", "running", "pending", "cancelling", "created")
)


def _stored_chat(response: Any) -> Answer:
    """A stored completion; Perplexity puts it one level down."""
    return answer_chat(obj(obj(response).get("response")) or response)


def _nothing(request: dict[str, Any], path: Mapping[str, str]) -> Ask:
    return Ask()


def _file(response: Any) -> Answer:
    """A file: its text, if it is one (see exchanges.read_response)."""
    text = text_of(obj(response).get("text"))
    return Answer(None, None, (OutputText(0, text),) if text else ())


FILE = Format("retrieve_file", "stored.files", _nothing, _file)
_RESPONSE = Format("retrieve_response", "openai.responses", ask_response, answer_response, fold_response)
_CHAT = Format("retrieve_response", "openai.chat", ask_chat, _stored_chat, fold_chat)
_ITEMS = Format("retrieve_messages", "openai.conversations", _nothing, answer_items)


@dataclass(frozen=True, slots=True)
class Stored:
    """A path where answers are kept. `given`: whether a response's object is such an answer."""

    path: re.Pattern[str]
    format: Format
    given: Callable[[dict[str, Any]], bool]
    served_by: frozenset[str] = frozenset()


def _stored(path: str, wire_format: Format, given: Callable[[dict[str, Any]], bool], *served_by: str) -> Stored:
    return Stored(re.compile(path + "/?$"), wire_format, given, frozenset(served_by))


def _holds(name: str, kind: type = list) -> Callable[[dict[str, Any]], bool]:
    return lambda fields: isinstance(fields.get(name), kind)


def _always(fields: dict[str, Any]) -> bool:
    return True


_MISTRAL = ("mistral",)
STORED: tuple[Stored, ...] = (
    _stored(r"/responses/[^/]+", _RESPONSE, _holds("output")),
    _stored(
        r"/chat/(?:completions|deferred-completion)/[^/]+",
        _CHAT,
        lambda fields: isinstance(fields.get("choices"), list) or isinstance(fields.get("response"), dict),
    ),
    _stored(r"/threads/[^/]+/runs/[^/]+", assistants.RETRIEVED_RUN, lambda f: "model" in f or "assistant_id" in f),
    _stored(r"/threads/[^/]+/messages", assistants.RETRIEVED_MESSAGES, _holds("data")),
    _stored(r"/conversations/[^/]+/(?:messages|history)", mistral.STORED_CONVERSATION, _holds("messages"), *_MISTRAL),
    _stored(r"/conversations/[^/]+/(?:messages|history)", mistral.STORED_CONVERSATION, _holds("entries"), *_MISTRAL),
    _stored(r"/conversations/[^/]+/items", _ITEMS, _holds("data")),
    _stored(
        r"/interactions/[^/]+",
        interactions.STORED_INTERACTION,
        lambda fields: isinstance(fields.get("steps", fields.get("outputs")), list),
    ),
    _stored(r"/predictions/[^/]+", openai_other.RETRIEVED_PREDICTION, lambda f: "output" in f, "replicate"),
    # What a model's tools wrote: those files come from nowhere else.
    _stored(r"/containers/[^/]+/files/[^/]+/content", FILE, _always, "openai", "azure"),
    _stored(r"/videos/[^/]+/content", FILE, _always, "openai", "azure"),
    _stored(r"(?<!containers)/files/[^/]+/content", FILE, _always, "anthropic"),
)
_LISTED = re.compile(r"/chat/completions/?$")


def stored_at(path: str, served_by: str | None) -> list[Stored]:
    """What may be kept at a path; empty where no API keeps answers."""
    return [
        each
        for each in STORED
        if each.path.search(path) and (not each.served_by or (served_by or "") in each.served_by)
    ]


def not_yet(response: dict[str, Any]) -> bool:
    """Whether a stored answer is still being made."""
    return str(response.get("status")).lower() in _UNDER_WAY


def listed_answers(path: str, response: Any) -> list[dict[str, Any]]:
    """The stored completions of a list of them; empty for anything else."""
    data = obj(response).get("data")
    if not _LISTED.search(path) or not isinstance(data, list):
        return []
    return [each for each in data if isinstance(obj(each).get("choices"), list)]


CHAT = _CHAT
