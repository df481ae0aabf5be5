"""Anthropic: what its usage and cost API (`/v1/organizations/usage_report/messages`, `…/cost_report`) says. PURE.

The usage report does not say how many requests there were. Amounts are in hundredths of the currency, as decimal text.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from audits.ingest.records import Fields, Unreadable, UsageRecord
from audits.ingest.values import count, fields, moment, money, name, summed

_GROUPS = (
    "model", "workspace_id", "api_key_id", "service_tier", "context_window", "account_id", "service_account_id", "inference_geo",
    "speed", "cost_type", "token_type", "description",
)  # fmt: skip
_HUNDREDTHS = Decimal(100)


def records(value: Fields) -> Iterator[UsageRecord]:
    """The entries of one bucket, or of one row of an export as CSV."""
    results = value.get("results")
    for result in results if isinstance(results, list) else [value]:
        if not isinstance(result, dict):
            raise Unreadable("results: a result is no object")
        if "amount" in result:
            yield _cost(result, value)
        elif (used := _used(result, value)).input_tokens or used.output_tokens:
            yield used


def _cost(result: Mapping[str, Any], bucket: Mapping[str, Any]) -> UsageRecord:
    amount = money(result.get("amount"), "amount")
    if amount is None:
        raise Unreadable("amount: no amount")
    return UsageRecord(
        at=_start(bucket), until=_end(bucket), id=_id(result, bucket, "cost"), kind="cost", channel="anthropic",
        model=name(result.get("model")), calls=None, cost=amount / _HUNDREDTHS,
        currency=name(result.get("currency") or "USD", 3).upper(), account=name(result.get("workspace_id")),
    )  # fmt: skip


def _used(result: Mapping[str, Any], bucket: Mapping[str, Any]) -> UsageRecord:
    written = fields(result.get("cache_creation"))
    if "uncached_input_tokens" not in result and "output_tokens" not in result:
        raise Unreadable("uncached_input_tokens: a usage result says how many tokens it sums up")
    tokens = summed(
        *(count(result.get(key), key) for key in _INPUT), *(count(amount, key) for key, amount in written.items())
    )
    return UsageRecord(
        at=_start(bucket), until=_end(bucket), id=_id(result, bucket, "usage"), kind="usage", channel="anthropic",
        model=name(result.get("model")), operation="chat", calls=None, input_tokens=tokens,
        output_tokens=count(result.get("output_tokens"), "output_tokens"), account=name(result.get("workspace_id")),
        person=name(result.get("account_id")), key=name(result.get("api_key_id")),
    )  # fmt: skip


_INPUT = (
    "uncached_input_tokens", "cache_read_input_tokens", "cache_creation_5m_input_tokens", "cache_creation_1h_input_tokens",
)  # fmt: skip


def _start(bucket: Mapping[str, Any]) -> Any:
    return moment(bucket.get("starting_at") or bucket.get("date"), "starting_at")


def _end(bucket: Mapping[str, Any]) -> Any:
    return moment(bucket["ending_at"], "ending_at") if bucket.get("ending_at") else None


def _id(result: Mapping[str, Any], bucket: Mapping[str, Any], kind: str) -> str:
    """What an entry is about, so that a later export of the same time replaces it instead of counting twice."""
    groups = "|".join(str(result.get(group) or "") for group in _GROUPS)
    return f"{_start(bucket):%Y-%m-%dT%H:%M}|{_end(bucket)}|{kind}|{groups}"
