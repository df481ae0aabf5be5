"""litellm as a library: one interface, several providers behind it."""

from __future__ import annotations

import os

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # its price list would be fetched from a host of its own

import litellm
from said import KEY, do, prompt, version_of


def ask(case: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": prompt("litellm", case)}]


def open_ai(case: str) -> int:
    assert litellm.completion(model="openai/gpt-4o", messages=ask(case), api_key=KEY).choices
    return 1


def claude_stream(case: str) -> int:
    parts = litellm.completion(model="anthropic/claude-sonnet-4-5", messages=ask(case), api_key=KEY, stream=True)
    assert "".join(part.choices[0].delta.content or "" for part in parts)
    return 1


def gemini(case: str) -> int:
    assert litellm.completion(model="gemini/gemini-2.5-flash", messages=ask(case), api_key=KEY).choices
    return 1


do(
    "litellm",
    version_of("litellm"),
    {"openai, chat": open_ai, "anthropic, SSE": claude_stream, "gemini, generateContent": gemini},
)
