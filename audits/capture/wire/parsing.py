"""One exchange in, its facts out. Never raises for what was on the wire: what can't be read says so."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import unquote, urlsplit

from audits.capture.wire import other_protocols
from audits.capture.wire.batch_lines import batched_answer, inlined_answers, questions_in, with_questions
from audits.capture.wire.bodies import JsonReader, Unreadable, decode_body, header, json_lines, line_events
from audits.capture.wire.exchanges import Side, error_of, read_request, read_response
from audits.capture.wire.facts import REASON_LIMIT, CallError, ModelCall, Parsed, WireExchange
from audits.capture.wire.formats import Answer, Ask, Format, fact
from audits.capture.wire.hosts import other_purpose_of, served_by_of, stores_files
from audits.capture.wire.reading import count_of, obj, storable
from audits.capture.wire.retrieved import CHAT, listed_answers, not_yet, stored_at
from audits.capture.wire.routes import (
    BATCH_RESULTS,
    BATCH_STATE,
    STORED_BATCH,
    format_by_shape,
    route_of,
    side_traffic,
    status_reading,
    storing,
    unseen,
)

_LONGEST_PATH = 4096
_NO_CALL_METHODS = {
    "HEAD": "only heads were asked for",
    "OPTIONS": "a server's options were asked",
    "CONNECT": "a tunnel was asked for",
    "TRACE": "a trace was asked for",
    "DELETE": "something was deleted",
}


def parse(exchange: WireExchange, hosts: Mapping[str, str] | None = None) -> Parsed:
    """The model calls that an exchange holds, or why it holds none, or why that can't be told.

    `hosts` names further channels (pattern → served_by), as `hosts.served_by_of` reads it.
    """
    try:
        found = _parse(exchange, hosts)
    except RecursionError:
        # JSON that was just shallow enough to be read can be too deep to be looked at.
        found = Parsed(unparsed="JSON nested too deeply")
    return replace(found, unparsed=storable(found.unparsed)[:REASON_LIMIT]) if found.unparsed else found


def _parse(exchange: WireExchange, hosts: Mapping[str, str] | None) -> Parsed:
    served_by = served_by_of(exchange.host, hosts)
    method = exchange.method.upper()
    path = _path(exchange.target)
    if method in _NO_CALL_METHODS:
        return Parsed(not_a_model_call=f"{method}: {_NO_CALL_METHODS[method]}")
    if len(path) > _LONGEST_PATH:
        return Parsed(unparsed=f"a path of {len(path)} characters on {exchange.host[:100]}")
    if _is_websocket(exchange, method):
        return other_protocols.websocket(exchange, served_by)
    if header(exchange.request_headers, "content-type").lower().startswith("application/grpc"):
        return other_protocols.grpc(exchange, served_by)
    if method == "GET" and (found := _stored_answer(exchange, served_by, path)):
        return found
    if method == "GET" and BATCH_RESULTS.search(path) and (found := _batch_results(exchange, served_by)):
        return found
    if method in ("POST", "PATCH", "PUT") and (reason := storing(path, served_by)):
        return Parsed(not_a_model_call=reason)
    if found := _batch_elsewhere(exchange, served_by, method, path):
        return found
    request = read_request(exchange)
    route = route_of(method, path, served_by, request.value)
    if route is not None:
        return _call(exchange, served_by, *route, request)
    if method == "GET":
        return _unrouted_get(exchange, served_by, path)
    return _unrouted(exchange, served_by, path, request)


_SPELT_OUT = re.compile(r"%(?:2[dDeE]|3[0-9]|4[1-9a-fA-F]|5[0-9aAfF]|6[1-9a-fA-F]|7[0-9aAeE])")


def _path(target: str) -> str:
    """The path, with what needs no escape unescaped: servers read `%63hat` as `chat` (RFC 3986, section 6.2.2.2)."""
    return _SPELT_OUT.sub(lambda found: unquote(found[0]), _raw_path(target))


def _raw_path(target: str) -> str:
    if target.startswith("/"):
        return target.partition("?")[0].partition("#")[0]
    try:
        return urlsplit(target).path or "/"
    except ValueError:
        return "/"


def _is_websocket(exchange: WireExchange, method: str) -> bool:
    """Whether a WebSocket was opened, or asked for in vain.

    The header alone proves nothing: a server that opens none answers the request as if the header were not there.
    """
    if exchange.status == 101:
        return True
    asked = method == "GET" and "websocket" in header(exchange.request_headers, "upgrade").lower()
    return asked and not (exchange.status is not None and 200 <= exchange.status < 300)


def _call(
    exchange: WireExchange, served_by: str | None, wire_format: Format, named: Mapping[str, str], request: Side
) -> Parsed:
    ask = wire_format.ask(obj(request.value), {name: unquote(value) for name, value in named.items()})
    response = read_response(exchange, wire_format)
    error = error_of(exchange, response.value)
    if error is None and not response.complete and response.value is None:
        error = CallError("incomplete_response", "the response broke off before it could be read")
    questions = questions_in(request.value) if wire_format.operation in ("batch", "file_upload") else ()
    call = fact(wire_format, with_questions(ask, questions), wire_format.answer(response.value), served_by)
    call = replace(
        _with_header_usage(call, exchange),
        questions=questions,
        streamed=response.streamed,
        error=error,
        truncated=exchange.status is not None and not response.complete and (error is None or exchange.status < 300),
        notes=tuple(storable(note) for note in (*request.notes, *response.notes)),
    )
    unparsed = [problem for problem in (request.problem, response.problem) if problem]
    return Parsed((call,), "; ".join(unparsed) if unparsed else None)


def _with_header_usage(call: ModelCall, exchange: WireExchange) -> ModelCall:
    """Bedrock reports the tokens of an invoke in headers, where a model's own answer has none."""
    if call.usage_source == "reported" or not call.api.startswith("bedrock"):
        return call
    counts = [
        _number(header(exchange.response_headers, f"x-amzn-bedrock-{d}-token-count")) for d in ("input", "output")
    ]
    if counts == [None, None]:
        return call
    return replace(call, input_tokens=counts[0], output_tokens=counts[1], usage_source="reported")


