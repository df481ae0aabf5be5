"""MLflow: traces as its clients and stores write them as JSON, of format 2 and 3. PURE.

Attributes stand as JSON in text. Spans of the types CHAT_MODEL, LLM and EMBEDDING are calls; of two that tell of the
same call, the inner one. Checked on 2026-11-22 against MLflow 3.17.2: a trace that it made of calls through OpenAI's
client, as `Trace.to_json`, its artifact `traces.json`, and `search_traces` as JSON lines and CSV give it; and its
constants. Format 2 is after its documentation.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from audits.ingest.readers.otlp import SpanCall, SpanId, attributes, call_of, inner_calls
from audits.ingest.records import Fields, Unreadable, UsageRecord
from audits.ingest.values import count, fields, moment, name, said, summed, whole_input

_STARTS = ("start_time_unix_nano", "startTimeUnixNano", "start_time_ns", "start_time")
# What is asked within these is no part of a call around them.
_CALLS_OF_THEIR_OWN = ("TOOL", "AGENT")
_OF_MODELS = {"CHAT_MODEL": "chat", "LLM": "text_completion", "EMBEDDING": "embeddings"}


def records(value: Fields) -> Iterator[UsageRecord | Unreadable]:
    """The calls among the spans of one trace."""
    value = fields(value.get("trace")) or value
    spans = fields(value.get("data")).get("spans", value.get("spans"))
    spans = _plain(spans) if isinstance(spans, str) else spans
    if not isinstance(spans, list):
        raise Unreadable("data.spans: a trace has spans")
    info = fields(value.get("info"))
    found: list[SpanCall] = []
    unread: list[Unreadable] = []
    parents: dict[SpanId, SpanId] = {}
    for span in spans:
        if isinstance(span, dict):
            own, parent = _ids(span, info)
            call = None
            try:
                call = _call(span)
            except Unreadable as problem:
                unread.append(Unreadable(f"span {own[1]}: {problem}"))
            if call is not None or _kind(span) not in _CALLS_OF_THEIR_OWN:
                parents[own] = parent
            if call is not None:
                identity = f"{own[0]}:{own[1]}" if all(own) else ""
                found.append(SpanCall(call._replace(id=identity, account=_experiment(info)), own))
    yield from inner_calls(found, parents)
    yield from unread


def _ids(span: Mapping[str, Any], info: Mapping[str, Any]) -> tuple[SpanId, SpanId]:
    """A span's id and its parent's."""
    context = fields(span.get("context"))
    trace = span.get("trace_id") or context.get("trace_id") or info.get("trace_id") or info.get("request_id")
    own, parent = span.get("span_id") or context.get("span_id"), span.get("parent_span_id") or span.get("parent_id")
    return (name(trace), name(own)), (name(trace), name(parent))


def _call(span: Mapping[str, Any]) -> UsageRecord | None:
    facts, kind = _facts(span), _kind(span)
    start = (
        span.get("start_time_unix_nano")
        or span.get("startTimeUnixNano")
        or span.get("start_time_ns")
        or span.get("start_time")
    )
    failed = "ERROR" in name(fields(span.get("status")).get("code") or span.get("status_code") or "").upper()
    if kind in _OF_MODELS:
        return _mlflow_call(facts, start, failed, kind)
    return call_of(facts, start, failed) if "gen_ai.operation.name" in facts else None


def _facts(span: Mapping[str, Any]) -> dict[str, Any]:
    listed = span.get("attributes")
    return attributes(listed) if isinstance(listed, list) else {key: _plain(one) for key, one in fields(listed).items()}


def _kind(span: Mapping[str, Any]) -> str:
    return name(_facts(span).get("mlflow.spanType") or span.get("span_type")).upper()


def _mlflow_call(facts: Mapping[str, Any], start: Any, failed: bool, kind: str) -> UsageRecord:
    asked, answered = facts.get("mlflow.spanInputs"), facts.get("mlflow.spanOutputs")
    usage = fields(facts.get("mlflow.chat.tokenUsage")) or fields(fields(answered).get("usage"))
    invoked = fields(facts.get("invocation_params"))
    named = facts.get("mlflow.llm.model")  # once the answer is there, the model that answered
    model = (
        facts.get("model") or fields(asked).get("model") or invoked.get("model") or invoked.get("model_name") or named
    )
    return UsageRecord(
        at=moment(start, "start_time"),
        channel=name(facts.get("mlflow.llm.provider") or facts.get("mlflow.message.format")).lower(),
        model=name(model),
        response_model=name(fields(answered).get("model") or named),
        operation=_OF_MODELS[kind],
        failed=failed,
        input_tokens=_input(usage, fields(fields(answered).get("usage"))),
        output_tokens=_tokens(usage, "output_tokens", "completion_tokens"),
        prompt=said(asked),
        output=said(answered),
        response_id=name(fields(answered).get("id"), 200),
    )


_CACHED = ("cache_read_input_tokens", "cache_creation_input_tokens")


def _input(usage: Mapping[str, Any], of_the_answer: Mapping[str, Any]) -> int | None:
    """Older releases took Anthropic's count, which leaves out what a cache held; the whole answer has all of it."""
    plain = count(of_the_answer.get("input_tokens"), "usage.input_tokens")
    if plain is not None and set(_CACHED) & of_the_answer.keys():
        return summed(plain, *(count(of_the_answer.get(one), one) for one in _CACHED))
    cached = summed(*(count(usage.get(one), one) for one in _CACHED))
    return whole_input(_tokens(usage, "input_tokens", "prompt_tokens"), cached)


def _tokens(usage: Mapping[str, Any], *names: str) -> int | None:
    return next((count(usage[one], one) for one in names if one in usage), None)


def _experiment(info: Mapping[str, Any]) -> str:
    place = fields(fields(info.get("trace_location")).get("mlflow_experiment"))
    experiment = place.get("experiment_id") or info.get("experiment_id")
    return f"experiment {experiment}"[:120] if experiment else ""


def _plain(value: Any) -> Any:
    """A value that stands as JSON in text; text that is none stands for itself."""
    if not isinstance(value, str) or value[:1] not in '"{[0123456789tfn-':
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value
