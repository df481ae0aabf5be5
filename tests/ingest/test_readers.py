"""Rulings on readers: what a record of each tool says, in shapes that the tools write; and that no input breaks one."""

import csv
import gzip
import io
import json
import struct
import zipfile
from contextlib import suppress
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from audits.ingest import tnetstring
from audits.ingest.channels import served_by
from audits.ingest.keeping import Pieces, kept_text
from audits.ingest.readers import openai_usage, otlp
from audits.ingest.readers.mapped import guessed, mapping_of
from audits.ingest.reading import Found, Outcome, Rejected, read_part
from audits.ingest.records import UsageRecord
from audits.ingest.sources import SOURCES, reader_of
from audits.ingest.unpacking import Unacceptable, parts_of
from tests.ingest.conftest import as_lines
from tests.ingest.samples import SPEND_COLUMNS, litellm_call, spend_row
from tests.ingest.shapes import (
    ANTHROPIC_COSTS,
    ANTHROPIC_USAGE,
    AZURE,
    BEDROCK,
    HAR,
    HELICONE,
    LANGFUSE,
    MLFLOW_2,
    MLFLOW_3,
    OPENAI_COSTS,
    OPENAI_USAGE,
    OPENINFERENCE_SPAN,
    OTLP,
    flows,
)

MAPPING = {"columns": {"at": "time", "model": "model", "input_tokens": "in"}, "constants": {"channel": "openai"}}


def outcomes(content: bytes, source: str, options: dict[str, Any] | None = None) -> list[Outcome]:
    """What reading a file comes to, through keeping it."""
    chosen = SOURCES[source]
    found: list[Outcome] = []
    for part in parts_of(io.BytesIO(content), "file"):
        stream: Any = part.stream
        binary = chosen.is_binary is not None and chosen.is_binary(stream.peek(16)[:16])
        decoder = chosen.decoder if binary else None
        kept = Pieces(kept_text(stream, part.name, lambda key: "masked:sha256:00", decoder, chosen.prepare))
        text = b"".join(iter(partial(kept.read, 1000), b""))
        reader = reader_of(chosen, options or MAPPING)
        found += read_part(io.BufferedReader(io.BytesIO(text)), reader)
    return found


def records(content: bytes, source: str) -> list[UsageRecord]:
    found = outcomes(content, source)
    assert not [one for one in found if isinstance(one, Rejected)], found
    return [one.record for one in found if isinstance(one, Found)]


def as_csv(rows: list[dict[str, Any]], columns: tuple[str, ...]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, columns)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def test_litellm_callbacks_and_spend_logs_tell_the_same_call() -> None:
    [logged] = records(as_lines([litellm_call()]), "litellm")
    [as_table] = records(as_csv([spend_row()], SPEND_COLUMNS), "litellm")
    [as_json] = records(json.dumps([spend_row()]).encode(), "litellm")
    for one in (logged, as_table, as_json):
        assert (one.id, one.model, one.channel) == ("chatcmpl-000001", "gpt-4.1-mini", "openai")
        assert (one.input_tokens, one.output_tokens, one.cost) == (120, 80, Decimal("0.00214"))
        assert one.at.isoformat() == "2026-11-20T12:00:01.250000+00:00"
        assert one.key == "triage-prod"
    assert (logged.account, logged.prompt) == ("Support", "Ticket 1: how do I reset my password?")
    assert logged.response_model == "gpt-4.1-mini-2025-04-14"


def test_a_failed_call_of_litellm_is_failed() -> None:
    [one] = records(as_lines([litellm_call(status="failure")]), "litellm")
    assert one.failed


def test_langfuse_counts_cached_tokens_as_input_and_leaves_spans_out() -> None:
    found = outcomes(json.dumps({"data": LANGFUSE}).encode(), "langfuse")
    [one] = [outcome.record for outcome in found if isinstance(outcome, Found)]
    assert len(found) == 2, "the span was passed over"
    assert (one.model, one.input_tokens, one.output_tokens) == ("claude-sonnet-4-5", 1500, 90)
    assert (one.cost, one.person) == (Decimal("0.0058"), "u-9")
    assert one.prompt == "Name three rivers."


