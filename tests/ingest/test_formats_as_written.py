"""Rulings on formats as their tools were seen to write them: each of these was misread, or not read, before it was looked at."""

import csv
import io
import json
import struct
from decimal import Decimal
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from audits.ingest.readers import azure, litellm, openai_usage, otlp
from audits.ingest.reading import Found, PassedOver, Rejected
from audits.ingest.records import UsageRecord
from tests.ingest.conftest import as_lines
from tests.ingest.shapes import ANSWER, QUESTION
from tests.ingest.test_readers import outcomes, records
from tests.ingest.written import (
    ANSWERED,
    ANTHROPIC_COST_CSV,
    ANTHROPIC_CSV,
    ASKED,
    AZURE_RECORD,
    BEDROCK_STREAM,
    CHAT_SPAN,
    GATEWAY_CSV,
    HELICONE_COLUMNS,
    flow,
    flows_file,
    helicone_row,
    langfuse_row,
    litellm_payload,
    mlflow_span,
    old_flow,
    realtime_flow,
)


def table(columns: tuple[str, ...], row: dict[str, Any]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(columns)
    cells = [row.get(column, "") for column in columns]
    writer.writerow([json.dumps(one) if isinstance(one, dict) else one for one in cells])
    return text.getvalue().encode()


# LiteLLM


def test_a_callback_and_a_spend_log_of_one_call_have_one_key() -> None:
    logged = litellm_payload()
    spent = {
        "request_id": logged["id"],
        "spend": 1.04e-05,
        **{key: logged[key] for key in ("startTime", "model", "call_type")},
    }
    [one], [other] = outcomes(as_lines([logged]), "litellm"), outcomes(json.dumps([spent]).encode(), "litellm")
    assert isinstance(one, Found)
    assert isinstance(other, Found)
    assert one.key == other.key
    assert one.record.host == "gateway.acme.example"


def test_answers_with_ids_of_three_digits_are_calls_of_their_own() -> None:
    calls = [litellm_payload(id="chatcmpl-17", litellm_call_id=f"call-{number}-long-enough") for number in range(2)]
    assert len({one.key for one in outcomes(as_lines(calls), "litellm") if isinstance(one, Found)}) == 2


@pytest.mark.parametrize("hit", [True, "True"])
def test_what_a_gateway_answered_from_its_cache_is_no_call(hit: object) -> None:
    assert list(litellm.records(litellm_payload(cache_hit=hit))) == []
    assert list(litellm.records({"request_id": "r", "startTime": 1795176001, "spend": 0, "cache_hit": str(hit)})) == []


@pytest.mark.parametrize(
    ("call_type", "operation"),
    [
        ("acreate_file", "file_upload"), ("afile_content", None), ("alist_batches", None), ("avector_store_search", None),
        ("call_mcp_tool", None), ("adelete_container", None), ("_arealtime", "chat"), ("anthropic_messages", "chat"),
        ("add_message", None), ("aimage_edit", "image_generation"), ("something_new", "something_new"),
    ],
)  # fmt: skip
def test_a_gateway_also_logs_what_asks_no_model(call_type: str, operation: str | None) -> None:
    found = [one.operation for one in litellm.records(litellm_payload(call_type=call_type))]
    assert found == ([operation] if operation else [])


def test_a_failure_has_the_status_that_the_provider_gave() -> None:
    [one] = litellm.records(litellm_payload(status="failure", error_information={"error_code": "429"}))
    assert (one.failed, one.status) == (True, 429)


# Langfuse


def test_parts_of_tokens_are_summed_whatever_their_provider_calls_them() -> None:
    [one] = records(as_lines([langfuse_row()]), "langfuse")
    assert (one.input_tokens, one.output_tokens, one.cost) == (11, 3, Decimal("0.012"))


def test_the_older_usage_counts_tokens_only_if_it_says_so() -> None:
    usage = {"input": 5, "output": 3, "total": 8, "unit": "TOKENS", "inputCost": 0.5, "outputCost": 0.25}
    older = {"usageDetails": {}, "usage": usage}
    [tokens] = records(as_lines([langfuse_row(**older)]), "langfuse")
    [letters] = records(as_lines([langfuse_row(**{**older, "usage": {**usage, "unit": "CHARACTERS"}})]), "langfuse")
    assert (tokens.input_tokens, tokens.output_tokens) == (5, 3), "what it cost is no token"
    assert (letters.input_tokens, letters.output_tokens) == (None, None)


def test_an_evaluator_that_says_what_it_took_is_a_call_and_an_agent_sums_up_calls() -> None:
    rows = [langfuse_row(type=kind, id=kind) for kind in ("EVALUATOR", "GUARDRAIL", "AGENT", "CHAIN", "TOOL")]
    found = outcomes(as_lines(rows), "langfuse")
    assert [one.record.id for one in found if isinstance(one, Found)] == ["EVALUATOR", "GUARDRAIL"]
    unsaid = outcomes(as_lines([langfuse_row(type="EVALUATOR", usageDetails={})]), "langfuse")
    assert [type(one) for one in unsaid] == [PassedOver]


# Helicone


def test_tokens_that_helicone_counts_apart_are_tokens() -> None:
    [one] = records(as_lines([helicone_row()]), "helicone")
    assert (one.input_tokens, one.output_tokens, one.status, one.host) == (9, 5, 200, "api.openai.com")
    assert one.at.isoformat() == "2026-11-20T12:00:01.250000+00:00"


def test_its_csv_names_the_model_in_the_body_alone_and_is_the_same_call() -> None:
    [as_table] = outcomes(table(HELICONE_COLUMNS, helicone_row()), "helicone")
    [as_json] = outcomes(as_lines([helicone_row()]), "helicone")
    assert isinstance(as_table, Found)
    assert isinstance(as_json, Found)
    assert (as_table.record.model, as_table.record.prompt) == ("acme-large", QUESTION)
    assert as_table.key == as_json.key


@pytest.mark.parametrize("status", [-1, -2, -3, -4, 500])
def test_a_request_that_was_never_answered_is_a_failed_call(status: int) -> None:
    [one] = records(as_lines([helicone_row(response_status=status)]), "helicone")
    assert one.failed


@pytest.mark.parametrize(
    "fields",
    [
        {"cache_reference_id": "6b1c6f4a-cccc"}, {"request_model": "tool:search"},
        {"request_body": {"_type": "vector_db", "operation": "search"}},
    ],
)  # fmt: skip
def test_answers_from_its_cache_and_events_of_tools_are_no_calls(fields: dict[str, Any]) -> None:
    assert [type(one) for one in outcomes(as_lines([helicone_row(**fields)]), "helicone")] == [PassedOver]


# MLflow


def trace(*spans: dict[str, Any]) -> bytes:
    return as_lines([{"info": {"trace_id": "tr-1"}, "data": {"spans": list(spans)}}])


def test_the_model_that_was_asked_is_not_the_one_that_answered() -> None:
    [one] = records(trace(mlflow_span("s1", None, "CHAT_MODEL", **CHAT_SPAN)), "mlflow")
    assert (one.model, one.response_model, one.input_tokens) == ("acme-large", "acme-large-2026-05-01", 9)


def test_tokens_of_an_embedding_stand_in_its_answer() -> None:
    outputs = {"object": "list", "usage": {"prompt_tokens": 4, "total_tokens": 4}}
    [one] = records(
        trace(mlflow_span("s1", None, "EMBEDDING", model="acme-embed", mlflow__spanOutputs=outputs)), "mlflow"
    )
    assert (one.operation, one.input_tokens, one.output_tokens) == ("embeddings", 4, None)


def test_a_call_that_a_framework_and_a_client_both_trace_counts_once() -> None:
    framework, client = (
        mlflow_span("f", "c0", "CHAT_MODEL", **CHAT_SPAN),
        mlflow_span("c", "f", "CHAT_MODEL", **CHAT_SPAN),
    )
    assert [
        one.id.rpartition(":")[2]
        for one in records(trace(mlflow_span("c0", None, "CHAIN"), framework, client), "mlflow")
    ] == ["c"]
    tool = mlflow_span("t", "f", "TOOL")
    asked = {**client, "parent_span_id": "t"}
    assert len(records(trace(framework, tool, asked), "mlflow")) == 2, "what a tool asks is another call"


# Spans


def spans(**facts: Any) -> list[UsageRecord]:
    listed = [{"key": key.replace("__", "."), "value": {"stringValue": one}} for key, one in facts.items()]
    span = {"traceId": "t", "spanId": "s", "startTimeUnixNano": "1795176001250000000", "attributes": listed}
    found = otlp.records({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]})
    return [one for one in found if isinstance(one, UsageRecord)]


