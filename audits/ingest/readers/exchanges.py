"""Recorded HTTP: HAR files and flows of mitmproxy, read by the parsers that read captured traffic. PURE."""

import base64
import binascii
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO
from urllib.parse import urlsplit

from audits.capture.wire import ModelCall, WireExchange, parse
from audits.capture.wire.bodies import Unreadable as UnreadableBody
from audits.capture.wire.bodies import decode_body
from audits.ingest import tnetstring
from audits.ingest.records import Fields, Unreadable, UsageRecord
from audits.ingest.unpacking import Unacceptable
from audits.ingest.values import fields, moment, name, said

Headers = list[tuple[str, str]]


def records(value: Fields) -> Iterator[UsageRecord]:
    """The calls in one entry of a HAR; what is no call of a model gives none, what may be one and can't be read is an error."""
    exchange = _exchange(value)
    at = moment(value.get("startedDateTime"), "startedDateTime")
    parsed = parse(exchange)
    if not parsed.calls and parsed.unparsed:
        raise Unreadable(parsed.unparsed)
    identity = name(value.get("_id"))
    for call in parsed.calls:
        yield _record(call, exchange, at)._replace(
            id=f"{identity}#{call.index}" if identity else "", key=_key(exchange)
        )


def _exchange(value: Fields) -> WireExchange:
    request, response = fields(value.get("request")), fields(value.get("response"))
    try:
        url = urlsplit(str(request.get("url") or ""))
        port = url.port
    except ValueError as problem:
        raise Unreadable(f"request.url: {problem}") from problem
    if not url.hostname or not request.get("method"):
        raise Unreadable("request: an entry has a method and a whole URL")
    status = response.get("status")
    return WireExchange(
        host=url.hostname,
        port=port or (443 if url.scheme == "https" else 80),
        scheme=url.scheme,
        method=name(request.get("method"), 20),
        target=(url.path or "/") + (f"?{url.query}" if url.query else ""),
        request_headers=_headers(request),
        request_body=_body(fields(request.get("postData"))),
        status=status if type(status) is int and 100 <= status < 600 else None,
        response_headers=_headers(response),
        response_body=_body(fields(response.get("content"))),
    )


def _headers(side: Mapping[str, Any]) -> Headers:
    """Without the content coding: a HAR has bodies as they are after it was undone."""
    listed = side.get("headers")
    headers = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    pairs = [(name(one.get("name")), str(one.get("value") or "")) for one in headers]
    return [pair for pair in pairs if pair[0].lower() != "content-encoding"]


def _body(content: Mapping[str, Any]) -> bytes:
    text = content.get("text")
    if not isinstance(text, str):
        return b""
    if content.get("encoding") == "base64":
        try:
            return base64.b64decode(text, validate=False)
        except (binascii.Error, ValueError) as problem:
            raise Unreadable(f"content.text: not base64: {problem}") from problem
    return text.encode("utf-8", "surrogatepass")


def _key(exchange: WireExchange) -> str:
    """The fingerprint of the credential that was sent: keeping has put it in its place."""
    values = (
        value for key, value in exchange.request_headers if key.lower() in ("authorization", "x-api-key", "api-key")
    )
    return next((value for value in values if value.startswith("masked:")), "")


def _record(call: ModelCall, exchange: WireExchange, at: Any) -> UsageRecord:
    answer = next((output.text for output in call.outputs if output.kind == "text"), "")
    return UsageRecord(
        at=at, channel=call.served_by or "", host=exchange.host, model=call.request_model or "",
        response_model=call.response_model or "", operation=call.operation,
        failed=call.error is not None or exchange.status is None or exchange.status >= 400, status=exchange.status,
        input_tokens=call.input_tokens, output_tokens=call.output_tokens,
        prompt=said(call.prompt[-1].text if call.prompt else ""), output=said(answer),
    )  # fmt: skip


def readable(value: Any) -> Any:
    """An entry whose bodies stand as text where they are text: only then can a key in them be masked."""
    if not isinstance(value, dict) or not isinstance(value.get("response"), dict):
        return value
    content = value["response"].get("content")
    if not isinstance(content, dict) or content.get("encoding") != "base64" or not isinstance(content.get("text"), str):
        return value
    try:
        text = base64.b64decode(content["text"]).decode()
    except (binascii.Error, ValueError):
        return value
    plain = {key: one for key, one in content.items() if key != "encoding"} | {"text": text}
    return {**value, "response": {**value["response"], "content": plain}}


def is_flows(start: bytes) -> bool:
    """Whether a file that begins so holds mitmproxy flows rather than JSON."""
    return start[:1].isdigit()


def decoded(stream: BinaryIO, file: str) -> Iterator[dict[str, Any]]:
    """The HTTP flows of a mitmproxy file, as entries of a HAR. Raises Unacceptable where the file can't be read on."""
    try:
        for flow in tnetstring.values(stream):
            if isinstance(flow, dict) and flow.get("type") == "http" and isinstance(flow.get("request"), dict):
                yield _entry(flow)
    except tnetstring.Damaged as problem:
        raise Unacceptable(f"{file}: not flows of mitmproxy: {problem}") from problem


def _entry(flow: Mapping[str, Any]) -> dict[str, Any]:
    request = flow["request"]
    response = flow.get("response") if isinstance(flow.get("response"), dict) else None
    host, scheme = _text(request.get("host")), _text(request.get("scheme")) or "https"
    return {
        "_id": _text(flow.get("id")),
        "startedDateTime": request.get("timestamp_start"),
        "request": {
            "method": _text(request.get("method")),
            "url": f"{scheme}://{host}:{request.get('port') or 443}{_text(request.get('path'))}",
            "headers": _named(request.get("headers")),
            "postData": _content(request),
        },
        "response": {"status": (response or {}).get("status_code"), "headers": _named((response or {}).get("headers")),
                     "content": _content(response or {})},
    }  # fmt: skip


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else name(value, 10_000)


def _named(pairs: Any) -> list[dict[str, str]]:
    listed = pairs if isinstance(pairs, list) else []
    return [
        {"name": _text(one[0]), "value": _text(one[1])} for one in listed if isinstance(one, list) and len(one) == 2
    ]


def _content(side: Mapping[str, Any]) -> dict[str, str]:
    body = side.get("content")
    if not isinstance(body, bytes):
        return {}
    try:
        headers = [(one["name"], one["value"]) for one in _named(side.get("headers"))]
        body = decode_body(body, headers).data
        return {"text": body.decode()}
    except (UnreadableBody, UnicodeDecodeError):
        return {"text": base64.b64encode(body).decode(), "encoding": "base64"}