def test_otlp_is_the_same_call_as_json_and_as_protobuf() -> None:
    message = ExportTraceServiceRequest()
    span = message.resource_spans.add().scope_spans.add().spans.add()
    [sample] = OTLP["resourceSpans"][0]["scopeSpans"][0]["spans"][1:2]
    span.trace_id, span.span_id = bytes.fromhex(sample["traceId"]), bytes.fromhex(sample["spanId"])
    span.start_time_unix_nano = int(sample["startTimeUnixNano"])
    for one in sample["attributes"]:
        value = span.attributes.add(key=one["key"]).value
        if "intValue" in one["value"]:
            value.int_value = int(one["value"]["intValue"])
        else:
            value.string_value = one["value"]["stringValue"]
    packed = message.SerializeToString()
    framed = struct.pack(">I", len(packed)) + packed
    in_json = records(json.dumps(OTLP).encode(), "otlp")
    assert len(in_json) == 1, "the agent's span and the tool's are no calls"
    for content in (packed, framed, framed * 2):
        for one in records(content, "otlp"):
            assert (one.id, one.model, one.input_tokens, one.prompt) == (
                in_json[0].id, "gpt-4.1-mini", 120, "Name three rivers.",
            )  # fmt: skip
    assert (in_json[0].person, in_json[0].host) == ("triage", "api.openai.com")


def test_spans_of_openinference_are_calls_too() -> None:
    span = {"resourceSpans": [{"scopeSpans": [{"spans": [OPENINFERENCE_SPAN]}]}]}
    [one] = records(as_lines([span, span]), "otlp")[:1]
    assert (one.model, one.channel, one.input_tokens, one.output) == ("mistral-large", "mistralai", 11, "Rhine.")


@pytest.mark.parametrize("trace", [MLFLOW_2, MLFLOW_3])
def test_mlflow_traces_of_both_formats_are_read(trace: dict[str, Any]) -> None:
    [one] = records(as_lines([trace]), "mlflow")
    assert (one.model, one.operation, one.input_tokens, one.output_tokens) == ("gpt-4.1-mini", "chat", 12, 34)
    assert one.prompt == "Name three rivers."


def test_helicone_requests_are_read() -> None:
    [one] = records(as_lines([HELICONE]), "helicone")
    assert (one.model, one.host, one.status, one.cost) == ("gpt-4.1-mini", "api.openai.com", 200, Decimal("0.0012"))
    assert one.output == "Rhine, Nile, Amazon."


def test_openai_buckets_are_sums_that_say_how_many() -> None:
    [one] = records(json.dumps(OPENAI_USAGE).encode(), "openai-usage")
    assert (one.kind, one.calls, one.input_tokens, one.output_tokens) == ("usage", 5, 1000, 500)
    [cost] = records(json.dumps(OPENAI_COSTS).encode(), "openai-usage")
    assert (cost.kind, cost.cost, cost.currency, cost.model) == (
        "cost",
        Decimal("0.06"),
        "USD",
        "gpt-4.1-mini-2025-04-14",
    )


@pytest.mark.parametrize(
    "kind", ["web_searches", "web_search_calls", "file_searches", "file_search_calls", "vector_stores"]
)
def test_searches_beside_a_model_are_billed_and_are_no_calls_of_one(kind: str) -> None:
    result = {"object": f"organization.usage.{kind}.result", "num_model_requests": 4, "num_requests": 9}
    bucket = {"object": "bucket", "start_time": 1795132800, "end_time": 1795219200, "results": [result]}
    assert list(openai_usage.records(bucket)) == [], "the requests that made them are counted as completions"


def test_a_bucket_exported_again_is_the_same_entry() -> None:
    later = json.loads(json.dumps(OPENAI_USAGE).replace('"num_model_requests": 5', '"num_model_requests": 9'))
    first = outcomes(json.dumps(OPENAI_USAGE).encode(), "openai-usage")
    second = outcomes(json.dumps(later).encode(), "openai-usage")
    assert [one.key for one in first if isinstance(one, Found)] == [one.key for one in second if isinstance(one, Found)]


def test_anthropic_does_not_say_how_many_calls_and_counts_in_cents() -> None:
    [one] = records(json.dumps(ANTHROPIC_USAGE).encode(), "anthropic-usage")
    assert (one.calls, one.input_tokens, one.output_tokens) == (None, 1500 + 200 + 1000 + 500, 500)
    [cost] = records(json.dumps(ANTHROPIC_COSTS).encode(), "anthropic-usage")
    assert (cost.cost, cost.currency) == (Decimal("1.2378912"), "USD")