def test_a_base_url_tells_the_far_end_where_nothing_else_does() -> None:
    facts = {
        "gen_ai__operation__name": "chat",
        "gen_ai__provider__name": "openai",
        "gen_ai__request__model": "acme-large",
    }
    [one] = spans(**facts, gen_ai__openai__api_base="https://openrouter.ai/api/v1/")
    assert one.host == "openrouter.ai"


def test_a_failed_call_names_its_model_among_its_parameters() -> None:
    [one] = spans(
        openinference__span__kind="LLM", llm__system="openai", llm__invocation_parameters='{"model": "acme-large"}'
    )
    assert one.model == "acme-large"


def test_spans_of_langfuses_own_clients_are_calls() -> None:
    facts = {
        "type": "generation", "model.name": "claude-sonnet-4-5",
        "usage_details": '{"input": 5, "cache_read_input_tokens": 4, "output": 3}',
        "cost_details": '{"total": 0.0123}', "input": json.dumps(ASKED["messages"]), "output": ANSWER,
    }  # fmt: skip
    [one] = spans(**{f"langfuse.observation.{key}": value for key, value in facts.items()})
    assert (one.model, one.input_tokens, one.output_tokens, one.cost) == ("claude-sonnet-4-5", 9, 3, Decimal("0.0123"))
    assert (one.prompt, one.output) == (QUESTION, ANSWER)
    assert spans(**{"langfuse.observation.type": "span"}) == []