def _number(text: str) -> int | None:
    return count_of(int(text)) if text.isascii() and text.isdigit() and len(text) < 20 else None


def _stored_answer(exchange: WireExchange, served_by: str | None, path: str) -> Parsed | None:
    """An answer that an API keeps, read; None where none is kept, or nothing shows that one is."""
    kept = stored_at(path, served_by)
    known = served_by not in (None, "self")
    response = _json_response(exchange) if kept or path.endswith("/completions") else None
    if rows := listed_answers(path, response):
        return Parsed(tuple(fact(CHAT, Ask(), CHAT.answer(row), served_by, at) for at, row in enumerate(rows)))
    if not kept:
        return None
    if exchange.status is None or not 200 <= exchange.status < 300:
        return Parsed(not_a_model_call="a stored answer was asked for and not given")
    found = next((each for each in kept if each.given(obj(response))), None)
    if not_yet(obj(response)):
        return Parsed(not_a_model_call="a stored answer was asked for that was not there yet")
    if found is None and known and not isinstance(response, dict):
        found = kept[0]
    return None if found is None else _call(exchange, served_by, found.format, {}, Side(value={}))


def _unrouted_get(exchange: WireExchange, served_by: str | None, path: str) -> Parsed:
    purpose = status_reading(path) if served_by else other_purpose_of(exchange.host)
    if purpose is None and served_by in (None, "self"):
        purpose = "a page or file was read from a host that serves no known model API"
    if purpose is None:
        return Parsed(unparsed=_unknown(exchange, path, f"{served_by} serves models", served_by))
    return Parsed(not_a_model_call=purpose)