def test_bedrock_logs_are_read_packed_as_they_lie_in_a_bucket() -> None:
    [one] = records(gzip.compress(as_lines([BEDROCK])), "bedrock")
    assert (one.channel, one.model, one.account) == (
        "bedrock",
        "anthropic.claude-3-haiku-20240307-v1:0",
        "123456789012",
    )
    assert (one.input_tokens, one.output_tokens, one.person) == (35, 446, "triage-role")
    assert one.output == "Rhine, Nile, Amazon."


def test_azure_diagnostics_name_model_and_deployment() -> None:
    found = outcomes(json.dumps({"records": AZURE}).encode(), "azure")
    [one] = [outcome.record for outcome in found if isinstance(outcome, Found)]
    assert len(found) == 2, "an audit record was passed over"
    assert (one.model, one.operation, one.status) == ("gpt-4.1-mini", "chat", 200)


def test_har_entries_are_read_by_the_parsers_of_captured_traffic() -> None:
    found = outcomes(json.dumps(HAR).encode(), "har")
    [one] = [outcome.record for outcome in found if isinstance(outcome, Found)]
    assert len(found) == 2, "a style sheet was passed over"
    assert (one.model, one.input_tokens, one.output) == ("gpt-4.1-mini", 9, "Rhine.")
    assert one.key == "masked:sha256:00"


def test_flows_of_mitmproxy_are_the_calls_that_a_har_of_them_holds() -> None:
    [one] = [outcome.record for outcome in outcomes(flows(), "mitmproxy") if isinstance(outcome, Found)]
    assert (one.id, one.model, one.input_tokens, one.output) == ("f1#0", "gpt-4.1-mini", 9, "Rhine.")


def test_a_zip_is_read_file_by_file() -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(3):
            archive.writestr(f"day-{number}.jsonl", as_lines([litellm_call(number)]))
    assert len(records(packed.getvalue(), "litellm")) == 3


def test_what_unpacks_to_far_more_than_it_may_is_refused() -> None:
    [part] = parts_of(io.BytesIO(gzip.compress(b" " * 3_000_000)), "bomb.gz", most=1_000_000)
    with pytest.raises(Unacceptable, match="unpacks to more than"):
        part.stream.read()


def test_an_array_that_breaks_off_loses_nothing_before_the_break() -> None:
    text = json.dumps([litellm_call(number) for number in range(4)])[:-300]
    found = outcomes(text.encode(), "litellm")
    assert [type(one) for one in found] == [Found, Found, Found, Rejected]


def test_columns_are_guessed_by_their_names() -> None:
    columns = [
        "Timestamp",
        "requestModel",
        "Prompt Tokens",
        "completion_tokens",
        "Total Cost (USD)",
        "api_key_id",
        "note",
    ]
    assert guessed(columns) == {
        "at": "Timestamp", "model": "requestModel", "input_tokens": "Prompt Tokens", "output_tokens": "completion_tokens",
        "cost": "Total Cost (USD)", "key": "api_key_id",
    }  # fmt: skip
    assert mapping_of({"columns": guessed(columns)}).columns["at"] == "Timestamp"


@pytest.mark.parametrize(
    ("channel", "host", "served"),
    [
        ("azure", "", "azure"), ("aws.bedrock", "", "amazon-bedrock"), ("openai", "gateway.acme.internal", "openai"),
        ("openai", "openrouter.ai", "openrouter"), ("hosted_vllm", "10.0.0.4", "self"), ("who", "", ""),
    ],
)  # fmt: skip
def test_the_host_tells_who_served_a_call_before_the_channel_does(channel: str, host: str, served: str) -> None:
    assert served_by(channel, host) == served


WORDS = sorted(
    {*litellm_call(), *BEDROCK, *HELICONE, "data", "results", "resourceSpans", "spans", "log", "entries", "url"}
)
KEYS = st.sampled_from(WORDS) | st.text(max_size=6)
PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12)
JSON = st.recursive(
    PLAIN, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=5), max_leaves=12
)
SAMPLES: dict[str, Any] = {
    "litellm": litellm_call(), "langfuse": LANGFUSE[0], "otlp": OTLP, "helicone": HELICONE, "mlflow": MLFLOW_3,
    "openai-usage": OPENAI_USAGE, "anthropic-usage": ANTHROPIC_USAGE, "bedrock": BEDROCK, "azure": AZURE[0],
    "har": HAR["log"]["entries"][0], "mitmproxy": HAR["log"]["entries"][0],
    "csv": {"time": "2026-11-20", "model": "m", "in": "3"},
}  # fmt: skip


