"""A matrix's column as OpenRouter takes it: preferences of a request, or a guardrail that binds keys.

Format: OpenRouter's documentation of provider routing (`provider` in a request) and of guardrails. Hosts are named by their
slugs; only hosts that serve one developer's models alone are let through, so that the host says whose model answers.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from compliance.engine.portfolio import Cell
from compliance.engine.vocabulary import ACTIVITIES
from compliance.exchange.gateways import Head, NothingToLetThrough

CHANNEL: Final = "openrouter"
HOSTS: Final[Mapping[str, str]] = {
    "ai21": "ai21",
    "alibaba-qwen": "alibaba",
    "amazon": "amazon-nova",
    "anthropic": "anthropic",
    "cohere": "cohere",
    "deepseek": "deepseek",
    "google": "google-ai-studio",
    "meta": "meta",
    "minimax": "minimax",
    "mistral": "mistral",
    "moonshot": "moonshotai",
    "openai": "openai",
    "perplexity": "perplexity",
    "voyage": "voyageai",
    "xai": "xai",
    "zhipu": "z-ai",
}
"""Developer → the slug of its own host there."""


def to_preferences(head: Head, rows: Sequence[Sequence[Cell]], purpose: str) -> str:
    """What to merge into each request: `provider`, and `metadata` by which it is traced. Raises NothingToLetThrough."""
    provider: dict[str, Any] = {"only": _hosts(head, rows, purpose), "allow_fallbacks": False}
    if purpose == "train_on_output":
        provider["enforce_distillable_text"] = True  # narrows further, by the word of the models' authors
    return _written({"provider": provider, "metadata": _metadata(head, purpose)})


def to_guardrail(head: Head, rows: Sequence[Sequence[Cell]], purpose: str) -> str:
    """The body that makes a guardrail; it binds nothing until it is given to keys or members. Raises NothingToLetThrough."""
    told = {
        "name": f"Clausetrail: {ACTIVITIES[purpose]}, {head.on.isoformat()}",
        "description": " ".join(head.lines([purpose])),
        "allowed_providers": _hosts(head, rows, purpose),
    }
    return _written(told)


def _hosts(head: Head, rows: Sequence[Sequence[Cell]], purpose: str) -> list[str]:
    cells = (cell for row in rows for cell in row if cell.activity == purpose and cell.way.access == "api")
    through = (cell.way.provider for cell in cells if not cell.way.family and head.lets_through(cell))
    found = sorted({HOSTS[developer] for developer in through if developer in HOSTS})
    if not found:
        raise NothingToLetThrough(
            f"No host at OpenRouter is open for {ACTIVITIES[purpose]}. An empty list would bar nothing: give the purpose no key."
        )
    return found


def _metadata(head: Head, purpose: str) -> dict[str, str]:
    lines = head.lines([purpose])
    return {
        "clausetrail_day": head.on.isoformat(),
        "clausetrail_rulebook": f"sha256:{head.rulebook_sha256}",
        "clausetrail_matrix": f"sha256:{head.matrix_sha256}",
        "clausetrail_purpose": purpose,
        "clausetrail_unknown": "let through, by choice" if head.unknown else "blocked",
        "clausetrail_conditional": head.conditional,
        "clausetrail_declared": lines[5][:500],
    }


def _written(told: dict[str, Any]) -> str:
    return json.dumps(told, indent=2, ensure_ascii=False) + "\n"
