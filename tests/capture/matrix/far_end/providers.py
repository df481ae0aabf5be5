"""How each provider answers, in its own wire format: a pure function from a request to a reply.

Words in double brackets inside a prompt ask for a behaviour: [[gzip]], [[chunked]], [[break]], [[hold]], [[429 once]] …
"""

from __future__ import annotations

import binascii
import json
import re
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import unquote

from tests.capture.matrix.far_end import generative_grpc
from tests.capture.matrix.far_end.heard import encoded

TEXT = "Water boils at 100 degrees at sea level: förmlich, 水, and so on."
WISH = re.compile(rb"\[\[([a-z0-9 ]+)\]\]")
Json = dict[str, Any]


@dataclass(frozen=True)
class Reply:
    """An answer before it is framed. `pieces`: the body as it is handed to the wire, one chunk or DATA frame each.

    `ending`: complete; broken (the connection is closed inside the body); held (no answer until the client goes).
    """

    status: int
    headers: dict[str, str]
    pieces: list[bytes]
    model: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    chunked: bool = False
    ending: str = "complete"
    trailers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Ask:
    """A request, its content coding undone, and the numbers that this call shall be told."""

    host: str
    method: str
    path: str
    body: bytes

    @property
    def json(self) -> Json:
        return json.loads(self.body) if self.body[:1] == b"{" else {}

    @property
    def wishes(self) -> set[str]:
        return {found.decode() for found in WISH.findall(self.body)}

    @property
    def counts(self) -> tuple[int, int]:
        """(input tokens, output tokens): different for each prompt, so that a mix-up cannot go unseen."""
        number = zlib.crc32(self.body)
        return 11 + number % 400, 5 + number // 1000 % 300


def answer(ask: Ask, earlier: int) -> Reply:
    """The reply to a request; `earlier`: how many requests with this body were heard before it."""
    wishes = ask.wishes
    if "hold" in wishes:
        return Reply(200, {}, [], ending="held")
    if "429 once" in wishes and not earlier:
        return _refusal(429, "rate_limit_exceeded", {"retry-after": "0", "retry-after-ms": "1"})
    if "503 once" in wishes and not earlier:
        return _refusal(503, "overloaded_error", {"retry-after": "0", "retry-after-ms": "1"})
    if "500" in wishes:
        return _refusal(500, "server_error", {"x-should-retry": "false"})
    reply = _route(ask)(ask)
    if "chunked" in wishes:
        whole = b"".join(reply.pieces)
        reply = replace(reply, chunked=True, pieces=[whole[at : at + 100] for at in range(0, len(whole), 100)])
    for coding in ("gzip", "deflate", "br", "zstd"):
        if coding in wishes:
            body = encoded(b"".join(reply.pieces), coding)
            reply = replace(reply, pieces=[body], headers={**reply.headers, "content-encoding": coding})
    return replace(reply, ending="broken") if "break" in wishes else reply


def _refusal(status: int, kind: str, headers: dict[str, str]) -> Reply:
    body = {"error": {"message": "not now", "type": kind, "code": kind}}
    return Reply(status, {"content-type": "application/json", **headers}, [json.dumps(body).encode()])


def _route(ask: Ask) -> Callable[[Ask], Reply]:
    for pattern, reply in ROUTES:
        if re.search(pattern, ask.path):
            return reply
    return _nothing


def _nothing(ask: Ask) -> Reply:
    body = json.dumps({"error": {"message": f"nothing at {ask.path}", "type": "invalid_request_error"}})
    return Reply(404, {"content-type": "application/json"}, [body.encode()])


def _said(ask: Ask, body: Json, model: str | None) -> Reply:
    tokens = ask.counts
    pieces = [json.dumps(body, ensure_ascii=False).encode()]
    return Reply(200, {"content-type": "application/json"}, pieces, model, *tokens)


def _events(ask: Ask, events: list[tuple[str, Json | str]], model: str | None) -> Reply:
    """Server-sent events, each in a piece of its own."""
    pieces = []
    for name, data in events:
        text = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False)
        pieces.append((f"event: {name}\n" if name else "").encode() + f"data: {text}\n\n".encode())
    headers = {"content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache"}
    return Reply(200, headers, pieces, model, *ask.counts, chunked=True)