# Bills


def test_a_line_item_that_names_no_model_is_no_model() -> None:
    bucket = {"start_time": 1795132800, "end_time": 1795219200}
    items = ("gpt-4.1-mini-2025-04-14, input", "web search", "input_tokens")
    results = [
        {"object": "organization.costs.result", "amount": {"value": 1, "currency": "usd"}, "line_item": one}
        for one in items
    ]
    found = openai_usage.records({**bucket, "results": results})
    assert [one.model for one in found if isinstance(one, UsageRecord)] == [
        "gpt-4.1-mini-2025-04-14",
        "",
        "",
    ]


def test_the_consoles_table_of_usage_is_read() -> None:
    one, other = records(ANTHROPIC_CSV, "anthropic-usage")
    assert (one.model, one.input_tokens, one.output_tokens, one.calls) == ("claude-sonnet-4-5", 523, 50, None)
    assert (one.key, one.account, other.key) == ("triage", "Default", "eval")
    assert one.id != other.id


def test_the_consoles_table_of_costs_is_in_dollars() -> None:
    [one] = records(ANTHROPIC_COST_CSV, "anthropic-usage")
    assert (one.kind, one.cost, one.currency) == ("cost", Decimal("1.25"), "USD")


# Clouds


@pytest.mark.parametrize("wrapper", ["events", "logEvents"])
def test_invocations_through_a_profile_name_their_model_in_the_answer(wrapper: str) -> None:
    wrapped = {wrapper: [{"timestamp": 1795176001250, "message": json.dumps(BEDROCK_STREAM)}], "owner": "123456789012"}
    [one] = records(json.dumps(wrapped).encode(), "bedrock")
    assert (one.model, one.response_model) == ("p7x2abc", "claude-sonnet-4-5-20250929")
    assert (one.input_tokens, one.output_tokens, one.prompt) == (11, 3, QUESTION)