def _unrouted(exchange: WireExchange, served_by: str | None, path: str, request: Side) -> Parsed:
    response = _json_response(exchange)
    found = format_by_shape(request.value, response)
    if found is not None:
        request.notes.append("told by the shape of its bodies: no parser knows the path")
        return _call(exchange, served_by, found, {}, request)
    purpose = (other_purpose_of(exchange.host) if served_by is None else None) or side_traffic(path, served_by)
    if purpose is not None:
        return Parsed(not_a_model_call=purpose)
    why = request.problem or "its bodies look like no known model API"
    return Parsed(unparsed=_unknown(exchange, path, why, served_by))


def _unknown(exchange: WireExchange, path: str, why: str, served_by: str | None) -> str:
    asked = f"{exchange.method[:20]} {path[:150]} on {exchange.host[:100]}"
    alone = unseen(path) if served_by not in (None, "self") else None
    return f"{asked} has to do with {alone}" if alone else f"no parser knows {asked}: {why}"


def _json_response(exchange: WireExchange) -> Any:
    try:
        return JsonReader().value(decode_body(exchange.response_body, exchange.response_headers).data)
    except Unreadable:
        return None


def _batch_results(exchange: WireExchange, served_by: str | None) -> Parsed | None:
    """A file with the answers of a batch: each line is one call; its question went out with another file.

    None for a host that nobody knows, where it holds none.
    """
    try:
        body = decode_body(exchange.response_body, exchange.response_headers).data
    except Unreadable as problem:
        return Parsed(unparsed=f"response: {problem}") if served_by else None
    reader = JsonReader()
    calls: list[ModelCall] = []
    bad = 0
    for event in line_events(body):
        try:
            calls += _batched_calls([reader.value(event.data)], served_by, len(calls))
        except Unreadable:
            bad += 1
    if not calls:
        return Parsed(not_a_model_call="a file was read that holds no answers of a batch") if served_by else None
    return Parsed(tuple(calls), f"response: {bad} lines could not be read as JSON" if bad else None)


def _batched_calls(lines: Sequence[Any], served_by: str | None, begin: int = 0) -> list[ModelCall]:
    """The calls that lines of a batch's results hold."""
    calls: list[ModelCall] = []
    for line in lines:
        found = batched_answer(obj(line), begin + len(calls))
        if found is not None:
            call = fact(found.format, found.ask, found.answer, served_by, begin + len(calls))
            calls.append(replace(call, error=found.error))
    return calls


def _batch_elsewhere(exchange: WireExchange, served_by: str | None, method: str, path: str) -> Parsed | None:
    """Questions or answers of a batch where one would not look for them: in a job's state, in a store of files."""
    if served_by is None:
        return _stored_lines(exchange) if stores_files(exchange.host) and method in ("GET", "PUT", "POST") else None
    if method != "GET" or not BATCH_STATE.search(path):
        return None
    calls = _batched_calls(inlined_answers(_json_response(exchange)), served_by)
    return Parsed(tuple(calls)) if calls else None


def _stored_lines(exchange: WireExchange) -> Parsed | None:
    """A file of a batch on its way to or from a store of files; None for any other file."""
    upload = exchange.method.upper() != "GET"
    body = exchange.request_body if upload else exchange.response_body
    try:
        headers = exchange.request_headers if upload else exchange.response_headers
        lines, unread = json_lines(decode_body(body, headers).data)
    except Unreadable:
        return None
    served_by = "amazon-bedrock" if any("recordId" in line for line in lines[:1]) else "google-vertex"
    if upload:
        questions, name = questions_in({"lines": lines}), storable(_path(exchange.target))[-200:]
        ask = with_questions(Ask(settings={"lines": len(lines), "filename": name}), questions)
        call = fact(STORED_BATCH, ask, Answer(None, name), served_by)
        return Parsed((replace(call, questions=questions),), unread) if questions else None
    calls = _batched_calls(lines, served_by)
    return Parsed(tuple(calls), unread) if calls else None