def _halves() -> tuple[str, str]:
    return TEXT[: len(TEXT) // 2], TEXT[len(TEXT) // 2 :]


# OpenAI's formats, which Groq, Together, Mistral and many others share


def _usage(ask: Ask) -> Json:
    read, written = ask.counts
    return {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written}


def _chat(ask: Ask) -> Reply:
    model = f"{ask.json['model']}-0125"
    base: Json = {"id": "chatcmpl-1", "created": 1760000000, "model": model, "system_fingerprint": "fp_1"}
    if not ask.json.get("stream"):
        message = {"role": "assistant", "content": TEXT, "refusal": None}
        choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
        return _said(ask, {**base, "object": "chat.completion", "choices": [choice], "usage": _usage(ask)}, model)
    base["object"] = "chat.completion.chunk"
    deltas: list[tuple[Json, str | None]] = [({"role": "assistant", "content": ""}, None)]
    deltas += [({"content": half}, None) for half in _halves()] + [({}, "stop")]
    events: list[tuple[str, Json | str]] = [
        ("", {**base, "choices": [{"index": 0, "delta": delta, "finish_reason": end}]}) for delta, end in deltas
    ]
    return _events(ask, [*events, ("", {**base, "choices": [], "usage": _usage(ask)}), ("", "[DONE]")], model)


def _completions(ask: Ask) -> Reply:
    model = ask.json["model"]
    many = range(int(ask.json.get("n", 1)))
    choices = [{"index": each, "text": f"{each}: {TEXT}", "finish_reason": "stop", "logprobs": None} for each in many]
    body = {"id": "cmpl-1", "object": "text_completion", "created": 1760000000, "model": model, "choices": choices}
    return _said(ask, {**body, "usage": _usage(ask)}, model)


def _responses(ask: Ask) -> Reply:
    model = f"{ask.json['model']}-2026-01-01"
    read, written = ask.counts
    content = [{"type": "output_text", "text": TEXT, "annotations": [], "logprobs": []}]
    message = {"id": "msg_1", "type": "message", "role": "assistant", "status": "completed", "content": content}
    usage = {
        "input_tokens": read, "input_tokens_details": {"cached_tokens": 0}, "output_tokens": written,
        "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": read + written,
    }  # fmt: skip
    whole = {
        "id": "resp_1", "object": "response", "created_at": 1760000000, "status": "completed", "model": model,
        "output": [message], "usage": usage, "error": None, "incomplete_details": None, "instructions": None,
        "metadata": {}, "parallel_tool_calls": True, "temperature": 1.0, "tool_choice": "auto", "tools": [], "top_p": 1.0,
    }  # fmt: skip
    if not ask.json.get("stream"):
        return _said(ask, whole, model)
    begun = {**whole, "status": "in_progress", "output": [], "usage": None}
    place = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
    events: list[Json] = [{"type": "response.created", "response": begun}]
    events += [{"type": "response.output_text.delta", **place, "delta": half, "logprobs": []} for half in _halves()]
    events += [{"type": "response.output_text.done", **place, "text": TEXT, "logprobs": []}]
    events.append({"type": "response.completed", "response": whole})
    numbered = [{**event, "sequence_number": number} for number, event in enumerate(events)]
    return _events(ask, [(event["type"], event) for event in numbered], model)


def _embeddings(ask: Ask) -> Reply:
    model, read = ask.json["model"], ask.counts[0]
    data = [{"object": "embedding", "index": 0, "embedding": [0.25, -0.5, 0.125]}]
    usage = {"prompt_tokens": read, "total_tokens": read}
    return replace(
        _said(ask, {"object": "list", "data": data, "model": model, "usage": usage}, model), output_tokens=None
    )


def _files(ask: Ask) -> Reply:
    body = {
        "id": "file-1", "object": "file", "bytes": 1, "created_at": 1760000000, "filename": "batch.jsonl",
        "purpose": "fine-tune", "status": "processed",
    }  # fmt: skip
    return replace(_said(ask, body, None), input_tokens=None, output_tokens=None)


# Anthropic


def _messages(ask: Ask) -> Reply:
    model = ask.json["model"]
    read, written = ask.counts
    message: Json = {
        "id": "msg_1", "type": "message", "role": "assistant", "model": model, "stop_sequence": None,
        "content": [{"type": "text", "text": TEXT}], "stop_reason": "end_turn",
        "usage": {"input_tokens": read, "output_tokens": written},
    }  # fmt: skip
    if not ask.json.get("stream"):
        return _said(ask, message, model)
    start = {**message, "content": [], "stop_reason": None, "usage": {"input_tokens": read, "output_tokens": 1}}
    events: list[tuple[str, Json | str]] = [
        ("message_start", {"type": "message_start", "message": start}),
        (
            "content_block_start",
            {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        ),
        ("ping", {"type": "ping"}),
    ]
    for half in _halves():
        delta = {"type": "text_delta", "text": half}
        events.append(("content_block_delta", {"type": "content_block_delta", "index": 0, "delta": delta}))
    ending = {"stop_reason": "end_turn", "stop_sequence": None}
    events += [
        ("content_block_stop", {"type": "content_block_stop", "index": 0}),
        ("message_delta", {"type": "message_delta", "delta": ending, "usage": {"output_tokens": written}}),
        ("message_stop", {"type": "message_stop"}),
    ]
    return _events(ask, events, model)


# Google


def _gemini(ask: Ask) -> Reply:
    found = re.search(r"/models/([^/:]+)", ask.path)
    model = f"{found[1] if found else ''}-001"
    read, written = ask.counts
    usage = {"promptTokenCount": read, "candidatesTokenCount": written, "totalTokenCount": read + written}

    def piece(text: str, finish: str | None) -> Json:
        candidate = {"index": 0, "content": {"role": "model", "parts": [{"text": text}]}}
        if finish:
            candidate["finishReason"] = finish
        return {"candidates": [candidate], "usageMetadata": usage, "modelVersion": model, "responseId": "r-1"}

    if "stream" not in ask.path:
        return _said(ask, piece(TEXT, "STOP"), model)
    first, second = _halves()
    return _events(ask, [("", piece(first, None)), ("", piece(second, "STOP"))], model)


def _generative_grpc(ask: Ask) -> Reply:
    model = generative_grpc.model_of(ask.body)
    streamed = "Stream" in ask.path
    texts = list(_halves()) if streamed else [TEXT]
    pieces = [generative_grpc.response(text, f"{model}-001", *ask.counts, last=text is texts[-1]) for text in texts]
    headers = {"content-type": "application/grpc"}
    return Reply(200, headers, pieces, f"{model}-001", *ask.counts, trailers={"grpc-status": "0"})


def _unknown_grpc(ask: Ask) -> Reply:
    """A service of somebody's own, whose messages nobody but they know."""
    said = TEXT.encode()
    framed = b"\0" + len(said).to_bytes(4, "big") + said
    return Reply(200, {"content-type": "application/grpc"}, [framed], trailers={"grpc-status": "0"})


# Cohere


def _cohere(ask: Ask) -> Reply:
    read, written = ask.counts
    usage = {
        "billed_units": {"input_tokens": read, "output_tokens": written},
        "tokens": {"input_tokens": read, "output_tokens": written},
    }
    message = {"role": "assistant", "content": [{"type": "text", "text": TEXT}]}
    body = {"id": "c-1", "finish_reason": "COMPLETE", "message": message, "usage": usage}
    return _said(ask, body, None)


# Amazon Bedrock


def _converse(ask: Ask) -> Reply:
    read, written = ask.counts
    usage = {"inputTokens": read, "outputTokens": written, "totalTokens": read + written}
    if not ask.path.endswith("-stream"):
        message = {"role": "assistant", "content": [{"text": TEXT}]}
        body = {"output": {"message": message}, "stopReason": "end_turn", "usage": usage, "metrics": {"latencyMs": 7}}
        return _said(ask, body, None)
    events: list[tuple[str, Json]] = [("messageStart", {"role": "assistant"})]
    events += [("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": half}}) for half in _halves()]
    events += [("contentBlockStop", {"contentBlockIndex": 0}), ("messageStop", {"stopReason": "end_turn"})]
    events.append(("metadata", {"usage": usage, "metrics": {"latencyMs": 7}}))
    pieces = [_frame(name, json.dumps(data, ensure_ascii=False).encode()) for name, data in events]
    headers = {"content-type": "application/vnd.amazon.eventstream"}
    return Reply(200, headers, pieces, None, *ask.counts, chunked=True)


