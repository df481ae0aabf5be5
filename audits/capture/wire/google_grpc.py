"""Google's generative language service over gRPC: the same messages as its REST API, by field number.

Field numbers are those of google.ai.generativelanguage v1beta. What is read here is laid out as the REST API's JSON, so
that one reader serves both ways of asking.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from audits.capture.wire import gemini
from audits.capture.wire.bodies import Unreadable
from audits.capture.wire.facts import WireExchange
from audits.capture.wire.formats import Format, StreamEvent
from audits.capture.wire.protobuf import (
    Field,
    Raw,
    Schema,
    flag,
    grpc_messages,
    message,
    number,
    single,
    struct_value,
    text,
)

_PATH = re.compile(r"/google\.ai\.generativelanguage\.v1(?:alpha|beta\d*)?\.GenerativeService/(\w+)$")
_FINISH = (
    "FINISH_REASON_UNSPECIFIED", "STOP", "MAX_TOKENS", "SAFETY", "RECITATION", "OTHER", "LANGUAGE", "BLOCKLIST",
    "PROHIBITED_CONTENT", "SPII", "MALFORMED_FUNCTION_CALL", "IMAGE_SAFETY",
)  # fmt: skip
_BLOCKED = ("BLOCK_REASON_UNSPECIFIED", "SAFETY", "OTHER", "BLOCKLIST", "PROHIBITED_CONTENT", "IMAGE_SAFETY")


def _name(names: tuple[str, ...], value: Raw) -> str:
    return names[value] if isinstance(value, int) and value < len(names) else str(number(value))


def _finish(value: Raw) -> str:
    return _name(_FINISH, value)


def _blocked(value: Raw) -> str:
    return _name(_BLOCKED, value)


_CALL: Schema = {1: Field("name", text), 2: Field("args", struct_value)}
_RESULT: Schema = {1: Field("name", text), 2: Field("response", struct_value)}
_CODE: Schema = {2: Field("code", text)}
_DATA: Schema = {1: Field("mimeType", text)}
_PART: Schema = {
    2: Field("text", text), 3: Field("inlineData", _DATA), 4: Field("functionCall", _CALL),
    5: Field("functionResponse", _RESULT), 6: Field("fileData", _DATA), 9: Field("executableCode", _CODE),
    11: Field("thought", flag),
}  # fmt: skip
_CONTENT: Schema = {1: Field("parts", _PART, many=True), 2: Field("role", text)}
_SETTINGS: Schema = {
    1: Field("candidateCount", number), 4: Field("maxOutputTokens", number), 5: Field("temperature", single),
    6: Field("topP", single), 7: Field("topK", number), 13: Field("responseMimeType", text),
    17: Field("responseLogprobs", flag),
}  # fmt: skip
_GENERATE: Schema = {
    1: Field("model", text), 2: Field("contents", _CONTENT, many=True), 4: Field("generationConfig", _SETTINGS),
    5: Field("tools", {}, many=True), 8: Field("systemInstruction", _CONTENT),
}  # fmt: skip
_CANDIDATE: Schema = {1: Field("content", _CONTENT), 2: Field("finishReason", _finish), 3: Field("index", number)}
_USAGE: Schema = {
    1: Field("promptTokenCount", number), 2: Field("candidatesTokenCount", number), 3: Field("totalTokenCount", number),
    4: Field("cachedContentTokenCount", number), 8: Field("toolUsePromptTokenCount", number),
    10: Field("thoughtsTokenCount", number),
}  # fmt: skip
_GENERATED: Schema = {
    1: Field("candidates", _CANDIDATE, many=True), 2: Field("promptFeedback", {1: Field("blockReason", _blocked)}),
    3: Field("usageMetadata", _USAGE), 4: Field("modelVersion", text), 5: Field("responseId", text),
}  # fmt: skip
_EMBED: Schema = {1: Field("model", text), 2: Field("content", _CONTENT)}
_EMBED_MANY: Schema = {1: Field("model", text), 2: Field("requests", _EMBED, many=True)}
_COUNT: Schema = {1: Field("model", text), 2: Field("contents", _CONTENT, many=True)}

_METHODS: Mapping[str, tuple[Format, Schema, Schema]] = {
    "GenerateContent": (gemini.GENERATE, _GENERATE, _GENERATED),
    "StreamGenerateContent": (gemini.GENERATE, _GENERATE, _GENERATED),
    "EmbedContent": (gemini.EMBED, _EMBED, {}),
    "BatchEmbedContents": (gemini.EMBED, _EMBED_MANY, {}),
    "CountTokens": (gemini.COUNT_TOKENS, _COUNT, {}),
}


@dataclass(frozen=True, slots=True)
class GrpcCall:
    """A call laid out as JSON. `answer` None: no message came. `whole`: the answer did not break off."""

    format: Format
    request: dict[str, Any]
    answer: dict[str, Any] | None
    streamed: bool
    whole: bool
    status: str


def read(exchange: WireExchange) -> GrpcCall | None:
    """The call an exchange holds, None when its service is not known here. Raises Unreadable for broken messages."""
    found = _PATH.search(exchange.target)
    known = _METHODS.get(found[1]) if found else None
    if found is None or known is None:
        return None
    wire_format, asked, answered = known
    requests, _ = grpc_messages(exchange.request_body, exchange.request_headers)
    if not requests:
        raise Unreadable("a gRPC call without a whole request message")
    messages, whole = grpc_messages(exchange.response_body, exchange.response_headers)
    answers = [message(each, answered) for each in messages]
    streamed = found[1].startswith("Stream")
    answer = answers[0] if answers else None
    if wire_format.fold is not None and answers:
        folded = wire_format.fold([StreamEvent("", each) for each in answers])
        answer, whole = folded.response, whole and (folded.finished or not streamed)
    status = next((value for name, value in exchange.response_headers if name.lower() == "grpc-status"), "")
    return GrpcCall(wire_format, message(requests[0], asked), answer, streamed, whole, status)
