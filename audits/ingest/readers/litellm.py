"""LiteLLM: the payload that its callbacks log, and the spend logs of its database as CSV or JSON. PURE.

Checked on 2026-11-22 against LiteLLM 1.106.2: payloads that a custom logger of it was given for chat, streams,
embeddings, responses, Azure and failures; its documentation ("StandardLoggingPayload Specification"); the table
LiteLLM_SpendLogs in its schema, and how it makes ids.
"""

import re
from collections.abc import Iterator
from typing import Any

from audits.ingest.identities import REQUEST_HEADERS, unwrapped_id
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
    "image_edit": "image_generation", "aimage_edit": "image_generation", "aanthropic_messages": "chat",
    "_arealtime": "chat", "_aresponses_websocket": "create_response", "retrieve_batch": "batch", "aretrieve_batch": "batch",
    "agenerate_content_stream": "generate_content", "generate_content_stream": "generate_content",
}  # fmt: skip
# Types of calls (LiteLLM's CallTypes) that ask no model: files, lists, searches, containers, tools.
_NO_MODEL = re.compile(
    r"_?a?_?(?:get|delete|list|cancel|file|search|vector_store|upload_container|run_code|code_interpreter|add_message"
    r"|create_(?:assistants|thread|container|sandbox)|retrieve_(?:container|fine_tuning)|call_mcp"
    r"|video_(?:retrieve|content|list|delete|get|create_character)).*"
)


def records(value: Fields) -> Iterator[UsageRecord]:
    """One call of either kind. A callback that logs its whole keyword arguments holds the payload in them.

    What the gateway answered from its cache reached nobody: the call that filled the cache has a line of its own.
    """
    inner = value.get("standard_logging_object") or value.get("standard_logging_payload") or value.get("payload")
    value = inner if isinstance(inner, dict) else value
    if value.get("cache_hit") in _HITS or _asks_no_model(value.get("call_type")):
        return
    yield _spent(value) if "spend" in value or "request_id" in value else _logged(value)


_TELLING = 16
_HITS = (True, "True", "true")


def _asks_no_model(call_type: object) -> bool:
    return call_type not in _OPERATIONS and _NO_MODEL.fullmatch(name(call_type)) is not None


def _logged(value: Fields) -> UsageRecord:
    metadata = fields(value.get("metadata"))
    response = value.get("response")
    return _record(
        value,
        metadata,
        cost=money(value.get("response_cost"), "response_cost"),
        response_model=name(response.get("model")) if isinstance(response, dict) else "",
        failed=value.get("status") == "failure",
        status=_status(value.get("error_information")),
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
        status=_status(metadata.get("error_information")),
        account=name(metadata.get("user_api_key_team_alias") or value.get("team_id")),
        person=name(value.get("end_user") or value.get("user")),
        key=name(metadata.get("user_api_key_alias") or value.get("api_key")),
    )


def _record(value: Fields, metadata: Fields, **differing: Any) -> UsageRecord:
    """What both forms call alike, and what they don't."""
    model = name(value.get("model"))
    return UsageRecord(
        at=moment(value.get("startTime"), "startTime"),
        id=_id(value),
        channel=name(value.get("custom_llm_provider")) or _prefix(model),
        host=_host(name(value.get("api_base"))),
        model=model,
        operation=_operation(value.get("call_type")),
        input_tokens=count(value.get("prompt_tokens"), "prompt_tokens"),
        output_tokens=count(value.get("completion_tokens"), "completion_tokens"),
        currency="USD",
        prompt=said(value.get("messages")) or said(value.get("proxy_server_request")),
        output=said(value.get("response")),
        response_id=_answer_id(value),
        request_id=_request_id(value.get("hidden_params")),
        **differing,
    )


def _answer_id(value: Fields) -> str:
    """The answer's own id; a call that failed has LiteLLM's number there, which no provider gave."""
    response = value.get("response")
    given = response.get("id") if type(response) is dict else None
    if not given and value.get("status") != "failure":
        given = value.get("request_id") or value.get("id")
    given = name(given, 2000)
    return "" if given == value.get("litellm_call_id") else unwrapped_id(given)[:200]


_FORWARDED = tuple(f"llm_provider-{one}" for one in REQUEST_HEADERS)


def _request_id(hidden: object) -> str:
    """The request's id at the provider, from the headers that LiteLLM passes on under a prefix."""
    if type(hidden) is not dict:
        return ""
    headers = hidden.get("additional_headers")
    if type(headers) is not dict or not headers:
        return ""
    return next((name(headers[one], 200) for one in _FORWARDED if headers.get(one)), "")


def _id(value: Fields) -> str:
    """One key for one call: a payload's `id` is the spend log's `request_id`, namely the answer's. Some local servers number
    their answers with three digits; so short an id gives way to LiteLLM's own.
    """
    given = name(value.get("request_id") or value.get("id"))
    return given if len(given) >= _TELLING else name(value.get("litellm_call_id")) or given


def _status(problem: object) -> int | None:
    """The HTTP status of a failure; LiteLLM writes it as text, and "" for a success."""
    code = name(fields(problem).get("error_code"))
    return int(code) if code.isdigit() and 100 <= int(code[:4]) < 600 else None


def _operation(call_type: object) -> str:
    named = name(call_type)
    return _OPERATIONS.get(named, named) or "chat"


def _prefix(model: str) -> str:
    return model.partition("/")[0] if "/" in model else ""


def _host(url: str) -> str:
    """The host of an API base, which may be written without a scheme, without its port."""
    place = url.partition("://")[2] if "://" in url else url
    place = place.partition("/")[0].rpartition("@")[2]
    return place if place[:1] == "[" else place.partition(":")[0]
