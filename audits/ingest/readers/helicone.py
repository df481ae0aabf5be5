"""Helicone: requests as its export tool and its query API give them, as JSON, JSON lines or CSV. PURE."""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from audits.ingest.records import Fields, Unreadable, UsageRecord
from audits.ingest.values import count, fields, moment, money, name, said


def records(value: Fields) -> Iterator[UsageRecord]:
    """One request."""
    model = name(_of(value, "request_model", "model", "model_override"))
    response_model = name(_of(value, "response_model"))
    status = count(_of(value, "response_status", "status"), "response_status")
    if "request_id" not in value and not model:
        raise Unreadable("request_id: a Helicone request has one, and names a model")
    yield UsageRecord(
        at=moment(_of(value, "request_created_at", "created_at"), "request_created_at"),
        id=name(_of(value, "request_id", "id")),
        channel=name(_of(value, "provider")).lower(),
        host=_host(name(_of(value, "target_url", "request_path"))),
        model=model or response_model,
        response_model=response_model,
        operation="embeddings" if "embedding" in name(_of(value, "request_path", "target_url")) else "chat",
        failed=(status is not None and status >= 400) or (status is not None and status < 0),
        status=status,
        input_tokens=count(_of(value, "prompt_tokens"), "prompt_tokens"),
        output_tokens=count(_of(value, "completion_tokens"), "completion_tokens"),
        cost=money(_of(value, "costUSD", "cost_usd", "cost"), "cost"),
        currency="USD",
        account=name(_of(value, "helicone_org_id", "organization_id")),
        person=name(_of(value, "request_user_id", "user_id")),
        key=name(_of(value, "api_key_id", "request_provider_key_id", "helicone_api_key_id")),
        prompt=said(_of(value, "request_prompt") or _talk(value, "request_body")),
        output=said(_of(value, "response_text", "response_prompt") or _talk(value, "response_body")),
    )


def _talk(value: Fields, side: str) -> Any:
    body = fields(value.get(side))
    return body or value.get(side)


def _of(value: Mapping[str, Any], *names: str) -> Any:
    return next((value[one] for one in names if value.get(one) not in (None, "")), None)


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
