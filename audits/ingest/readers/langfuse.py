"""Langfuse: observations as its pages, its API and its blob storage export them, as JSON, JSON lines or CSV. PURE.

Fields after Langfuse's "Blob Storage Export Field Reference" and its API's Observation; names are in camel case in the
API and in snake case in exports to blob storage.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from audits.ingest.records import Fields, UsageRecord
from audits.ingest.values import count, fields, moment, money, name, said, summed

_OF_MODELS = {"GENERATION": "chat", "EMBEDDING": "embeddings"}
_INPUT = ("input", "promptTokens", "prompt_tokens", "inputTokens", "input_tokens")
_OUTPUT = ("output", "completionTokens", "completion_tokens", "outputTokens", "output_tokens")


def records(value: Fields) -> Iterator[UsageRecord]:
    """One observation; spans and events of which no model is named are no use of one."""
    model = name(_of(value, "model", "providedModelName", "provided_model_name", "modelName"))
    kind = name(value.get("type")).upper()
    if kind not in _OF_MODELS and (kind or not model):
        return
    usage = fields(_of(value, "usageDetails", "usage_details", "usage"))
    costs = fields(_of(value, "costDetails", "cost_details"))
    yield UsageRecord(
        at=moment(_of(value, "startTime", "start_time", "timestamp"), "startTime"),
        id=name(value.get("id")),
        model=model,
        operation=_OF_MODELS.get(kind, "chat"),
        failed=name(value.get("level")) == "ERROR",
        input_tokens=_tokens(value, usage, "input", _INPUT),
        output_tokens=_tokens(value, usage, "output", _OUTPUT),
        cost=money(
            _of(costs, "total") if costs else _of(value, "calculatedTotalCost", "totalCost", "total_cost"), "totalCost"
        ),
        currency="USD",
        account=name(_of(value, "projectId", "project_id", "environment")),
        person=name(_of(value, "userId", "user_id")),
        prompt=said(value.get("input")),
        output=said(value.get("output")),
    )


def _tokens(value: Fields, usage: Mapping[str, Any], side: str, names: tuple[str, ...]) -> int | None:
    """Tokens of one side: Langfuse keeps cached, audio and reasoning tokens apart from the plain ones."""
    if usage:
        parts = [count(amount, key) for key, amount in usage.items() if key == side or key.startswith(f"{side}_")]
        apart = summed(*parts)
        return apart if apart is not None else count(_of(usage, *names), names[0])
    return count(_of(value, *names[1:]), names[1])


def _of(value: Mapping[str, Any], *names: str) -> Any:
    return next((value[one] for one in names if value.get(one) not in (None, "")), None)