def changed(sample: Any, path: list[int], value: Any) -> Any:
    """The sample with one of its values, found by following the path, replaced."""
    if not path or not isinstance(sample, dict | list) or not sample:
        return value
    keys = list(sample) if isinstance(sample, dict) else list(range(len(sample)))
    chosen = keys[path[0] % len(keys)]
    copy = dict(sample) if isinstance(sample, dict) else list(sample)
    copy[chosen] = changed(sample[chosen], path[1:], value)
    return copy


@pytest.mark.parametrize("source", sorted(SAMPLES))
@settings(max_examples=60)
@given(path=st.lists(st.integers(0, 30), min_size=1, max_size=6), value=JSON)
def test_no_value_breaks_a_reader(source: str, path: list[int], value: Any) -> None:
    line = json.dumps(changed(SAMPLES[source], path, value)).encode()
    good = json.dumps(SAMPLES[source]).encode()
    content = line + b"\n" + good + b"\n" if source != "mitmproxy" else b"[" + line + b"," + good + b"]"
    found = outcomes(content, source)
    assert any(isinstance(one, Found) for one in found), "the good record is not lost beside the changed one"


@pytest.mark.parametrize("source", sorted(SOURCES))
@settings(max_examples=40)
@given(content=st.binary(min_size=1, max_size=300) | st.text(min_size=1, max_size=200).map(str.encode))
def test_no_bytes_break_a_source(source: str, content: bytes) -> None:
    with suppress(Unacceptable):
        outcomes(content, source)


@settings(max_examples=200)
@given(st.binary(max_size=60) | st.text("0123456789:,;#^!~]}tf", max_size=40).map(str.encode))
def test_no_bytes_break_the_netstrings(content: bytes) -> None:
    with suppress(tnetstring.Damaged):
        list(tnetstring.values(io.BytesIO(content)))


def _span(own: str, parent: str, operation: str, model: str = "acme-large", **more: Any) -> dict[str, Any]:
    said = {"gen_ai.operation.name": operation, "gen_ai.request.model": model} if operation else {}
    return {
        "traceId": "t1", "spanId": own, "parentSpanId": parent, "startTimeUnixNano": "1795176001250000000",
        "attributes": [{"key": key, "value": {"stringValue": value}} for key, value in said.items()], **more,
    }  # fmt: skip


def _span_ids(*spans: dict[str, Any]) -> list[str]:
    found = otlp.records({"resourceSpans": [{"scopeSpans": [{"spans": list(spans)}]}]})
    return [record.id.partition(":")[2] for record in found if isinstance(record, UsageRecord)]


def test_a_call_that_a_framework_and_a_client_both_trace_counts_once() -> None:
    agent, framework, http, client = (
        _span("a", "", "invoke_agent"), _span("f", "a", "chat"), _span("h", "f", ""), _span("c", "h", "chat", "acme-large")
    )  # fmt: skip
    assert _span_ids(client, http, framework, agent) == ["c"]
    assert _span_ids(framework, _span("c1", "f", "chat"), _span("c2", "f", "chat")) == ["c1", "c2"]


def test_another_model_and_another_operation_within_a_call_are_calls_of_their_own() -> None:
    framework = _span("f", "", "chat")
    assert _span_ids(framework, _span("e", "f", "embeddings")) == ["f", "e"]
    assert _span_ids(framework, _span("c", "f", "chat", "other-small")) == ["f", "c"]
    tool = _span("t", "f", "execute_tool")
    assert _span_ids(framework, tool, _span("c", "t", "chat")) == ["f", "c"], "what a tool asks is another call"


def test_retrievals_and_memories_are_no_calls_and_words_may_stand_in_events() -> None:
    asked = '[{"role": "user", "parts": [{"type": "text", "content": "Why?"}]}]'
    said = [{"key": "gen_ai.input.messages", "value": {"stringValue": asked}}]
    details = {"name": "gen_ai.client.inference.operation.details", "attributes": said}
    spans = [_span("r", "", "retrieval"), _span("m", "", "search_memory"), _span("c", "", "chat", events=[details])]
    [record] = otlp.records({"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]})
    assert isinstance(record, UsageRecord)
    assert record.prompt == "Why?"
