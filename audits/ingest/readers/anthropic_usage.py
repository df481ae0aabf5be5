"""Anthropic: what its usage and cost API (`/v1/organizations/usage_report/messages`, `…/cost_report`) and its console's
exports say. PURE.

The usage report does not say how many requests there were. The API gives amounts in hundredths of the currency, as
decimal text; the console's CSV in US dollars. Checked on 2026-11-22 against Anthropic's API reference (Get Messages
Usage Report, Get Cost Report), and, for the console's CSV, which Anthropic does not describe, against the heads of
such files in public repositories (of March to September 2026).
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from audits.ingest.records import Fields, Unreadable, UsageRecord
from audits.ingest.values import count, fields, moment, money, name, summed

_GROUPS = (
    "model", "workspace_id", "api_key_id", "service_tier", "context_window", "account_id", "service_account_id", "inference_geo",
    "speed", "cost_type", "token_type", "description", "model_version", "workspace", "api_key", "usage_type",
)  # fmt: skip
_HUNDREDTHS = Decimal(100)


def records(value: Fields) -> Iterator[UsageRecord | Unreadable]:
    """The entries of one bucket, or of one row of an export as CSV."""
    results = value.get("results")
    for result in results if isinstance(results, list) else [value]:
        try:
            yield from _entry(result, value)
        except Unreadable as problem:
            yield problem


def _entry(result: Any, bucket: Mapping[str, Any]) -> Iterator[UsageRecord]:
    if not isinstance(result, dict):
        raise Unreadable("results: a result is no object")
    if "amount" in result or "cost_usd" in result:
        yield _cost(result, bucket)
    elif (used := _used(result, bucket)).input_tokens or used.output_tokens:
        yield used


def _cost(result: Mapping[str, Any], bucket: Mapping[str, Any]) -> UsageRecord:
    hundredths, dollars = money(result.get("amount"), "amount"), money(result.get("cost_usd"), "cost_usd")
    amount = dollars if hundredths is None else hundredths / _HUNDREDTHS
    if amount is None:
        raise Unreadable("amount: no amount")
    return UsageRecord(
        at=_start(bucket), until=_end(bucket), id=_id(result, bucket, "cost"), kind="cost", channel="anthropic",
        model=name(result.get("model")), calls=None, cost=amount,
        currency=name(result.get("currency") or "USD", 3).upper(), account=_workspace(result), key=_key(result),
    )  # fmt: skip


def _used(result: Mapping[str, Any], bucket: Mapping[str, Any]) -> UsageRecord:
    written = fields(result.get("cache_creation"))
    if not {*_INPUT, *_OUTPUT} & result.keys():
        raise Unreadable("uncached_input_tokens: a usage result says how many tokens it sums up")
    tokens = summed(
        *(count(result.get(key), key) for key in _INPUT), *(count(amount, key) for key, amount in written.items())
    )
    return UsageRecord(
        at=_start(bucket), until=_end(bucket), id=_id(result, bucket, "usage"), kind="usage", channel="anthropic",
        model=name(result.get("model") or result.get("model_version")), operation="chat", calls=None, input_tokens=tokens,
        output_tokens=summed(*(count(result.get(key), key) for key in _OUTPUT)), account=_workspace(result),
        person=name(result.get("account_id") or result.get("service_account_id")), key=_key(result),
    )  # fmt: skip


_INPUT = (
    "uncached_input_tokens", "cache_read_input_tokens", "cache_creation_5m_input_tokens", "cache_creation_1h_input_tokens",
    "usage_input_tokens_no_cache", "usage_input_tokens_cache_read", "usage_input_tokens_cache_write",
    "usage_input_tokens_cache_write_5m", "usage_input_tokens_cache_write_1h",
)  # fmt: skip
_OUTPUT = ("output_tokens", "usage_output_tokens")


def _workspace(result: Mapping[str, Any]) -> str:
    return name(result.get("workspace_id") or result.get("workspace"))


def _key(result: Mapping[str, Any]) -> str:
    return name(result.get("api_key_id") or result.get("api_key"))


def _start(bucket: Mapping[str, Any]) -> Any:
    return moment(bucket.get("starting_at") or bucket.get("usage_date_utc") or bucket.get("date"), "starting_at")


def _end(bucket: Mapping[str, Any]) -> Any:
    return moment(bucket["ending_at"], "ending_at") if bucket.get("ending_at") else None


def _id(result: Mapping[str, Any], bucket: Mapping[str, Any], kind: str) -> str:
    """What an entry is about, so that a later export of the same time replaces it instead of counting twice."""
    groups = "|".join(str(result.get(group) or "") for group in _GROUPS)
    return f"{_start(bucket):%Y-%m-%dT%H:%M}|{_end(bucket)}|{kind}|{groups}"
