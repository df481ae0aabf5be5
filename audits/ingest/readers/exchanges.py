"""Recorded HTTP: HAR files and flows of mitmproxy, read by the parsers that read captured traffic. PURE.

Checked on 2026-11-22 against mitmproxy 11.0.2 (flow format 21: how it writes and migrates flows, WebSockets, failed
and replayed ones) and all recorded flows (formats 0.10 to 21) and HARs (of mitmproxy, Chrome, Firefox, Safari,
Charles, Insomnia) among the tests of its repository of 2026-08-22.
"""

import base64
import binascii
import json
from collections.abc import Iterator, Mapping
from ipaddress import ip_address
from typing import Any, BinaryIO
from urllib.parse import urlsplit

from audits.capture.wire import ModelCall, WireExchange, parse
from audits.capture.wire.bodies import Unreadable as UnreadableBody
from audits.capture.wire.bodies import decode_body
from audits.ingest import tnetstring
from audits.ingest.identities import request_id_of
from audits.ingest.records import Fields, Unreadable, UsageRecord
from audits.ingest.unpacking import Unacceptable
from audits.ingest.values import fields, moment, name, said

Headers = list[tuple[str, str]]
_BINARY = 2  # opcode of a WebSocket's frame, RFC 6455, 5.2


def records(value: Fields) -> Iterator[UsageRecord]:
    """The calls in one entry of a HAR; what is no call of a model gives none, what may be one and can't be read is an error."""
    if "_unread" in value:
        raise Unreadable(name(value["_unread"]))
    if value.get("_replayed") is True:
        return
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
    messages = value.get("_webSocketMessages")
    body = (
        _messages(messages) if status == 101 and isinstance(messages, list) else _body(fields(response.get("content")))
    )
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
        response_body=body,
    )


def _messages(listed: list[Any]) -> bytes:
    """What was said over a WebSocket, as the recorder notes it: Chrome and mitmproxy add it to a HAR's entry."""
    lines = []
    for one in listed:
        if isinstance(one, dict) and isinstance(one.get("data"), str):
            sender = "client" if one.get("type") == "send" else "upstream"
            content = (
                {"type": "binary", "base64": one["data"]}
                if one.get("opcode") == _BINARY
                else {"type": "text", "text": one["data"]}
            )
            lines.append(json.dumps({"from": sender, **content}))
    return "\n".join(lines).encode("utf-8", "surrogatepass")


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


_KEYS = ("authorization", "x-api-key", "api-key", "x-goog-api-key")


def _key(exchange: WireExchange) -> str:
    """The fingerprint of the credential that was sent: keeping has put it in its place."""
    values = (value for key, value in exchange.request_headers if key.lower() in _KEYS)
    return next((value for value in values if value.startswith("masked:")), "")


def _record(call: ModelCall, exchange: WireExchange, at: Any) -> UsageRecord:
    answer = next((output.text for output in call.outputs if output.kind == "text"), "")
    return UsageRecord(
        at=at, channel=call.served_by or "", host=name(exchange.host), model=name(call.request_model),
        response_model=name(call.response_model), operation=call.operation,
        failed=call.error is not None or exchange.status is None or exchange.status >= 400, status=exchange.status,
        input_tokens=call.input_tokens, output_tokens=call.output_tokens,
        prompt=said(call.prompt[-1].text if call.prompt else ""), output=said(answer),
        response_id=(call.response_id or "")[:200], request_id=request_id_of(exchange.response_headers), position=call.index,
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
    """The flows of a mitmproxy file, as entries of a HAR. Where it can't be read on, as when mitmproxy was killed while it wrote,
    an entry says so; a file without any flow raises Unacceptable.
    """
    read = 0
    try:
        for flow in tnetstring.values(stream):
            if isinstance(flow, dict):
                read += 1
                yield _of_flow(flow)
    except tnetstring.Damaged as problem:
        if not read:
            raise Unacceptable(f"{file}: not flows of mitmproxy: {problem}") from problem
        yield {"_unread": f"after {read} flows the file can't be read on: {problem}"}


def _of_flow(flow: Mapping[str, Any]) -> dict[str, Any]:
    """An entry of a HAR; of what is no HTTP, that it was not read, and where it went."""
    kind = _text(flow.get("type"))
    if kind == "http" and isinstance(flow.get("request"), dict):
        return _entry(flow)
    if kind == "dns":
        return {"_replayed": True}
    server = fields(flow.get("server_conn"))
    place = server.get("address") or server.get("sni")
    where = ":".join(_text(one) for one in place) if isinstance(place, list) else _text(place)
    return {"_unread": f"a {kind or 'nameless'} flow to {where or 'an unknown place'}: only HTTP is read"}


def _entry(flow: Mapping[str, Any]) -> dict[str, Any]:
    request = flow["request"]
    response = fields(flow.get("response"))
    host, scheme = _host(flow), _text(request.get("scheme")) or "https"
    return {
        "_id": _text(flow.get("id")),
        "_replayed": _text(flow.get("is_replay")) == "response",  # answered by mitmproxy from an older flow
        "_webSocketMessages": _websocket(fields(flow.get("websocket")).get("messages")),
        "startedDateTime": request.get("timestamp_start"),
        "request": {
            "method": _text(request.get("method")),
            "url": f"{scheme}://{host}:{request.get('port') or 443}{_text(request.get('path'))}",
            "headers": _named(request.get("headers")),
            "postData": _content(request),
        },
        "response": {"status": response.get("status_code", response.get("code")), "headers": _named(response.get("headers")),
                     "content": _content(response)},
    }  # fmt: skip


def _host(flow: Mapping[str, Any]) -> str:
    """The far end's name: in transparent mode the request has its address alone, and the TLS greeting or the head its name."""
    request = flow["request"]
    host = _text(request.get("host"))
    try:
        ip_address(host.strip("[]"))
    except ValueError:
        return host
    greeted = _text(fields(flow.get("client_conn")).get("sni") or fields(flow.get("server_conn")).get("sni"))
    headed = next((one["value"] for one in _named(request.get("headers")) if one["name"].lower() == "host"), "")
    named = greeted or (_text(request.get("authority")) or headed).rpartition("@")[2]
    named = named if named.startswith("[") else named.partition(":")[0]
    return named or (f"[{host}]" if ":" in host and not host.startswith("[") else host)


def _websocket(messages: Any) -> list[dict[str, Any]]:
    """The messages of a flow as Chrome writes them into a HAR: (opcode, from the client, content, time, dropped, …) each."""
    listed = [one for one in messages if isinstance(one, list) and len(one) >= 4] if isinstance(messages, list) else []
    return [
        {"type": "send" if one[1] else "receive", "time": one[3], "opcode": one[0], "data": _said(one[0], one[2])}
        for one in listed
        if isinstance(one[2], bytes | str) and not (len(one) > 4 and one[4])
    ]


def _said(opcode: Any, content: bytes | str) -> str:
    plain = content if isinstance(content, bytes) else content.encode()
    return base64.b64encode(plain).decode() if opcode == _BINARY else plain.decode("utf-8", "replace")


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
