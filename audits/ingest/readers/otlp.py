"""OpenTelemetry traces (OTLP as JSON or protobuf) whose spans have GenAI attributes. PURE.

Read are the names of OpenTelemetry's GenAI conventions, old and new, those that OpenLLMetry adds, and OpenInference's. Spans
of agents and tools are no calls of a model: what they asked has spans of its own.
"""

import base64
import struct
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

from google.protobuf.json_format import MessageToDict
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from audits.ingest.records import Fields, Unreadable, UsageRecord
from audits.ingest.unpacking import Unacceptable
from audits.ingest.values import count, moment, money, name, said

LARGEST_MESSAGE = 64 * 1024**2
_NOT_MODELS = frozenset(
    ("invoke_agent", "create_agent", "execute_tool", "invoke_workflow", "tool", "agent", "workflow", "task")
)
_OPERATIONS = {
    "completion": "text_completion",
    "embedding": "embeddings",
    "rerank": "rerank",
    "image": "image_generation",
}
_ERROR = (2, "2", "STATUS_CODE_ERROR")
_VALUES = ("stringValue", "intValue", "doubleValue", "boolValue")
_SHORT = 16


def records(value: Fields) -> Iterator[UsageRecord]:
    """The calls among the spans of one export request."""
    groups = value.get("resourceSpans", value.get("resource_spans"))
    if not isinstance(groups, list):
        raise Unreadable("resourceSpans: not an export of traces")
    for group in _objects(groups):
        about = attributes(_object(group.get("resource")).get("attributes"))
        for scope in _objects(
            group.get("scopeSpans") or group.get("scope_spans") or group.get("instrumentationLibrarySpans")
        ):
            for span in _objects(scope.get("spans")):
                yield from _calls(span, about)


def _calls(span: Mapping[str, Any], about: Mapping[str, Any]) -> Iterator[UsageRecord]:
    facts = attributes(span.get("attributes"))
    record = call_of(facts, _of(span, "startTimeUnixNano", "start_time_unix_nano"), _status(span) in _ERROR)
    if record is not None:
        trace, own = _of(span, "traceId", "trace_id"), _of(span, "spanId", "span_id")
        yield record._replace(
            id=f"{name(trace)}:{name(own)}" if trace and own else "",
            account=record.account or name(_of(about, "service.namespace", "deployment.environment.name")),
            person=record.person or name(about.get("service.name")),
        )


def call_of(facts: Mapping[str, Any], start: Any, failed: bool) -> UsageRecord | None:
    """The call that a span's attributes tell of; None when it is a span of something else. Raises Unreadable."""
    operation = name(_of(facts, "gen_ai.operation.name", "llm.request.type"))
    kind = name(facts.get("openinference.span.kind")).upper()
    model = name(_of(facts, "gen_ai.request.model", "llm.model_name", "embedding.model_name", "gen_ai.response.model"))
    is_call = bool(operation) or kind in ("LLM", "EMBEDDING", "RERANKER") or (model and _channel(facts))
    if not is_call or operation in _NOT_MODELS or name(facts.get("traceloop.span.kind")) in _NOT_MODELS:
        return None
    return UsageRecord(
        at=moment(start, "startTimeUnixNano"),
        channel=_channel(facts),
        host=name(_of(facts, "server.address", "net.peer.name")),
        model=model,
        response_model=name(facts.get("gen_ai.response.model")),
        operation="embeddings" if kind == "EMBEDDING" else _OPERATIONS.get(operation, operation) or "chat",
        failed=failed or "error.type" in facts,
        status=_http_status(facts),
        input_tokens=_tokens(facts, "input", "prompt"),
        output_tokens=_tokens(facts, "output", "completion"),
        cost=money(_of(facts, "gen_ai.usage.cost", "llm.cost.total"), "gen_ai.usage.cost"),
        currency="USD" if _of(facts, "gen_ai.usage.cost", "llm.cost.total") is not None else "",
        person=name(_of(facts, "enduser.id", "user.id")),
        prompt=said(_of(facts, "gen_ai.input.messages", "gen_ai.prompt", "gen_ai.prompt.0.content", "input.value")),
        output=said(
            _of(facts, "gen_ai.output.messages", "gen_ai.completion", "gen_ai.completion.0.content", "output.value")
        ),
    )


