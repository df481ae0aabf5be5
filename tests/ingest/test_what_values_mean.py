"""Rulings on what values mean: tokens that a cache held, times without a zone, numbers that are none, names of the AI SDK."""

import json
import re
from typing import Any

import pytest

from audits.ingest.channels import served_by
from audits.ingest.readers.mapped import BadMapping, mapping_of, reader
from audits.ingest.reading import PassedOver, Rejected
from audits.ingest.records import Unreadable, UsageRecord
from audits.ingest.values import moment
from tests.ingest.conftest import as_lines
from tests.ingest.shapes import QUESTION, otlp_span
from tests.ingest.test_readers import outcomes, records
from tests.ingest.written import CHAT_SPAN, mlflow_span


def of_span(**values: Any) -> list[Any]:
    """What a file with one span of these attributes comes to; a number with a point may be none."""
    span = otlp_span(1, **{key: one for key, one in values.items() if not isinstance(one, float)})
    doubles = [{"key": key, "value": {"doubleValue": one}} for key, one in values.items() if isinstance(one, float)]
    span["attributes"] += json.loads(json.dumps(doubles).replace("NaN", '"NaN"'))
    return outcomes(as_lines([{"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}]), "otlp")


CALL = {
    "operation.name": "ai.generateText.doGenerate triage", "ai.operationId": "ai.generateText.doGenerate",
    "ai.model.provider": "anthropic.messages", "ai.model.id": "claude-sonnet-4-5", "gen_ai.system": "anthropic.messages",
    "gen_ai.request.model": "claude-sonnet-4-5", "gen_ai.usage.input_tokens": 5, "gen_ai.usage.output_tokens": 7,
    "ai.prompt.messages": json.dumps([{"role": "user", "content": [{"type": "text", "text": QUESTION}]}]),
    "ai.response.text": "Rhine.", "ai.telemetry.metadata.userId": "u-9",
}  # fmt: skip


def test_a_call_of_the_ai_sdk_tells_what_was_asked_and_who_answered() -> None:
    [found] = of_span(**CALL)
    call: UsageRecord = found.record
    assert (call.model, call.operation, call.input_tokens, call.output_tokens) == ("claude-sonnet-4-5", "chat", 5, 7)
    assert (call.prompt, call.output, call.person) == (QUESTION, "Rhine.", "u-9")
    assert served_by(call.channel, call.host) == "anthropic"


def test_its_embeddings_have_no_other_names_and_are_calls_too() -> None:
    [found] = of_span(**{"ai.operationId": "ai.embedMany.doEmbed", "ai.model.id": "text-embedding-3-small",
                         "ai.model.provider": "openai.embedding", "ai.usage.tokens": 12})  # fmt: skip
    assert (found.record.operation, found.record.model, found.record.input_tokens) == (
        "embeddings", "text-embedding-3-small", 12,
    )  # fmt: skip


@pytest.mark.parametrize("operation", ["ai.generateText", "ai.toolCall", "ai.embed"])
def test_what_is_around_and_within_its_calls_is_none(operation: str) -> None:
    [found] = of_span(**{"ai.operationId": operation, "ai.model.id": "claude-sonnet-4-5", "ai.usage.promptTokens": 5})
    assert isinstance(found, PassedOver)


def test_tokens_that_are_not_a_number_are_not_known() -> None:
    [found] = of_span(**{**CALL, "gen_ai.usage.input_tokens": float("nan")})
    assert (found.record.input_tokens, found.record.output_tokens) == (None, 7)


def test_a_chain_of_langsmith_is_no_call() -> None:
    assert isinstance(of_span(**{"gen_ai.operation.name": "chain"})[0], PassedOver)


@pytest.mark.parametrize(
    ("channel", "served"),
    [("openai.responses", "openai"), ("azure-openai.chat", "azure"), ("google.vertex.chat", "google-vertex"),
     ("google.generative-ai", "google"), ("vertex.anthropic.messages", "google-vertex"), ("gateway.chat", "")],
)  # fmt: skip
def test_a_providers_name_with_the_interface_behind_it_is_the_providers(channel: str, served: str) -> None:
    assert served_by(channel, "") == served


@pytest.mark.parametrize(("cached", "whole"), [(3, 5), (5, 5), (1000, 1005)], ids=["within", "all", "beside"])
def test_cached_tokens_are_added_where_they_can_not_be_counted_in(cached: int, whole: int) -> None:
    for name in ("ai.usage.cachedInputTokens", "gen_ai.usage.cache_read.input_tokens"):
        assert of_span(**{**CALL, name: cached})[0].record.input_tokens == whole
    assert of_span(**{**CALL, "gen_ai.usage.cache_read_input_tokens": cached})[0].record.input_tokens == whole


def test_mlflow_counts_what_a_cache_of_anthropic_held_whatever_its_release() -> None:
    usage = {"input_tokens": 5, "cache_read_input_tokens": 40, "cache_creation_input_tokens": 2, "output_tokens": 3}
    older = {"mlflow__chat__tokenUsage": {"input_tokens": 5, "output_tokens": 3}}
    newer = {"mlflow__chat__tokenUsage": {"input_tokens": 47, "output_tokens": 3, "cache_read_input_tokens": 40}}
    answered = {"mlflow__spanOutputs": {"id": "msg_01", "model": "claude", "usage": usage}}
    unanswered = {"mlflow__spanOutputs": None}
    for said in (older | answered, newer | answered, newer | unanswered):
        trace = {"info": {}, "data": {"spans": [mlflow_span("A=", None, "CHAT_MODEL", **CHAT_SPAN | said)]}}
        [call] = records(as_lines([trace]), "mlflow")
        assert (call.input_tokens, call.output_tokens) == (47, 3)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("1712010812345", "2024-04-01T22:33:32.345000+00:00"),
        ("1712010812", "2024-04-01T22:33:32+00:00"),
        ("20261120", "2026-11-20T00:00:00+00:00"),
        ("2026-11-20 12:00:01.25+01", "2026-11-20T11:00:01.250000+00:00"),
    ],
    ids=["milliseconds that look like a day of 1712", "seconds", "a day without hyphens", "an offset in hours"],
)
def test_digits_are_seconds_or_parts_of_them_unless_they_are_a_day(written: str, meant: str) -> None:
    assert moment(written, "at").isoformat() == meant


def at_of(zone: str, written: str, time_format: str = "") -> str:
    mapping = mapping_of({"columns": {"at": "when", "model": "model"}, "time_format": time_format, "time_zone": zone})
    [found] = reader(mapping)({"when": written, "model": "m"})
    assert isinstance(found, UsageRecord)
    return found.at.isoformat()


def test_times_of_a_table_are_of_the_zone_that_a_person_says_unless_they_name_one() -> None:
    assert at_of("Europe/Berlin", "2026-11-20 00:30") == "2026-11-19T23:30:00+00:00"
    assert at_of("Europe/Berlin", "20.07.2026 00:30", "%d.%m.%Y %H:%M") == "2026-07-19T22:30:00+00:00", "summer time"
    assert at_of("Europe/Berlin", "2026-11-20T00:30Z") == "2026-11-20T00:30:00+00:00"
    assert at_of("Europe/Berlin", "2026-11-20 00:30 UTC") == "2026-11-20T00:30:00+00:00"
    assert at_of("", "2026-11-20 00:30") == "2026-11-20T00:30:00+00:00"
    for zone in ("Middle/Earth", "../etc/passwd"):
        with pytest.raises(BadMapping, match=r"time_zone: .* is no time zone; write it as Europe/Berlin or UTC"):
            at_of(zone, "2026-11-20 00:30")


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"When (local)": "soon"}, "When (local): 'soon' is no time"),
        ({"When (local)": ""}, "When (local): no time"),
        ({"When (local)": "2026-11-20", "Tok in": "many"}, "Tok in: 'many' is no count"),
        ({"When (local)": "2026-11-20", "Spent": "dear"}, "Spent: 'dear' is no amount"),
    ],
)
def test_a_complaint_about_a_table_names_the_column_as_the_file_heads_it(row: dict[str, str], said: str) -> None:
    columns = {"at": "When (local)", "model": "m", "input_tokens": "Tok in", "cost": "Spent"}
    with pytest.raises(Unreadable, match=f"^{re.escape(said)}"):
        list(reader(mapping_of({"columns": columns}))(row))
    dated = reader(mapping_of({"columns": columns, "time_format": "%d.%m.%Y"}))
    with pytest.raises(Unreadable, match=r"^When \(local\): .* is not written as %d\.%m\.%Y"):
        list(dated({"When (local)": "2026/11/20"}))


def test_a_table_of_the_portal_in_local_time_is_refused_rather_than_taken_for_utc() -> None:
    head = b"TimeGenerated [Local Time],Category,OperationName,CorrelationId\n"
    [found] = outcomes(head + b"2026-11-20T12:00:00,RequestResponse,ChatCompletions_Create,c-1\n", "azure")
    assert isinstance(found, Rejected)
    assert (
        found.reason
        == "TimeGenerated [Local Time]: times are not in UTC; choose UTC in the portal, and export it again"
    )
    assert (
        len(records(head.replace(b"Local Time", b"UTC") + b"2026-11-20T12:00:00,RequestResponse,Chat,c-1\n", "azure"))
        == 1
    )
