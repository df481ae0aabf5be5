"""Reading both sides of an exchange: the request's object, the response's object or its events."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from audits.capture.wire.bodies import (
    Decoded,
    Event,
    JsonReader,
    Unreadable,
    array_values,
    decode_body,
    form_parts,
    header,
    json_lines,
    line_events,
    sse_events,
)
from audits.capture.wire.event_stream import bedrock_events
from audits.capture.wire.facts import CallError, WireExchange
from audits.capture.wire.formats import Format, StreamEvent
from audits.capture.wire.reading import name_of, obj, storable, text_of

_LINES_LIMIT = 100_000
_MESSAGE_LIMIT = 2000
_SSE_STARTS = (b"data:", b"event:", b"id:", b"retry:", b":")


@dataclass(slots=True)
class Side:
    """One side of an exchange as far as it could be read. `problem` says why not, `notes` what was odd."""

    value: Any = None
    problem: str | None = None
    streamed: bool = False
    complete: bool = True
    notes: list[str] = field(default_factory=list)


def read_request(exchange: WireExchange) -> Side:
    """The request's JSON object or form fields; an empty body reads as an empty object."""
    side = Side(value={})
    try:
        body = decode_body(exchange.request_body, exchange.request_headers).data
        if not body:
            return side
        kind = header(exchange.request_headers, "content-type").lower()
        if kind.startswith("multipart/"):
            side.value = _form(body, header(exchange.request_headers, "content-type"), side)
        else:
            side.value = _object(body, side)
    except Unreadable as problem:
        side.value, side.problem = None, f"request: {problem}"
    return side


def _object(body: bytes, side: Side) -> Any:
    reader = JsonReader(notice_repeated=True)
    try:
        value = reader.value(body)
    except Unreadable:
        # A file sent as it is, without a form around it.
        lines, unread = json_lines(body) if b"}\n" in body or b"}\r\n" in body else ([], None)
        if not lines:
            raise
        _miss(side, unread)
        return {"lines": lines}
    if reader.repeated_key:
        _miss(side, "it repeats a key; the last one was read, the provider may have read the first")
    if not isinstance(value, dict):
        raise Unreadable("not a JSON object")
    return value


def _miss(side: Side, what: str | None) -> None:
    """Say what of a request was not read, though the rest was: a person must look at it."""
    if what:
        side.problem = f"request: {what}"


def _form(body: bytes, content_type: str, side: Side) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for part in form_parts(body, content_type):
        if part.filename is None:
            found[part.name] = storable(part.data[:_MESSAGE_LIMIT].decode("utf-8", "replace"))
            continue
        found["filename"] = storable(part.filename)
        if part.data.lstrip()[:1] == b"{":
            found["lines"] = _lines_of(part.data, side)
    if not found:
        raise Unreadable("a form without readable parts")
    return found


def _lines_of(data: bytes, side: Side) -> list[dict[str, Any]]:
    """The lines of a file in a form; none of a file that only begins like one (an object over several lines)."""
    try:
        lines, unread = json_lines(data, _LINES_LIMIT)
    except Unreadable:
        return []
    _miss(side, unread)
    return lines


def read_response(exchange: WireExchange, wire_format: Format) -> Side:
    """The response's JSON, or its stream put together into the JSON of an unstreamed answer."""
    side = Side(complete=not exchange.truncated)
    if exchange.status is None:
        return Side(complete=False)
    try:
        decoded = decode_body(exchange.response_body, exchange.response_headers)
        side.complete = side.complete and decoded.complete
        _read_body(side, decoded, exchange, wire_format)
    except Unreadable as problem:
        if side.complete and 200 <= exchange.status < 300 and exchange.status != 204:
            side.problem = f"response: {problem}"
        side.notes.append(f"response: {problem}")
    return side


