"""`python -m audits.capture.price_table`: today's prices of the package genai-prices as plain JSON, for the recorder.

A program of its own because importing the package takes seconds and most runs bound no money. Nothing is fetched: the
prices are those that came with the pinned package, and its version is their date.
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

from genai_prices import data_snapshot
from genai_prices.types import (
    ClauseAnd,
    ClauseContains,
    ClauseEndsWith,
    ClauseEquals,
    ClauseOr,
    ClauseRegex,
    ClauseStartsWith,
    ModelInfo,
    TieredPrices,
)


def table() -> dict[str, Any]:
    """`source` in words, and per provider its API's address (a pattern) and its models' prices per million tokens."""
    now = datetime.now(UTC)
    listed = data_snapshot.get_snapshot().providers
    providers = [
        {
            "id": provider.id,
            "api": provider.api_pattern,
            "fallback": list(provider.fallback_model_providers or ()),
            "models": [_model(model, now) for model in provider.models],
        }
        for provider in listed
    ]
    newest = max((getattr(model, "prices_checked", None) or "" for p in listed for model in p.models), default="")
    words = f"genai-prices {version('genai-prices')}, its prices for {now.date().isoformat()}"
    return {"source": f"{words}, checked up to {newest}" if newest else words, "providers": providers}


def _model(model: ModelInfo, now: datetime) -> dict[str, Any]:
    prices = model.get_prices(now)
    return {
        "id": model.id,
        "match": _clause(model.match),
        "input": _price(prices.input_mtok),
        "output": _price(prices.output_mtok),
    }


def _price(price: Any) -> Any:
    if isinstance(price, TieredPrices):
        tiers = sorted((tier.start, float(tier.price)) for tier in price.tiers)
        return [[0, float(price.base)], *([start, value] for start, value in tiers)]
    return None if price is None else float(price)


def _clause(clause: Any) -> dict[str, Any]:
    simple = {
        ClauseEquals: "equals",
        ClauseStartsWith: "starts_with",
        ClauseEndsWith: "ends_with",
        ClauseContains: "contains",
        ClauseRegex: "regex",
    }
    name = simple.get(type(clause))
    if name is not None:
        return {name: getattr(clause, name)}
    if isinstance(clause, ClauseOr):
        return {"or": [_clause(item) for item in clause.or_]}
    if isinstance(clause, ClauseAnd):
        return {"and": [_clause(item) for item in clause.and_]}
    raise TypeError(f"genai-prices matches models in a way this table does not know: {type(clause).__name__}")


if __name__ == "__main__":
    json.dump(table(), sys.stdout)
