"""Helicone: requests as its export tool and its query API give them, as JSON, JSON lines or CSV. PURE.

Checked on 2026-11-22 against Helicone's public source: the answer of `/v1/request/query-clickhouse` (the query behind
it, and the type HeliconeRequest), what its export tool (`@helicone/export`) writes as CSV, and how it counts tokens.
Cached, audio and reasoning tokens are counted beside the others there. Costs are in US dollars.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from audits.ingest.records import Fields, Unreadable, UsageRecord
from audits.ingest.values import count, fields, http_status, moment, money, name, said, summed

_INPUT = ("prompt_tokens", "prompt_cache_read_tokens", "prompt_cache_write_tokens", "prompt_audio_tokens")
_OUTPUT = ("completion_tokens", "reasoning_tokens", "completion_audio_tokens")
# What its own logger notes beside calls of models: `_type` of the body, or the beginning of what it calls the model.
_EVENTS = ("tool", "vector_db", "data")
_NO_CACHE: Final = "00000000-0000-0000-0000-000000000000"
# Of a call that never had a status: timed out, under way, given up by the client, stopped as a threat.
_NEVER_ANSWERED = ("-1", "-2", "-3", "-4")
_OPERATIONS = (
    ("embedding", "embeddings"), ("images/", "image_generation"), ("audio/speech", "speech"), ("audio/tran", "transcription"),
    ("moderation", "moderation"), ("/responses", "create_response"), ("rerank", "rerank"),
)  # fmt: skip


def records(value: Fields) -> Iterator[UsageRecord]:
    """One request. What it answered from its own cache reached nobody; events of tools and data bases are no calls."""
    asked, answered = fields(value.get("request_body")), fields(value.get("response_body"))
    model = name(_of(value, "request_model", "model_override", "model") or asked.get("model"))
    if not model and not {"request_id", "response_id"} & value.keys():
        raise Unreadable("request_id: a Helicone request has one, or a response_id, and names a model")
    if _is_event(model, asked) or name(value.get("cache_reference_id")) not in ("", _NO_CACHE):
        return
    yield _record(value, model, asked, answered)


def _is_event(model: str, asked: Mapping[str, Any]) -> bool:
    return asked.get("_type") in _EVENTS or model.partition(":")[0] in _EVENTS


def _record(value: Fields, model: str, asked: Mapping[str, Any], answered: Mapping[str, Any]) -> UsageRecord:
    said_status = str(_of(value, "response_status", "status") or "")
    status = None if said_status in _NEVER_ANSWERED else http_status(said_status, "response_status")
    response_model = name(_of(value, "response_model") or answered.get("model"))
    url = name(_of(value, "target_url", "request_path"), 2000)
    return UsageRecord(
        at=moment(_of(value, "request_created_at", "created_at"), "request_created_at"),
        id=name(_of(value, "response_id", "request_id", "id")),
        channel=name(_of(value, "provider")).lower(),
        host=_host(url),
        model=model or response_model,
        response_model=response_model,
        operation=next((kind for mark, kind in _OPERATIONS if mark in url), "chat"),
        failed=said_status in _NEVER_ANSWERED or (status is not None and status >= 400),
        status=status,
        input_tokens=summed(*(count(value.get(one), one) for one in _INPUT)),
        output_tokens=summed(*(count(value.get(one), one) for one in _OUTPUT)),
        cost=money(_of(value, "cost", "costUSD", "cost_usd"), "cost"),
        currency="USD",
        account=name(_of(value, "helicone_org_id", "organization_id")),
        person=name(_of(value, "request_user_id", "user_id")),
        key=name(_of(value, "api_key_id", "request_provider_key_id", "helicone_api_key_id")),
        prompt=said(_of(value, "request_prompt") or asked or value.get("request_body")),
        output=said(_of(value, "response_text", "response_prompt") or answered or value.get("response_body")),
        response_id=name(answered.get("id"), 200),
    )


def _of(value: Mapping[str, Any], *names: str) -> Any:
    return next((value[one] for one in names if value.get(one) not in (None, "")), None)


def _host(url: str) -> str:
    try:
        return name(urlsplit(url).hostname)
    except ValueError:
        return ""
