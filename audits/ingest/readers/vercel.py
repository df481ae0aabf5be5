"""What the AI SDK of Vercel says in a span's attributes of its own, in OpenTelemetry's names. PURE.

Of its spans those that end in doGenerate, doStream, doEmbed and doRerank are the calls of a provider; what is around them
(`ai.generateText`) and within them (`ai.toolCall`) is none. Those that embed have no name of OpenTelemetry's at all. Checked on
2026-11-22 against its documentation of the data that it collects (AI SDK 4 to 6) and how others translate its spans; version
7 writes OpenTelemetry's own names.
"""

from collections.abc import Mapping
from typing import Any, Final

from audits.ingest.values import name

_OPERATIONS: Final = {"doGenerate": "chat", "doStream": "chat", "doEmbed": "embeddings", "doRerank": "rerank"}
_NAMES: Final = {
    "gen_ai.provider.name": ("gen_ai.provider.name", "gen_ai.system", "ai.model.provider"),
    "gen_ai.request.model": ("gen_ai.request.model", "ai.model.id"),
    "gen_ai.response.model": ("gen_ai.response.model", "ai.response.model"),
    "gen_ai.response.id": ("gen_ai.response.id", "ai.response.id"),
    "gen_ai.usage.input_tokens": (
        "gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens", "ai.usage.inputTokens", "ai.usage.promptTokens",
        "ai.usage.tokens",
    ),
    "gen_ai.usage.output_tokens": (
        "gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens", "ai.usage.outputTokens", "ai.usage.completionTokens",
    ),
    "gen_ai.usage.cache_read.input_tokens": ("gen_ai.usage.cache_read.input_tokens", "ai.usage.cachedInputTokens"),
    "gen_ai.input.messages": ("ai.prompt.messages", "ai.prompt", "ai.values", "ai.value"),
    "gen_ai.output.messages": ("ai.response.text", "ai.response.object", "ai.response.toolCalls"),
    "user.id": ("user.id", "ai.telemetry.metadata.userId"),
}  # fmt: skip


def conventions_of(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The same facts under OpenTelemetry's names; {} for what is no call of the AI SDK."""
    operation = _OPERATIONS.get(name(facts.get("ai.operationId")).rpartition(".")[2])
    if operation is None:
        return {}
    found = {
        one: next((facts[own] for own in names if facts.get(own) not in (None, "")), None)
        for one, names in _NAMES.items()
    }
    return {"gen_ai.operation.name": operation} | {one: value for one, value in found.items() if value is not None}
