"""Records as each tool writes them: invented values in the tools' own shapes."""

from typing import Any


def litellm_call(number: int = 1, **fields: Any) -> dict[str, Any]:
    """LiteLLM's standard logging payload."""
    return {
        "id": f"chatcmpl-{number:06d}",
        "trace_id": f"trace-{number}",
        "call_type": "acompletion",
        "stream": False,
        "response_cost": 0.00214,
        "status": "success",
        "custom_llm_provider": "openai",
        "total_tokens": 200,
        "prompt_tokens": 120,
        "completion_tokens": 80,
        "startTime": 1795176000.25 + number,
        "endTime": 1795176001.75 + number,
        "model": "gpt-4.1-mini",
        "model_group": "cheap",
        "api_base": "https://api.openai.com",
        "metadata": {
            "user_api_key_hash": "88dc28d0f030c55ed4ab77ed8faf098196cb1c05df778539800c9f1243fe6b4b",
            "user_api_key_alias": "triage-prod",
            "user_api_key_team_id": "team-7",
            "user_api_key_team_alias": "Support",
            "requester_ip_address": "10.2.0.7",
        },
        "cache_hit": None,
        "request_tags": ["triage"],
        "end_user": "agent-3",
        "messages": [{"role": "user", "content": f"Ticket {number}: how do I reset my password?"}],
        "response": {
            "id": f"chatcmpl-{number:06d}",
            "model": "gpt-4.1-mini-2025-04-14",
            "choices": [{"index": 0, "message": {"role": "assistant", "content": "Open Settings, then Account."}}],
            "usage": {"prompt_tokens": 120, "completion_tokens": 80},
        },
        "model_parameters": {"temperature": 0.2},
        "hidden_params": {"model_id": "m1", "api_base": "https://api.openai.com"},
        **fields,
    }


def acme_call(number: int = 1, **fields: Any) -> dict[str, Any]:
    """The same for a model of the invented provider whose terms the tests have."""
    return litellm_call(
        number, model="acme-large", custom_llm_provider="acme", api_base="https://api.acme.example/v1", **fields
    )


SPEND_COLUMNS = (
    "request_id", "call_type", "api_key", "spend", "total_tokens", "prompt_tokens", "completion_tokens", "startTime", "endTime",
    "model", "custom_llm_provider", "api_base", "user", "metadata", "team_id", "end_user", "status",
)  # fmt: skip


def spend_row(number: int = 1, **fields: Any) -> dict[str, Any]:
    """A row of LiteLLM_SpendLogs."""
    return {
        "request_id": f"chatcmpl-{number:06d}",
        "call_type": "acompletion",
        "api_key": "88dc28d0f030c55ed4ab77ed8faf098196cb1c05df778539800c9f1243fe6b4b",
        "spend": 0.00214,
        "total_tokens": 200,
        "prompt_tokens": 120,
        "completion_tokens": 80,
        "startTime": "2026-11-20T12:00:01.250000Z",
        "endTime": "2026-11-20T12:00:02.750000Z",
        "model": "gpt-4.1-mini",
        "custom_llm_provider": "openai",
        "api_base": "https://api.openai.com",
        "user": "u-1",
        "metadata": '{"user_api_key_alias": "triage-prod", "status": "success"}',
        "team_id": "team-7",
        "end_user": "",
        "status": "success",
        **fields,
    }
