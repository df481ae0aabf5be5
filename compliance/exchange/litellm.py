"""A matrix as the `model_list` of a LiteLLM proxy: wildcard routes, each in the access groups of the purposes it is open for.

Format: LiteLLM's documentation of the proxy's config.yaml and of model access groups. A request for a model that no route
matches is refused by the proxy; a key that is given one group reaches that group's models alone.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Final

from compliance.engine.portfolio import Cell, Way
from compliance.exchange.gateways import Head, NothingToLetThrough, group_of

_BEDROCK: Final = ("", "us.", "eu.", "apac.", "global.")

# Developer → (prefix of its own API at LiteLLM, environment variable of its key). Only patterns that name one developer's models.
_DIRECT: Final[Mapping[str, tuple[tuple[str, ...], str]]] = {
    "ai21": (("ai21/*",), "AI21_API_KEY"),
    "alibaba-qwen": (("dashscope/qwen*",), "DASHSCOPE_API_KEY"),
    "amazon": (("amazon_nova/*",), "AMAZON_NOVA_API_KEY"),
    "anthropic": (("anthropic/*",), "ANTHROPIC_API_KEY"),
    "cohere": (("cohere/*", "cohere_chat/*"), "COHERE_API_KEY"),
    "deepseek": (("deepseek/*",), "DEEPSEEK_API_KEY"),
    "google": (("gemini/*",), "GEMINI_API_KEY"),
    "jina": (("jina_ai/*",), "JINA_AI_API_KEY"),
    "meta": (("meta_llama/*",), "LLAMA_API_KEY"),
    "minimax": (("minimax/*",), "MINIMAX_API_KEY"),
    "mistral": (("mistral/*",), "MISTRAL_API_KEY"),
    "moonshot": (("moonshot/*",), "MOONSHOT_API_KEY"),
    "nvidia": (("nvidia_nim/nvidia/*",), "NVIDIA_NIM_API_KEY"),
    "openai": (("openai/*",), "OPENAI_API_KEY"),
    "perplexity": (("perplexity/sonar*",), "PERPLEXITYAI_API_KEY"),
    "stability": (("stability/*",), "STABILITY_API_KEY"),
    "voyage": (("voyage/*",), "VOYAGE_API_KEY"),
    "xai": (("xai/*",), "XAI_API_KEY"),
    "zhipu": (("zai/*",), "ZAI_API_KEY"),
}
# Channel → (prefix, key, how it calls each developer). Channels whose names don't tell the developer are left out.
_AUTHORS: Final[Mapping[str, str]] = {
    "alibaba-qwen": "qwen", "amazon": "amazon", "anthropic": "anthropic", "cohere": "cohere", "deepseek": "deepseek",
    "google": "google", "meta": "meta-llama", "microsoft": "microsoft", "minimax": "minimax", "mistral": "mistralai",
    "moonshot": "moonshotai", "nvidia": "nvidia", "openai": "openai", "perplexity": "perplexity", "xai": "x-ai", "zhipu": "z-ai",
}  # fmt: skip
_BEDROCK_AUTHORS: Final[Mapping[str, str]] = {
    "ai21": "ai21", "alibaba-qwen": "qwen", "amazon": "amazon", "anthropic": "anthropic", "cohere": "cohere",
    "deepseek": "deepseek", "meta": "meta", "mistral": "mistral", "openai": "openai", "stability": "stability",
}  # fmt: skip
_TOGETHER_AUTHORS: Final[Mapping[str, str]] = {
    "alibaba-qwen": "Qwen", "deepseek": "deepseek-ai", "google": "google", "meta": "meta-llama", "mistral": "mistralai",
    "moonshot": "moonshotai", "nvidia": "nvidia", "openai": "openai", "zhipu": "zai-org",
}  # fmt: skip
_VERTEX: Final[Mapping[str, str]] = {"anthropic": "vertex_ai/claude-*", "google": "vertex_ai/gemini-*"}


def routes_of(way: Way) -> tuple[tuple[str, ...], str]:
    """LiteLLM's model patterns for a way, and the environment variable of its key; no pattern when none names it alone."""
    if way.access != "api" or way.family:
        return (), ""
    if way.served_by == way.provider:
        return _DIRECT.get(way.provider, ((), ""))
    if way.served_by == "amazon-bedrock" and way.provider in _BEDROCK_AUTHORS:
        return tuple(f"bedrock/{region}{_BEDROCK_AUTHORS[way.provider]}.*" for region in _BEDROCK), ""
    if way.served_by == "google-vertex" and way.provider in _VERTEX:
        return (_VERTEX[way.provider],), ""
    if way.served_by == "openrouter" and way.provider in _AUTHORS:
        return (f"openrouter/{_AUTHORS[way.provider]}/*",), "OPENROUTER_API_KEY"
    if way.served_by == "together" and way.provider in _TOGETHER_AUTHORS:
        return (f"together_ai/{_TOGETHER_AUTHORS[way.provider]}/*",), "TOGETHERAI_API_KEY"
    return (), ""


def to_litellm(head: Head, rows: Sequence[Sequence[Cell]]) -> str:
    """The policy as YAML. Raises NothingToLetThrough when no route is open for any purpose."""
    purposes = [cell.activity for cell in rows[0]] if rows else []
    open_rows = [(row, [cell.activity for cell in row if head.lets_through(cell)]) for row in rows]
    routed = [(row, names) for row, names in open_rows if names and routes_of(row[0].way)[0]]
    if not routed:
        raise NothingToLetThrough(
            "Nothing that LiteLLM can route is open for these purposes. An empty list would bar nothing: give the gateway no key."
        )
    lines = [f"# {line}" for line in head.lines(purposes)]
    lines += ["#", "# Groups for keys and teams:", *(f"#   {group_of(purpose)}" for purpose in purposes), "model_list:"]
    for row, names in routed:
        lines += _entries(row, names)
    return "\n".join([*lines, "", *_left_out(head, rows), ""])


def _entries(row: Sequence[Cell], names: Sequence[str]) -> list[str]:
    way = row[0].way
    patterns, key = routes_of(way)
    lines = [f"  # {way.key}: {_told(row)}"]
    for pattern in patterns:
        lines += [
            f"  - model_name: {json.dumps(pattern)}",
            "    litellm_params:",
            f"      model: {json.dumps(pattern)}",
        ]
        lines += [f"      api_key: {json.dumps(f'os.environ/{key}')}"] if key else []
        lines += ["    model_info:", f"      access_groups: {json.dumps([group_of(name) for name in names])}"]
    return lines


def _told(row: Sequence[Cell]) -> str:
    return "; ".join(f"{cell.activity} {cell.state}" + (f" ({cell.brief})" if cell.brief else "") for cell in row)


def _left_out(head: Head, rows: Sequence[Sequence[Cell]]) -> list[str]:
    """What is blocked, for whoever asks why: as comments."""
    shut = [row for row in rows if not any(head.lets_through(cell) for cell in row)]
    unrouted = [row for row in rows if row not in shut and not routes_of(row[0].way)[0]]
    lines = ["# Blocked:", *(f"#   {row[0].way.key}: {_told(row)}" for row in shut)] if shut else []
    if unrouted:
        lines += ["# Open by the terms, and blocked because no pattern of LiteLLM names its models alone:"]
        lines += [f"#   {row[0].way.key}" for row in unrouted]
    return lines
