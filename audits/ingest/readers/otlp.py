"""OpenTelemetry traces (OTLP as JSON or protobuf) whose spans have GenAI attributes. PURE.

Read are the names of OpenTelemetry's GenAI conventions, old and new, those that OpenLLMetry adds, and OpenInference's.
Spans of agents and tools are no calls of a model: what they asked has spans of its own. Checked on 2026-11-22 against
spans that were sent, of calls through OpenAI's client, by OpenLLMetry (opentelemetry-instrumentation-openai 0.62.4),
OpenInference (openinference-instrumentation-openai 0.1.66) and Langfuse's SDK 5.0.4, and against the names in
opentelemetry-semantic-conventions 0.66b2.
"""

import base64
import struct
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO, NamedTuple
from urllib.parse import urlsplit

from google.protobuf.json_format import MessageToDict
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from audits.ingest.identities import REQUEST_HEADERS, unwrapped_id
from audits.ingest.readers import langfuse, vercel
from audits.ingest.records import Fields, Unreadable, UsageRecord
from audits.ingest.unpacking import Unacceptable
from audits.ingest.values import count, fields, moment, money, name, said, summed, whole_input

# Stands for what could not be read of a file, with the reason.
UNREAD = "unread"
LARGEST_MESSAGE = 64 * 1024**2
_NOT_MODELS = frozenset(
    (
        "invoke_agent",
        "create_agent",
        "execute_tool",
        "invoke_workflow",
        "plan",
        "retrieval",
        "create_memory_store",
        "search_memory",
        "create_memory",
        "update_memory",
        "upsert_memory",
        "delete_memory",
        "tool",
        "agent",
        "workflow",
        "task",
        # As LangSmith names the runs of a chain that are none of a model.
        "chain",
        "retriever",
        "parser",
    )
)
_OPERATIONS = {
    "completion": "text_completion",
    "embedding": "embeddings",
    "rerank": "rerank",
    "image": "image_generation",
}
_EVENTS = frozenset(("gen_ai.client.inference.operation.details", "gen_ai.content.prompt", "gen_ai.content.completion"))
_ERROR = (2, "2", "STATUS_CODE_ERROR")
_VALUES = ("stringValue", "intValue", "doubleValue", "boolValue")
_SHORT = 16
_MOST_BETWEEN = 8


def records(value: Fields) -> Iterator[UsageRecord | Unreadable]:
    """The calls among the spans of one export request. Where two spans of one call say it, the outer one is passed over."""
    if UNREAD in value:
        raise Unreadable(name(value[UNREAD]))
    groups = value.get("resourceSpans", value.get("resource_spans"))
    if not isinstance(groups, list) and value.keys() & {"resourceLogs", "resourceMetrics"}:
        raise Unreadable("resourceSpans: an export of OpenTelemetry’s logs or metrics; its traces tell of calls")
    if not isinstance(groups, list):
        raise Unreadable("resourceSpans: not an export of traces")
    found: list[SpanCall] = []
    unread: list[Unreadable] = []
    parents: dict[SpanId, SpanId] = {}
    for group in _objects(groups):
        about = attributes(_object(group.get("resource")).get("attributes"))
        for span in _spans(group):
            own, parent = _ids(span)
            call = None
            try:
                call = _call(span, own, about)
            except Unreadable as problem:
                unread.append(Unreadable(f"span {own[1]}: {problem}"))
            if call is not None:
                found.append(SpanCall(call, own))
            if call is not None or not _is_of_an_agent(span):
                parents[own] = parent  # what lies within a tool or an agent is no part of the call around that
    yield from inner_calls(found, parents)
    yield from unread


SpanId = tuple[str, str]


class SpanCall(NamedTuple):
    """A call that a span tells of; `own` is the trace's id and the span's."""

    record: UsageRecord
    own: SpanId