def _read_body(side: Side, decoded: Decoded, exchange: WireExchange, wire_format: Format) -> None:
    kind = header(exchange.response_headers, "content-type").lower()
    data = decoded.data
    reader = JsonReader()
    if not data.strip():
        raise Unreadable("the body is empty")
    if kind.startswith(("audio/", "image/", "video/")) or (
        kind.startswith("application/octet") and wire_format.operation == "speech"
    ):
        side.value = {}
    elif wire_format.operation == "retrieve_file":
        side.value = {"text": _text_alone(data)}
    elif "amazon.eventstream" in kind:
        events, whole = bedrock_events(data, reader)
        _fold(side, events, wire_format, over=False, whole=whole)
    elif wire_format.fold and (kind.startswith("text/event-stream") or data.lstrip().startswith(_SSE_STARTS)):
        _fold_texts(side, list(sse_events(data)), wire_format, reader)
    elif wire_format.fold and _is_lines(kind, data):
        _fold_texts(side, list(line_events(data)), wire_format, reader)
    elif wire_format.fold and data.lstrip()[:1] == b"[" and wire_format.api.startswith(("gemini", "vertex")):
        values, whole = array_values(data, reader)
        _fold(side, [StreamEvent("", obj(v)) for v in values], wire_format, over=whole, whole=whole)
    elif wire_format.operation == "transcription" and not kind.startswith("application/json"):
        side.value = {"text": data.decode("utf-8", "replace")}
    else:
        side.value = reader.value(data)


def _text_alone(data: bytes) -> str | None:
    """A file's text; None for one that is no text."""
    try:
        return None if b"\0" in data else data.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _is_lines(kind: str, data: bytes) -> bool:
    if kind.startswith(("application/x-ndjson", "application/ndjson", "application/stream+json", "application/jsonl")):
        return True
    first, gap, rest = data.strip().partition(b"\n")
    return bool(gap) and first.rstrip()[-1:] == b"}" and first[:1] == b"{" and rest.lstrip()[:1] == b"{"


def _fold_texts(side: Side, raw: Sequence[Event], wire_format: Format, reader: JsonReader) -> None:
    over = any(event.data.strip() == "[DONE]" for event in raw)
    events: list[StreamEvent] = []
    bad: list[int] = []
    for number, event in enumerate(raw):
        if event.data.strip() in ("", "[DONE]"):
            continue
        try:
            events.append(StreamEvent(event.name, obj(reader.value(event.data))))
        except Unreadable:
            bad.append(number)
    cut_last = bad == [len(raw) - 1] and not over
    if bad and not cut_last:
        side.notes.append(f"{len(bad)} of {len(raw)} stream events could not be read")
        side.problem = f"response: {side.notes[-1]}"
    _fold(side, events, wire_format, over=over, whole=not cut_last)


def _fold(side: Side, events: Iterable[StreamEvent], wire_format: Format, *, over: bool, whole: bool) -> None:
    listed = list(events)
    if wire_format.fold is None:
        raise Unreadable(f"a stream where {wire_format.api} sends none")
    if not listed and whole and not over:
        raise Unreadable("a stream without a readable event")
    folded = wire_format.fold(listed)
    error = next((e.data for e in listed if obj(e.data.get("error")) or isinstance(e.data.get("error"), str)), None)
    side.streamed = True
    side.value = folded.response if error is None else {**folded.response, "error": error["error"]}
    side.complete = (folded.finished or over) and whole


def error_of(exchange: WireExchange, response: Any) -> CallError | None:
    """Why the call failed: the provider's error object, a status other than 2xx, or no response at all."""
    if exchange.status is None:
        return CallError("no_response", "the connection ended before a response began")
    first = response[0] if isinstance(response, list) and response else response
    fields = obj(first)
    error = fields.get("error")
    failed = not 200 <= exchange.status < 300
    if isinstance(error, dict) and error and (failed or any(error.get(k) for k in ("message", "type", "code"))):
        kind = error.get("type") or error.get("status") or error.get("code")
        return CallError(name_of(kind) or f"http_{exchange.status}", _message(error.get("message")))
    if isinstance(error, str) and error:
        return CallError(f"http_{exchange.status}" if failed else "error", _message(error))
    if not failed:
        return None
    kind = header(exchange.response_headers, "x-amzn-errortype").partition(":")[0]
    given = next((fields[k] for k in ("message", "Message", "detail", "error_message") if fields.get(k)), None)
    return CallError(name_of(kind) or f"http_{exchange.status}", _message(given))


def _message(given: Any) -> str:
    text = text_of(given)
    return (text if text is not None else "" if given is None else storable(str(given)[:_MESSAGE_LIMIT]))[
        :_MESSAGE_LIMIT
    ]
