"""Realtime sessions over a WebSocket, in the events that OpenAI and those who copy it exchange.

The record of a session is one line of JSON for each message: `from` (client or upstream), `type`, and `text` or `base64`.
Each answer of the model within the session is a call of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from audits.capture.wire.bodies import JsonReader, Unreadable, line_events
from audits.capture.wire.facts import CallError, Message, OutputText, WireExchange
from audits.capture.wire.formats import Answer, Ask, Format
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
    text_of,
)

_DELTAS = (
    "response.output_text.delta", "response.text.delta", "response.output_audio_transcript.delta",
    "response.audio_transcript.delta",
)  # fmt: skip


def no_single(_: Any, __: Any = None) -> Any:
    """Stands where other formats read a request or an answer. Raises Unreadable: a session has many of both."""
    raise Unreadable("a session has no single request or answer")


FORMAT = Format("chat", "openai.realtime", no_single, no_single)


@dataclass(frozen=True, slots=True)
class Turn:
    """One answer of the model and what it was given since the one before."""

    ask: Ask
    answer: Answer
    error: CallError | None
    whole: bool


@dataclass(slots=True)
class _Session:
    """What has been said so far."""

    model: str | None
    system: str | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    said: list[Message] = field(default_factory=list)
    pieces: list[str] = field(default_factory=list)
    under_way: bool = False
    turns: list[Turn] = field(default_factory=list)


def turns_of(exchange: WireExchange) -> tuple[list[Turn], str | None]:
    """The answers of a session, and why some of what was said could not be read (None: all was)."""
    query = parse_qs(urlsplit(exchange.target).query)
    session = _Session(name_of((query.get("model") or query.get("deployment") or [""])[0]))
    reader = JsonReader()
    bad = 0
    for line in line_events(exchange.response_body):
        try:
            _take(session, obj(reader.value(line.data)), reader)
        except Unreadable:
            bad += 1
    if session.under_way:
        session.turns.append(_turn(session, {}, whole=False))
    return session.turns, f"{bad} messages of a realtime session could not be read" if bad else None


def _take(session: _Session, line: dict[str, Any], reader: JsonReader) -> None:
    if line.get("type") in ("ping", "pong", "close"):
        return
    if not isinstance(line.get("text"), str):
        raise Unreadable("a message that is no text")
    event = obj(reader.value(line["text"]))
    kind = str(event.get("type"))
    if kind in ("session.created", "session.updated", "session.update"):
        _take_session(session, obj(event.get("session")))
    elif line.get("from") == "client":
        _take_asked(session, kind, event)
    elif kind == "response.created":
        session.under_way, session.pieces = True, []
    elif kind in _DELTAS:
        session.pieces.append(str(event.get("delta") or ""))
    elif kind == "conversation.item.input_audio_transcription.completed":
        session.said.append(Message("user", text_of(event.get("transcript")) or ""))
    elif kind == "response.done":
        session.turns.append(_turn(session, obj(event.get("response")), whole=True))


def _take_session(session: _Session, given: dict[str, Any]) -> None:
    session.model = name_of(given.get("model")) or session.model
    session.system = text_of(given.get("instructions")) or session.system
    session.settings |= settings_of(given)


def _take_asked(session: _Session, kind: str, event: dict[str, Any]) -> None:
    if kind == "conversation.item.create":
        item = obj(event.get("item"))
        text = content_text(item.get("content")) or arguments_of(item.get("output", ""))
        session.said.append(Message(name_of(item.get("role")) or "tool", text))
    elif kind == "response.create":
        asked = obj(event.get("response"))
        session.said += [Message("user", content_text(each.get("content"))) for each in objects(asked.get("input"))]
        if instructions := text_of(asked.get("instructions")):
            session.said.append(Message("system", instructions))


def _turn(session: _Session, response: dict[str, Any], *, whole: bool) -> Turn:
    usage = obj(response.get("usage"))
    status = name_of(response.get("status"))
    answer = Answer(
        session.model,
        name_of(response.get("id")),
        tuple(_outputs(response, status)) or _pieces(session),
        input_tokens=count_of(usage.get("input_tokens")),
        output_tokens=count_of(usage.get("output_tokens")),
        cached_tokens=count_of(obj(usage.get("input_token_details")).get("cached_tokens")),
    )
    ask = Ask(session.model, tuple(session.said), session.system, dict(session.settings))
    session.said, session.pieces, session.under_way = [], [], False
    error = None
    if status == "failed":
        told = obj(obj(response.get("status_details")).get("error"))
        error = CallError(name_of(told.get("type")) or "failed", text_of(told.get("message")) or "")
    return Turn(ask, answer, error, whole)


def _pieces(session: _Session) -> tuple[OutputText, ...]:
    return (OutputText(0, joined(session.pieces)),) if session.pieces else ()


def _outputs(response: dict[str, Any], status: str | None) -> list[OutputText]:
    found: list[OutputText] = []
    for item in objects(items(response.get("output"))):
        if item.get("type") == "function_call":
            arguments = arguments_of(item.get("arguments", ""))
            found.append(OutputText(0, arguments, status, "tool_call", name_of(item.get("name"))))
        elif text := content_text(item.get("content")):
            found.append(OutputText(0, text, status))
    return found
