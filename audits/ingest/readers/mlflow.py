"""MLflow: traces as its clients and stores write them as JSON, of format 2 and 3. PURE.

Attributes stand as JSON in text. Spans of the types CHAT_MODEL, LLM and EMBEDDING are calls.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from audits.ingest.readers.otlp import attributes, call_of
from audits.ingest.records import Fields, Unreadable, UsageRecord
from audits.ingest.values import count, fields, moment, name, said

_STARTS = ("start_time_unix_nano", "startTimeUnixNano", "start_time_ns", "start_time")
_OF_MODELS = {"CHAT_MODEL": "chat", "LLM": "text_completion", "EMBEDDING": "embeddings"}


def records(value: Fields) -> Iterator[UsageRecord]:
    """The calls among the spans of one trace."""
    value = fields(value.get("trace")) or value
    spans = fields(value.get("data")).get("spans", value.get("spans"))
    spans = _plain(spans) if isinstance(spans, str) else spans
    if not isinstance(spans, list):
        raise Unreadable("data.spans: a trace has spans")
    info = fields(value.get("info"))
    for span in spans:
        if isinstance(span, dict):
            yield from _call(span, info)


def _call(span: Mapping[str, Any], info: Mapping[str, Any]) -> Iterator[UsageRecord]:
    listed = span.get("attributes")
    facts = (
        attributes(listed) if isinstance(listed, list) else {key: _plain(one) for key, one in fields(listed).items()}
    )
    kind = name(facts.get("mlflow.spanType") or span.get("span_type")).upper()
    start = (
        span.get("start_time_unix_nano")
        or span.get("startTimeUnixNano")
        or span.get("start_time_ns")
        or span.get("start_time")
    )
    failed = "ERROR" in name(fields(span.get("status")).get("code") or span.get("status_code") or "").upper()
    if kind not in _OF_MODELS:
        found = call_of(facts, start, failed) if "gen_ai.operation.name" in facts else None
    else:
        found = _mlflow_call(facts, start, failed, kind)
    if found is not None:
        context = fields(span.get("context"))
        trace = span.get("trace_id") or context.get("trace_id") or info.get("trace_id") or info.get("request_id")
        own = span.get("span_id") or context.get("span_id")
        yield found._replace(id=f"{name(trace)}:{name(own)}" if trace and own else "", account=_experiment(info))


def _mlflow_call(facts: Mapping[str, Any], start: Any, failed: bool, kind: str) -> UsageRecord:
    asked, answered = facts.get("mlflow.spanInputs"), facts.get("mlflow.spanOutputs")
    usage = fields(facts.get("mlflow.chat.tokenUsage"))
    invoked = fields(facts.get("invocation_params"))
    model = facts.get("mlflow.llm.model") or facts.get("model") or fields(asked).get("model") or invoked.get("model")
    return UsageRecord(
        at=moment(start, "start_time"),
        channel=name(facts.get("mlflow.llm.provider") or facts.get("mlflow.message.format")).lower(),
        model=name(model or invoked.get("model_name")),
        response_model=name(fields(answered).get("model")),
        operation=_OF_MODELS[kind],
        failed=failed,
        input_tokens=count(usage.get("input_tokens"), "input_tokens"),
        output_tokens=count(usage.get("output_tokens"), "output_tokens"),
        prompt=said(asked),
        output=said(answered),
    )


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