def _spans(group: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for scope in _objects(
        group.get("scopeSpans") or group.get("scope_spans") or group.get("instrumentationLibrarySpans")
    ):
        yield from _objects(scope.get("spans"))


def _is_of_an_agent(span: Mapping[str, Any]) -> bool:
    facts = attributes(span.get("attributes"))
    return bool(_NOT_MODELS & {name(facts.get("gen_ai.operation.name")), name(facts.get("traceloop.span.kind"))})


def inner_calls(found: list[SpanCall], parents: Mapping[SpanId, SpanId]) -> Iterator[UsageRecord]:
    """The calls that spans tell of, each once. `parents`: a span's id, and the id of the span around it."""
    outer = _outer_of_the_same(found, parents)
    return (one.record for one in found if one.own not in outer)


def _outer_of_the_same(found: list[SpanCall], parents: Mapping[SpanId, SpanId]) -> set[SpanId]:
    """Spans around another one that tells of the same call: a framework's around a client's, each by its own instrumentation.

    The inner one is nearer to what went out. The same call is: the same operation and no other model. An outer span with
    several such inside summed them up.
    """
    by_id = {call.own: call for call in found if all(call.own)}
    outer = set()
    for call in found:
        around = parents.get(call.own)
        for _ in range(_MOST_BETWEEN):
            if around is None or not all(around):
                break
            if around in by_id and around != call.own:
                if _may_be_the_same(by_id[around].record, call.record):
                    outer.add(around)
                break
            around = parents.get(around)
    return outer


def _may_be_the_same(outer: UsageRecord, inner: UsageRecord) -> bool:
    models = {name for name in (outer.model, outer.response_model) if name}
    alike = not models or not inner.model or bool(models & {inner.model, inner.response_model})
    return alike and outer.operation == inner.operation


def _ids(span: Mapping[str, Any]) -> tuple[SpanId, SpanId]:
    """A span's id and its parent's."""
    trace = name(_of(span, "traceId", "trace_id"))
    return (trace, name(_of(span, "spanId", "span_id"))), (trace, name(_of(span, "parentSpanId", "parent_span_id")))


def _call(span: Mapping[str, Any], own: SpanId, about: Mapping[str, Any]) -> UsageRecord | None:
    """The call that a span tells of. Raises Unreadable."""
    facts = {**_said_in_events(span), **attributes(span.get("attributes"))}
    facts |= langfuse.conventions_of(facts) | vercel.conventions_of(facts)
    record = call_of(facts, _of(span, "startTimeUnixNano", "start_time_unix_nano"), _status(span) in _ERROR)
    if record is None:
        return None
    return record._replace(
        id=":".join(own) if all(own) else "",
        account=record.account or name(_of(about, "service.namespace", "deployment.environment.name")),
        person=record.person or name(about.get("service.name")),
    )


def _said_in_events(span: Mapping[str, Any]) -> dict[str, Any]:
    """What was asked and answered where instrumentation puts it into events of the span: older conventions, and the newest."""
    said: dict[str, Any] = {}
    for event in _objects(span.get("events")):
        facts = attributes(event.get("attributes"))
        if name(event.get("name")) in _EVENTS:
            said |= {key: one for key, one in facts.items() if key.startswith("gen_ai.")}
    return said


def call_of(facts: Mapping[str, Any], start: Any, failed: bool) -> UsageRecord | None:
    """The call that a span's attributes tell of; None when it is a span of something else. Raises Unreadable."""
    operation = name(_of(facts, "gen_ai.operation.name", "llm.request.type"))
    kind = name(facts.get("openinference.span.kind")).upper()
    model = _model(facts)
    is_call = bool(operation) or kind in ("LLM", "EMBEDDING", "RERANKER") or (model and _channel(facts))
    if not is_call or operation in _NOT_MODELS or name(facts.get("traceloop.span.kind")) in _NOT_MODELS:
        return None
    return UsageRecord(
        at=moment(start, "startTimeUnixNano"),
        channel=_channel(facts),
        host=_host(facts),
        model=model,
        response_model=name(facts.get("gen_ai.response.model")),
        operation="embeddings" if kind == "EMBEDDING" else _OPERATIONS.get(operation, operation) or "chat",
        failed=failed or "error.type" in facts,
        status=_http_status(facts),
        input_tokens=whole_input(_tokens(facts, "input", "prompt"), _cached(facts)),
        output_tokens=_tokens(facts, "output", "completion"),
        cost=money(_of(facts, "gen_ai.usage.cost", "llm.cost.total"), "gen_ai.usage.cost"),
        currency="USD" if _of(facts, "gen_ai.usage.cost", "llm.cost.total") is not None else "",
        person=name(_of(facts, "enduser.id", "user.id")),
        prompt=said(_of(facts, "gen_ai.input.messages", "gen_ai.prompt", "gen_ai.prompt.0.content", "input.value")),
        output=said(
            _of(facts, "gen_ai.output.messages", "gen_ai.completion", "gen_ai.completion.0.content", "output.value")
        ),
        response_id=unwrapped_id(_answer_id(facts))[:200],
        request_id=_request_id(facts),
    )


def _request_id(facts: Mapping[str, Any]) -> str:
    """The provider's id of the request. Conventions give a header as a list of its values."""
    given = _of(facts, "aws.request_id", *(f"http.response.header.{one}" for one in REQUEST_HEADERS))
    return name(given[0] if isinstance(given, list) and given else given, 200)


def _answer_id(facts: Mapping[str, Any]) -> str:
    """The provider's id of the answer. OpenInference keeps the whole answer as text instead."""
    return name(facts.get("gen_ai.response.id") or fields(facts.get("output.value")).get("id"), 2000)


def _model(facts: Mapping[str, Any]) -> str:
    """The model that was asked. OpenInference names it beside the parameters alone where no answer came."""
    named = _of(facts, "gen_ai.request.model", "llm.model_name", "embedding.model_name", "gen_ai.response.model")
    return name(
        named or fields(_of(facts, "llm.invocation_parameters", "embedding.invocation_parameters")).get("model")
    )


def _host(facts: Mapping[str, Any]) -> str:
    """The far end's name. OpenLLMetry gives the client's base URL instead, with which a gateway or another provider is told."""
    address = name(_of(facts, "server.address", "net.peer.name", "gen_ai.openai.api_base", "llm.openai.api_base"))
    try:
        return (urlsplit(address).hostname or "") if "://" in address else address
    except ValueError:
        return ""


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


_CACHED = (
    "gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.cache_creation.input_tokens",
    "gen_ai.usage.cache_read_input_tokens", "gen_ai.usage.cache_creation_input_tokens",
)  # fmt: skip


def _cached(facts: Mapping[str, Any]) -> int | None:
    return summed(*(count(facts.get(one), one) for one in _CACHED))


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
            return _integer(value[kind]) if kind == "intValue" else _number(value[kind])
    if depth and "arrayValue" in value:
        return [_plain(one, depth - 1) for one in _objects(_object(value["arrayValue"]).get("values"))]
    if depth and "kvlistValue" in value:
        pairs = _objects(_object(value["kvlistValue"]).get("values"))
        return {str(one.get("key")): _plain(_object(one.get("value")), depth - 1) for one in pairs}
    return None


def _integer(value: Any) -> Any:
    return int(value) if isinstance(value, str) and value.lstrip("-").isdigit() and len(value) < 20 else value


def _number(value: Any) -> Any:
    """What is not a number is not known: some SDKs count so what an answer did not tell."""
    return None if value == "NaN" or value != value else value


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _objects(values: Any) -> list[dict[str, Any]]:
    return [one for one in values if isinstance(one, dict)] if isinstance(values, list) else []


def _of(value: Mapping[str, Any], *names: str) -> Any:
    return next((value[one] for one in names if value.get(one) not in (None, "")), None)


def is_protobuf(start: bytes) -> bool:
    """Whether a file that begins so is OTLP as protobuf, told by what JSON can't begin with."""
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    return bool(text) and text[:1] not in (b"{", b"[")


def decoded(stream: BinaryIO, file: str) -> Iterator[dict[str, Any]]:
    """The export requests in a file: one message, or many, each with its length before it as the Collector writes them.

    Where a file breaks off after a message, an entry says so. Raises Unacceptable when there is none.
    """
    start = stream.read(4)
    if start[:1] == b"\x0a":
        yield request_as_json(start + stream.read(LARGEST_MESSAGE + 1), file)
        return
    read = 0
    try:
        while len(start) == 4:
            yield request_as_json(_framed(start, stream, file), file)
            read, start = read + 1, stream.read(4)
        if start:
            raise Unacceptable(f"{file}: breaks off within a message")
    except Unacceptable as problem:
        if not read:
            raise
        yield {UNREAD: f"after {read} messages: {problem}"}


def _framed(head: bytes, stream: BinaryIO, file: str) -> bytes:
    size = struct.unpack(">I", head)[0]
    if size > LARGEST_MESSAGE:
        raise Unacceptable(f"{file}: neither JSON nor OTLP as protobuf")
    message = stream.read(size)
    if len(message) < size:
        raise Unacceptable(f"{file}: breaks off within a message")
    return message


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