def _channel(facts: Mapping[str, Any]) -> str:
    return name(_of(facts, "gen_ai.provider.name", "gen_ai.system", "llm.provider", "llm.system", "llm.vendor")).lower()


def _tokens(facts: Mapping[str, Any], new: str, old: str) -> int | None:
    names = (
        f"gen_ai.usage.{new}_tokens",
        f"gen_ai.usage.{old}_tokens",
        f"llm.usage.{old}_tokens",
        f"llm.token_count.{old}",
    )
    return next((count(facts[one], one) for one in names if one in facts), None)


def _http_status(facts: Mapping[str, Any]) -> int | None:
    found = _of(facts, "http.response.status_code", "http.status_code")
    return found if type(found) is int and 100 <= found < 600 else None


def _status(span: Mapping[str, Any]) -> Any:
    return _object(span.get("status")).get("code")


def attributes(listed: Any) -> dict[str, Any]:
    """OTLP's list of key and typed value as a plain mapping; what is no attribute is left out."""
    return {str(one.get("key")): _plain(_object(one.get("value")), _SHORT) for one in _objects(listed)}


def _plain(value: Mapping[str, Any], depth: int) -> Any:
    for kind in _VALUES:
        if kind in value:
            return _integer(value[kind]) if kind == "intValue" else value[kind]
    if depth and "arrayValue" in value:
        return [_plain(one, depth - 1) for one in _objects(_object(value["arrayValue"]).get("values"))]
    if depth and "kvlistValue" in value:
        pairs = _objects(_object(value["kvlistValue"]).get("values"))
        return {str(one.get("key")): _plain(_object(one.get("value")), depth - 1) for one in pairs}
    return None


def _integer(value: Any) -> Any:
    return int(value) if isinstance(value, str) and value.lstrip("-").isdigit() and len(value) < 20 else value


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _objects(values: Any) -> list[dict[str, Any]]:
    return [one for one in values if isinstance(one, dict)] if isinstance(values, list) else []


def _of(value: Mapping[str, Any], *names: str) -> Any:
    return next((value[one] for one in names if value.get(one) not in (None, "")), None)


def is_protobuf(start: bytes) -> bool:
    """Whether a file that begins so is OTLP as protobuf, told by what JSON can't begin with."""
    return bool(start) and start.lstrip()[:1] not in (b"{", b"[")


def decoded(stream: BinaryIO, file: str) -> Iterator[dict[str, Any]]:
    """The export requests in a file: one message, or many, each with its length before it as the Collector writes them."""
    start = stream.read(4)
    if start[:1] == b"\x0a":
        yield request_as_json(start + stream.read(LARGEST_MESSAGE + 1), file)
        return
    while len(start) == 4:
        size = struct.unpack(">I", start)[0]
        if size > LARGEST_MESSAGE:
            raise Unacceptable(f"{file}: neither JSON nor OTLP as protobuf")
        message = stream.read(size)
        if len(message) < size:
            raise Unacceptable(f"{file}: breaks off within a message")
        yield request_as_json(message, file)
        start = stream.read(4)
    if start:
        raise Unacceptable(f"{file}: breaks off within a message")


def request_as_json(message: bytes, file: str) -> dict[str, Any]:
    """An ExportTraceServiceRequest as OTLP writes it in JSON (ids in hex digits). Raises Unacceptable."""
    if len(message) > LARGEST_MESSAGE:
        raise Unacceptable(f"{file}: a message of more than {LARGEST_MESSAGE // 1024**2} MB")
    request = ExportTraceServiceRequest()
    try:
        request.ParseFromString(message)
        found: dict[str, Any] = MessageToDict(request)
    except (DecodeError, ValueError, RecursionError) as problem:
        raise Unacceptable(f"{file}: not OTLP as protobuf: {problem}") from problem
    for group in _objects(found.get("resourceSpans")):
        for scope in _objects(group.get("scopeSpans")):
            for span in _objects(scope.get("spans")):
                _ids_in_hex(span)
    return found


def _ids_in_hex(span: dict[str, Any]) -> None:
    for key in ("traceId", "spanId", "parentSpanId"):
        if key in span:
            span[key] = base64.b64decode(span[key]).hex()
