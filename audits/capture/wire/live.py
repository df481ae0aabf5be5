"""Sessions over a WebSocket beside OpenAI's realtime ones: its responses API held open, and Google's Live API.

Both are read as realtime sessions are: one line of the record for each message, one call for each answer of the model.
"""

from __future__ import annotations

import binascii
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from audits.capture.wire.bodies import JsonReader, Unreadable, line_events
from audits.capture.wire.facts import CallError, Message, OutputText, WireExchange
from audits.capture.wire.formats import Answer, Ask, Format, StreamEvent, text_outputs
from audits.capture.wire.openai_responses import LAST_EVENTS, answer_response, ask_response, fold_response
from audits.capture.wire.reading import (
    arguments_of,
    content_text,
    count_of,
    joined,
    name_of,
    obj,
    objects,
    settings_of,
    text_of,
    total,
)
from audits.capture.wire.realtime import Turn, no_single

RESPONSES = Format("create_response", "openai.responses", no_single, no_single)
LIVE = Format("generate_content", "gemini.live", no_single, no_single)

Said = tuple[bool, dict[str, Any]]


def _messages(exchange: WireExchange, bad: list[int]) -> Iterator[Said]:
    """Each message of a session as (whether the client said it, its object); what can't be read is counted in `bad`."""
    reader = JsonReader()
    for number, line in enumerate(line_events(exchange.response_body)):
        try:
            told = obj(reader.value(line.data))
            if told.get("type") not in ("ping", "pong", "close"):
                yield told.get("from") == "client", obj(reader.value(_payload(told)))
        except Unreadable:
            bad.append(number)


def _payload(told: dict[str, Any]) -> bytes | str:
    """What was said; Google's servers send their JSON as bytes."""
    if isinstance(told.get("text"), str):
        return str(told["text"])
    try:
        return binascii.a2b_base64(str(told.get("base64", "")))
    except (binascii.Error, ValueError) as problem:
        raise Unreadable(f"a message that is not base64: {problem}") from problem


def _problem(bad: list[int]) -> str | None:
    return f"{len(bad)} messages of a session could not be read" if bad else None


# OpenAI's responses, several of which may be under way at once, told apart by their streams.


def response_turns(exchange: WireExchange) -> tuple[list[Turn], str | None]:
    """The answers of a session of the responses API, and why some of it could not be read (None: all was)."""
    bad: list[int] = []
    turns: list[Turn] = []
    under_way: dict[str, tuple[dict[str, Any], list[StreamEvent]]] = {}
    for by_client, message in _messages(exchange, bad):
        kind, stream = str(message.get("type")), name_of(message.get("stream_id")) or ""
        if by_client and kind == "response.create":
            turns += _response_turn(under_way.pop(stream, None))
            under_way[stream] = (obj(message.get("response")) or message, [])
        elif not by_client and stream in under_way:
            under_way[stream][1].append(StreamEvent(kind, message))
            if kind in (*LAST_EVENTS, "error"):
                turns += _response_turn(under_way.pop(stream))
    for left in under_way.values():
        turns += _response_turn(left)
    return turns, _problem(bad)


def _response_turn(begun: tuple[dict[str, Any], list[StreamEvent]] | None) -> list[Turn]:
    if begun is None:
        return []
    asked, events = begun
    folded = fold_response(events)
    answer, failure = answer_response(folded.response), obj(folded.response.get("error"))
    if asked.get("generate") is False and not answer.outputs:
        return []  # a session that was only warmed up
    error = None
    if failure:
        error = CallError(
            name_of(failure.get("type") or failure.get("code")) or "error", text_of(failure.get("message")) or ""
        )
    return [Turn(ask_response(asked, {}), answer, error, folded.finished or error is not None)]


# Google's Live API.


@dataclass(slots=True)
class _Session:
    """What has been said so far, and the answer that is under way."""

    model: str | None = None
    system: str | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    said: list[Message] = field(default_factory=list)
    pieces: dict[str, list[str]] = field(default_factory=dict)
    calls: list[OutputText] = field(default_factory=list)
    usage: dict[str, Any] = field(default_factory=dict)
    turns: list[Turn] = field(default_factory=list)


def live_turns(exchange: WireExchange) -> tuple[list[Turn], str | None]:
    """The answers of a Live session, and why some of it could not be read (None: all was)."""
    bad: list[int] = []
    session = _Session()
    for by_client, message in _messages(exchange, bad):
        if by_client:
            _take_asked(session, message)
        else:
            _take_answered(session, message)
    if session.pieces or session.calls:
        _close(session, whole=False)
    return session.turns, _problem(bad)


def _either(fields: dict[str, Any], name: str) -> Any:
    """A field under either spelling of protobuf JSON."""
    plain = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)
    return fields.get(name, fields.get(plain))


def _take_asked(session: _Session, message: dict[str, Any]) -> None:
    if setup := obj(message.get("setup")):
        session.model = (name_of(setup.get("model")) or "").rpartition("models/")[2] or None
        system = _either(setup, "systemInstruction")
        session.system = text_of(system) or content_text(obj(system).get("parts")) or None
        session.settings = settings_of(_either(setup, "generationConfig"))
    for turn in objects(obj(_either(message, "clientContent")).get("turns")):
        session.said.append(Message(name_of(turn.get("role")) or "user", content_text(turn.get("parts"))))
    if text := text_of(obj(_either(message, "realtimeInput")).get("text")):
        session.said.append(Message("user", text))
    answers = objects(_either(obj(_either(message, "toolResponse")), "functionResponses"))
    session.said += [Message("tool", arguments_of(each.get("response", ""))) for each in answers]


def _take_answered(session: _Session, message: dict[str, Any]) -> None:
    session.usage = obj(message.get("usageMetadata")) or session.usage
    content = obj(message.get("serverContent"))
    for part in objects(obj(content.get("modelTurn")).get("parts")):
        if text := text_of(part.get("text")):
            session.pieces.setdefault("thought" if part.get("thought") is True else "text", []).append(text)
    for key, kind in (("outputTranscription", "spoken"), ("inputTranscription", "heard")):
        if text := text_of(obj(content.get(key)).get("text")):
            session.pieces.setdefault(kind, []).append(text)
    for call in objects(obj(message.get("toolCall")).get("functionCalls")):
        given = arguments_of(call.get("args", {}))
        session.calls.append(OutputText(0, given, None, "tool_call", name_of(call.get("name"))))
    # A model that called a function says nothing more before it has the function's answer.
    if content.get("turnComplete") is True or "toolCall" in message:
        _close(session, whole=True)


def _close(session: _Session, *, whole: bool) -> None:
    text = {kind: joined(pieces) for kind, pieces in session.pieces.items()}
    outputs = text_outputs((text.get("thought"), "reasoning"), (text.get("text") or text.get("spoken"), "text"))
    if heard := text.get("heard"):
        session.said.append(Message("user", heard))
    thoughts = count_of(session.usage.get("thoughtsTokenCount"))
    answer = Answer(
        session.model,
        None,
        (*outputs, *session.calls),
        input_tokens=count_of(session.usage.get("promptTokenCount")),
        output_tokens=total(count_of(session.usage.get("responseTokenCount")), thoughts),
        cached_tokens=count_of(session.usage.get("cachedContentTokenCount")),
        reasoning_tokens=thoughts,
    )
    ask = Ask(session.model, tuple(session.said), session.system, dict(session.settings))
    session.turns.append(Turn(ask, answer, None, whole))
    session.said, session.pieces, session.calls, session.usage = [], {}, [], {}