def _invoke(ask: Ask) -> Reply:
    """Anthropic's model through Bedrock's invoke: the vendor's own format."""
    model = unquote(ask.path.split("/")[2])
    inner = replace(ask, body=ask.body[:-1] + f', "model": "{model}"}}'.encode())
    reply = _messages(inner)
    return replace(reply, model=model)


def _frame(name: str, payload: bytes) -> bytes:
    """One frame of an AWS event stream."""
    given = {":event-type": name, ":content-type": "application/json", ":message-type": "event"}
    headers = b"".join(
        bytes([len(key)]) + key.encode() + b"\7" + struct.pack(">H", len(value)) + value.encode()
        for key, value in given.items()
    )
    prelude = struct.pack(">II", len(headers) + len(payload) + 16, len(headers))
    body = prelude + struct.pack(">I", binascii.crc32(prelude)) + headers + payload
    return body + struct.pack(">I", binascii.crc32(body))


ROUTES: list[tuple[str, Callable[[Ask], Reply]]] = [
    (r"GenerativeService/(Stream)?GenerateContent$", _generative_grpc),
    (r"^/inference\.Model/Ask$", _unknown_grpc),
    (r"/chat/completions$", _chat),
    (r"/completions$", _completions),
    (r"/responses$", _responses),
    (r"/embeddings$", _embeddings),
    (r"/files$", _files),
    (r"/messages$", _messages),
    (r":(stream)?[gG]enerateContent$", _gemini),
    (r"/v2/chat$", _cohere),
    (r"/converse(-stream)?$", _converse),
    (r"/invoke$", _invoke),
]