@pytest.mark.parametrize(
    ("operation", "found"),
    [
        ("ChatCompletions_Create", ["chat"]), ("Completions_Create", ["text_completion"]), ("Embeddings_Create", ["embeddings"]),
        ("Models_List", []), ("Deployments_Create", []), ("Files_Get", []), ("ListKey", []),
        ("FineTuning_Jobs_Create", ["fine_tune"]),
    ],
)  # fmt: skip
def test_operations_of_azure_are_named_by_noun_and_verb(operation: str, found: list[str]) -> None:
    assert [one.operation for one in azure.records({**AZURE_RECORD, "operationName": operation})] == found


def test_a_gateway_in_front_of_any_api_logs_no_calls_of_models() -> None:
    assert list(azure.records({**AZURE_RECORD, "category": "GatewayLogs"})) == []


def test_a_gateway_for_models_counts_a_request_once_and_says_not_who_answered() -> None:
    found = outcomes(GATEWAY_CSV, "azure")
    [one] = [outcome.record for outcome in found if isinstance(outcome, Found)]
    assert (len(found), one.model, one.input_tokens, one.output_tokens, one.channel) == (2, "mini", 9, 5, "")
    assert one.at.isoformat() == "2026-11-20T12:00:01.250000+00:00", "as the portal writes times"


# Recorded HTTP


def test_a_flow_of_transparent_mode_is_told_by_the_name_in_its_greeting() -> None:
    [one] = records(flows_file(flow()), "mitmproxy")
    assert (one.host, one.channel, one.input_tokens) == ("api.openai.com", "openai", 9)
    headed = flow(client_conn={}, server_conn={"address": ["162.159.140.245", 443]})
    assert records(flows_file(headed), "mitmproxy")[0].host == "api.openai.com"


def test_a_realtime_session_is_the_calls_in_it() -> None:
    [one] = records(flows_file(realtime_flow()), "mitmproxy")
    assert (one.model, one.input_tokens, one.output_tokens, one.output) == ("gpt-realtime", 9, 5, ANSWER)


def test_flows_of_the_first_formats_are_read() -> None:
    [one] = records(flows_file(old_flow()), "mitmproxy")
    assert (one.id, one.status, one.output) == ("old-1#0", 200, ANSWER)


def test_what_is_no_http_is_told_and_what_mitmproxy_answered_itself_is_no_call() -> None:
    other = {"version": 21, "type": "tcp", "id": "x", "server_conn": {"address": ["10.0.0.9", 5432]}}
    found = outcomes(flows_file(other, {"type": "dns", "id": "y"}, flow(is_replay="response"), flow()), "mitmproxy")
    assert [type(one) for one in found] == [Rejected, PassedOver, PassedOver, Found]
    assert isinstance(found[0], Rejected)
    assert found[0].reason == "a tcp flow to 10.0.0.9:5432: only HTTP is read"


def test_a_call_that_broke_off_is_failed() -> None:
    [one] = records(flows_file(flow(response=None, error={"msg": "peer closed", "timestamp": 1795176002})), "mitmproxy")
    assert (one.failed, one.status, one.model) == (True, None, ASKED["model"])
    assert ANSWERED["id"] not in one.output


def test_a_file_that_breaks_off_loses_nothing_before_the_break() -> None:
    whole = flows_file(flow(), flow(id="second"))
    found = outcomes(whole[:-40], "mitmproxy")
    assert [type(one) for one in found] == [Found, Rejected]
    message = ExportTraceServiceRequest()
    span = message.resource_spans.add().scope_spans.add().spans.add(start_time_unix_nano=1795176001250000000)
    span.attributes.add(key="gen_ai.operation.name").value.string_value = "chat"
    packed = message.SerializeToString()
    framed = struct.pack(">I", len(packed)) + packed
    assert [type(one) for one in outcomes(framed + framed[:-5], "otlp")] == [Found, Rejected]
