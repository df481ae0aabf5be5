"""Which model names the teacher answers to, and under which dated name it announces each."""

from __future__ import annotations

import tomllib
from pathlib import Path

_TABLE = tomllib.loads(Path(__file__).with_name("models.toml").read_text(encoding="utf-8"))
EMBEDDING_DIMENSIONS: dict[str, int] = _TABLE["embedding_dimensions"]


def announced(provider: str, requested: str) -> str | None:
    """The response model for a requested one, or None when `provider` has no such model."""
    name = _TABLE[provider].get(requested)
    return requested if name == "@" else name


def names(provider: str) -> list[str]:
    return sorted(_TABLE[provider])
