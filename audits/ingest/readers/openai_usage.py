"""OpenAI: what its usage and cost API (`/v1/organization/usage/…`, `/v1/organization/costs`) and its exports say. PURE.

A page holds buckets of time, a bucket results; each result is an entry. Results that are all zero are no use. Checked
on 2026-11-22 against OpenAI's published OpenAPI description of 2026-08-21 (UsageResponse, UsageTimeBucket, its
results, CostsResult).
"""

from collections.abc import Iterator, Mapping
from typing import Any

from audits.ingest.records import Fields, Unreadable, UsageRecord
from audits.ingest.values import count, moment, money, name

_OPERATIONS = {
    "completions": "chat", "embeddings": "embeddings", "images": "image_generation", "audio_speeches": "speech",
    "audio_transcriptions": "transcription", "moderations": "moderation",
}  # fmt: skip
_NO_MODELS = (
    "vector_stores", "code_interpreter_sessions", "file_searches", "web_searches", "file_search_calls", "web_search_calls",
)  # fmt: skip
_GROUPS = (
    "model", "project_id", "user_id", "api_key_id", "batch", "line_item", "organization_id", "service_tier", "size", "source",
)  # fmt: skip


def records(value: Fields) -> Iterator[UsageRecord | Unreadable]:
    """The entries of one bucket, or of one row of an export as CSV."""
    results = value.get("results", value.get("result"))
    if not isinstance(results, list):
        yield from _entry({**value, "object": value.get("object") or ""}, value)
        return
    for result in results:
        try:
            if not isinstance(result, dict):
                raise Unreadable("results: a result is no object")
            yield from _entry(result, value)
        except Unreadable as problem:
            yield problem


def _entry(result: Mapping[str, Any], bucket: Mapping[str, Any]) -> Iterator[UsageRecord]:
    kind = name(result.get("object")).removeprefix("organization.").removesuffix(".result")
    amount = result.get("amount")
    if kind == "costs" or amount is not None or "amount_value" in result:
        yield _cost(
            result, bucket, amount if isinstance(amount, dict) else {"value": result.get("amount_value", amount)}
        )
    elif kind.rpartition(".")[2] not in _NO_MODELS and (used := _used(result, bucket, kind)).calls != 0:
        yield used


def _cost(result: Mapping[str, Any], bucket: Mapping[str, Any], amount: Mapping[str, Any]) -> UsageRecord:
    model, named, _ = name(result.get("line_item")).partition(
        ", "
    )  # "gpt-4.1, input"; others name no model: "web search"
    return UsageRecord(
        at=_start(bucket), until=_end(bucket), id=_id(result, bucket), kind="cost", channel="openai",
        model=model if named else "", calls=None, operation="",
        cost=money(amount.get("value"), "amount.value") or money(0, "amount.value"),
        currency=name(amount.get("currency") or result.get("amount_currency") or "usd", 3).upper(),
        account=name(result.get("project_id")), key=name(result.get("api_key_id")),
    )  # fmt: skip


def _used(result: Mapping[str, Any], bucket: Mapping[str, Any], kind: str) -> UsageRecord:
    requests = count(result.get("num_model_requests"), "num_model_requests")
    if requests is None:
        raise Unreadable("num_model_requests: a usage result says how many requests it sums up")
    plain = count(result.get("input_tokens"), "input_tokens")
    return UsageRecord(
        at=_start(bucket), until=_end(bucket), id=_id(result, bucket), kind="usage", channel="openai",
        model=name(result.get("model")), calls=requests,
        operation=_OPERATIONS.get(kind.rpartition(".")[2], kind.rpartition(".")[2]) or "chat",
        input_tokens=plain, output_tokens=count(result.get("output_tokens"), "output_tokens"),
        account=name(result.get("project_id")), person=name(result.get("user_id")), key=name(result.get("api_key_id")),
    )  # fmt: skip


def _start(bucket: Mapping[str, Any]) -> Any:
    return moment(bucket.get("start_time_iso") or bucket.get("start_time") or bucket.get("date"), "start_time")


def _end(bucket: Mapping[str, Any]) -> Any:
    end = bucket.get("end_time_iso") or bucket.get("end_time")
    return moment(end, "end_time") if end else None


def _id(result: Mapping[str, Any], bucket: Mapping[str, Any]) -> str:
    """What an entry is about, so that a later export of the same time replaces it instead of counting twice."""
    groups = "|".join(str(result.get(group) or "") for group in _GROUPS)
    return f"{_start(bucket):%Y-%m-%dT%H:%M}|{_end(bucket)}|{result.get('object') or ''}|{groups}"
