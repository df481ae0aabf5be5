"""Calls that cross no ordinary request and answer: gRPC and WebSocket sessions. What is not known here stays a named gap."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from audits.capture.wire import google_grpc, live, realtime
from audits.capture.wire.bodies import Unreadable
from audits.capture.wire.facts import CallError, ModelCall, Parsed, WireExchange
from audits.capture.wire.formats import Answer, Format, fact
from audits.capture.wire.realtime import Turn

RAW_GRPC = "a gRPC call: its protobuf messages are kept raw"
RAW_WEBSOCKET = "a WebSocket session: its messages are kept raw"

Turns = tuple[list[Turn], str | None]
_SESSIONS: tuple[tuple[re.Pattern[str], Format, Callable[[WireExchange], Turns]], ...] = (
    (re.compile(r"/realtime/?$"), realtime.FORMAT, realtime.turns_of),
    (re.compile(r"/responses/?$"), live.RESPONSES, live.response_turns),
    (re.compile(r"\.BidiGenerateContent(?:Constrained)?/?$"), live.LIVE, live.live_turns),
)


def grpc(exchange: WireExchange, served_by: str | None) -> Parsed:
    """The call of a gRPC exchange of a service that is known; otherwise why its messages stay raw."""
    try:
        found = google_grpc.read(exchange)
    except Unreadable as problem:
        return Parsed(unparsed=f"{RAW_GRPC}: {problem}")
    if found is None:
        return Parsed(unparsed=f"{RAW_GRPC}: {exchange.target[:150]}")
    answer = found.format.answer(found.answer) if found.answer is not None else Answer()
    call = fact(found.format, found.format.ask(found.request, {}), answer, served_by)
    call = replace(call, streamed=found.streamed, error=_grpc_error(exchange, found))
    return Parsed((replace(call, truncated=call.error is None and not found.whole),))


def _grpc_error(exchange: WireExchange, found: google_grpc.GrpcCall) -> CallError | None:
    if exchange.status is None:
        return CallError("no_response", "the connection ended before a response began")
    if found.status not in ("", "0"):
        return CallError(f"grpc_{found.status}"[:40], "")
    if exchange.status != 200:
        return CallError(f"http_{exchange.status}", "")
    return None if found.answer is not None else CallError("incomplete_response", "no answer message came")


def websocket(exchange: WireExchange, served_by: str | None) -> Parsed:
    """The answers of a realtime session, each a call; otherwise why the messages stay raw."""
    if exchange.status != 101:
        return Parsed(not_a_model_call=f"a WebSocket was asked for and not opened (status {exchange.status})")
    path = exchange.target.partition("?")[0]
    found = next(((form, read) for pattern, form, read in _SESSIONS if pattern.search(path)), None)
    if found is None:
        return Parsed(unparsed=RAW_WEBSOCKET)
    wire_format, turns_of = found
    turns, problem = turns_of(exchange)
    calls: list[ModelCall] = []
    for turn in turns:
        call = fact(wire_format, turn.ask, turn.answer, served_by, len(calls))
        calls.append(replace(call, streamed=True, error=turn.error, truncated=not turn.whole))
    if not calls:
        return Parsed(unparsed=f"{RAW_WEBSOCKET}: no answer of a model is in them")
    return Parsed(tuple(calls), problem)
