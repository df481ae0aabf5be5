"""LiteLLM: the payload that its callbacks log, and the spend logs of its database as CSV or JSON. PURE.

Fields after LiteLLM's "StandardLoggingPayload Specification" and the table LiteLLM_SpendLogs.
"""

from collections.abc import Iterator
from typing import Any

from audits.ingest.records import Fields, UsageRecord
from audits.ingest.values import count, fields, moment, money, name, said

_OPERATIONS = {
    "completion": "chat", "acompletion": "chat", "text_completion": "text_completion", "atext_completion": "text_completion",
    "embedding": "embeddings", "aembedding": "embeddings", "image_generation": "image_generation",
    "aimage_generation": "image_generation", "speech": "speech", "aspeech": "speech", "transcription": "transcription",
    "atranscription": "transcription", "moderation": "moderation", "amoderation": "moderation", "rerank": "rerank",
    "arerank": "rerank", "responses": "create_response", "aresponses": "create_response",
    "anthropic_messages": "chat", "create_batch": "batch", "acreate_batch": "batch",
    "create_fine_tuning_job": "fine_tune",
    "acreate_fine_tuning_job": "fine_tune", "create_file": "file_upload", "acreate_file": "file_upload",
    "generate_content": "generate_content", "agenerate_content": "generate_content",
}  # fmt: skip


def records(value: Fields) -> Iterator[UsageRecord]:
    """One call of either kind. A callback that logs its whole keyword arguments holds the payload in them."""
    inner = value.get("standard_logging_object") or value.get("standard_logging_payload") or value.get("payload")
    value = inner if isinstance(inner, dict) else value
    yield _spent(value) if "spend" in value or "request_id" in value else _logged(value)


def _logged(value: Fields) -> UsageRecord:
    metadata = fields(value.get("metadata"))
    response = value.get("response")
    return _record(
        value,
        metadata,
        cost=money(value.get("response_cost"), "response_cost"),
        response_model=name(response.get("model")) if isinstance(response, dict) else "",
        failed=value.get("status") == "failure",
        account=name(metadata.get("user_api_key_team_alias") or metadata.get("user_api_key_team_id")),
        person=name(value.get("end_user") or metadata.get("user_api_key_user_id")),
        key=name(metadata.get("user_api_key_alias") or metadata.get("user_api_key_hash")),
    )


def _spent(value: Fields) -> UsageRecord:
    metadata = fields(value.get("metadata"))
    return _record(
        value,
        metadata,
        cost=money(value.get("spend"), "spend"),
        failed=name(value.get("status") or metadata.get("status")) == "failure",
        account=name(metadata.get("user_api_key_team_alias") or value.get("team_id")),
        person=name(value.get("end_user") or value.get("user")),
        key=name(metadata.get("user_api_key_alias") or value.get("api_key")),
    )


def _record(value: Fields, metadata: Fields, **differing: Any) -> UsageRecord:
    """What both forms call alike, and what they don't."""
    model = name(value.get("model"))
    return UsageRecord(
        at=moment(value.get("startTime"), "startTime"),
        id=name(value.get("request_id") or value.get("litellm_call_id") or value.get("id")),
        channel=name(value.get("custom_llm_provider")) or _prefix(model),
        host=_host(name(value.get("api_base"))),
        model=model,
        operation=_operation(value.get("call_type")),
        input_tokens=count(value.get("prompt_tokens"), "prompt_tokens"),
        output_tokens=count(value.get("completion_tokens"), "completion_tokens"),
        currency="USD",
        prompt=said(value.get("messages")),
        output=said(value.get("response")),
        **differing,
    )


def _operation(call_type: object) -> str:
    named = name(call_type)
    return _OPERATIONS.get(named, named) or "chat"


def _prefix(model: str) -> str:
    return model.partition("/")[0] if "/" in model else ""


def _host(url: str) -> str:
    """The host of an API base, which may be written without a scheme."""
    return url.partition("://")[2].partition("/")[0].rpartition("@")[2] if "://" in url else url.partition("/")[0]
