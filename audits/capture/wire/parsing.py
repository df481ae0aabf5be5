"""One exchange in, its facts out. Never raises for what was on the wire: what can't be read says so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import unquote, urlsplit

from audits.capture.wire import anthropic, openai_chat, openai_other, other_protocols
from audits.capture.wire.bodies import JsonReader, Unreadable, decode_body, header, line_events
from audits.capture.wire.exchanges import Side, error_of, read_request, read_response
from audits.capture.wire.facts import REASON_LIMIT, CallError, ModelCall, Parsed, WireExchange
from audits.capture.wire.formats import Ask, Format, fact
from audits.capture.wire.hosts import other_purpose_of, served_by_of
from audits.capture.wire.openai_responses import RESPONSE
from audits.capture.wire.reading import count_of, name_of, obj, storable
from audits.capture.wire.routes import BATCH_RESULTS, format_by_shape, route_of, side_traffic, status_reading

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
    if _is_websocket(exchange):
        return other_protocols.websocket(exchange, served_by)
    if header(exchange.request_headers, "content-type").lower().startswith("application/grpc"):
        return other_protocols.grpc(exchange, served_by)
    if method == "GET" and BATCH_RESULTS.search(path) and served_by is not None:
        return _batch_results(exchange, served_by)
    request = read_request(exchange)
    route = route_of(method, path, served_by, request.value)
    if route is not None:
        return _call(exchange, served_by, *route, request)
    if method == "GET":
        return _unrouted_get(exchange, served_by, path)
    return _unrouted(exchange, served_by, path, request)


def _path(target: str) -> str:
    if target.startswith("/"):
        return target.partition("?")[0].partition("#")[0]
    try:
        return urlsplit(target).path or "/"
    except ValueError:
        return "/"


def _is_websocket(exchange: WireExchange) -> bool:
    return exchange.status == 101 or "websocket" in header(exchange.request_headers, "upgrade").lower()


def _call(
    exchange: WireExchange, served_by: str | None, wire_format: Format, named: Mapping[str, str], request: Side
) -> Parsed:
    ask = wire_format.ask(obj(request.value), {name: unquote(value) for name, value in named.items()})
    response = read_response(exchange, wire_format)
    error = error_of(exchange, response.value)
    if error is None and not response.complete and response.value is None:
        error = CallError("incomplete_response", "the response broke off before it could be read")
    call = fact(wire_format, ask, wire_format.answer(response.value), served_by)
    call = replace(
        _with_header_usage(call, exchange),
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


def _unrouted_get(exchange: WireExchange, served_by: str | None, path: str) -> Parsed:
    purpose = status_reading(path) if served_by else other_purpose_of(exchange.host)
    if purpose is None and served_by in (None, "self"):
        purpose = "a page or file was read from a host that serves no known model API"
    if purpose is None:
        return Parsed(unparsed=_unknown(exchange, path, f"{served_by} serves models"))
    return Parsed(not_a_model_call=purpose)


def _unrouted(exchange: WireExchange, served_by: str | None, path: str, request: Side) -> Parsed:
    response = _json_response(exchange)
    found = format_by_shape(request.value, response)
    if found is not None:
        request.notes.append("told by the shape of its bodies: no parser knows the path")
        return _call(exchange, served_by, found, {}, request)
    purpose = (other_purpose_of(exchange.host) if served_by is None else None) or side_traffic(path)
    if purpose is not None:
        return Parsed(not_a_model_call=purpose)
    return Parsed(unparsed=_unknown(exchange, path, request.problem or "its bodies look like no known model API"))


def _unknown(exchange: WireExchange, path: str, why: str) -> str:
    return f"no parser knows {exchange.method[:20]} {path[:150]} on {exchange.host[:100]}: {why}"


def _json_response(exchange: WireExchange) -> Any:
    try:
        return JsonReader().value(decode_body(exchange.response_body, exchange.response_headers).data)
    except Unreadable:
        return None


def _batch_results(exchange: WireExchange, served_by: str) -> Parsed:
    """A file with the answers of a batch: each line is one call; its question went out with another file."""
    try:
        body = decode_body(exchange.response_body, exchange.response_headers).data
    except Unreadable as problem:
        return Parsed(unparsed=f"response: {problem}")
    reader = JsonReader()
    calls: list[ModelCall] = []
    bad = 0
    for event in line_events(body):
        try:
            call = _batched_call(obj(reader.value(event.data)), served_by, len(calls))
        except Unreadable:
            call, bad = None, bad + 1
        calls += [call] if call is not None else []
    if not calls:
        return Parsed(not_a_model_call="a file was read that holds no answers of a batch")
    return Parsed(tuple(calls), f"response: {bad} lines could not be read as JSON" if bad else None)


def _batched_call(line: dict[str, Any], served_by: str, index: int) -> ModelCall | None:
    """A line of OpenAI's (response.body) or Anthropic's (result.message) result files; None for another line."""
    result, response = obj(line.get("result")), obj(line.get("response"))
    error = obj(result.get("error")) or obj(line.get("error"))
    if "custom_id" not in line or not (result or response or error):
        return None
    body = obj(response.get("body"))
    wire_format = anthropic.MESSAGES if result else _batched_format(body)
    ask = Ask(settings={"custom_id": name_of(line["custom_id"]) or "", "batch": True})
    call = fact(wire_format, ask, wire_format.answer(obj(result.get("message")) or body), served_by, index)
    error = obj(error.get("error")) or error or obj(body.get("error"))
    if not error:
        return call
    kind = name_of(error.get("type")) or name_of(error.get("code")) or "error"
    return replace(call, error=CallError(kind, storable(str(error.get("message") or ""))[:2000]))


def _batched_format(body: dict[str, Any]) -> Format:
    if "output" in body:
        return RESPONSE
    if "data" in body and "choices" not in body:
        return openai_other.EMBEDDINGS
    legacy = str(body.get("object", "")).startswith("text_completion")
    return openai_chat.COMPLETION if legacy else openai_chat.CHAT
