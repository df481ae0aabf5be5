"""What a call costs, by the compiled table of audits.capture.price_table: pure arithmetic on plain values.

Cached input counts at the full price and flat fees are left out, so a sum is an estimate that errs upward for tokens.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from audits.capture.allowance import Prices
from audits.capture.wire import served_by_of

# Sums are kept in billionths of a dollar, as whole numbers: fractions of cents add up without drifting.
NANO = 1_000_000_000
_PER_TOKEN = NANO // 1_000_000


class PriceList:
    """Looks up prices; what was found for a host and model is remembered."""

    def __init__(self, prices: Prices) -> None:
        self.source = prices.source
        self._providers = prices.providers
        self._by_id = {provider["id"]: provider for provider in prices.providers}
        self._known: dict[tuple[str, str], Mapping[str, Any] | None] = {}

    def cost(self, host: str, target: str, model: str | None, tokens_in: int, tokens_out: int) -> int | None:
        """Billionths of a US dollar for so many tokens; None when nobody knows the price. A server of one's own is free."""
        if served_by_of(host) == "self":
            return 0
        found = self._model(host, target, model) if model else None
        if found is None:
            return None
        parts = [_price(found.get(side), tokens_in) for side in ("input", "output")]
        if parts == [None, None]:
            return None
        return round(((parts[0] or 0.0) * tokens_in + (parts[1] or 0.0) * tokens_out) * _PER_TOKEN)

    def _model(self, host: str, target: str, model: str) -> Mapping[str, Any] | None:
        key = (host, model.lower())
        if key not in self._known:
            if len(self._known) > 10_000:
                self._known.clear()
            self._known[key] = self._find(f"https://{host}{target.partition('?')[0]}", model.lower())
        return self._known[key]

    def _find(self, url: str, model: str) -> Mapping[str, Any] | None:
        for provider in self._providers:
            if re.match(provider["api"], url):
                names = [provider["id"], *provider.get("fallback", ())]
                listed = (entry for name in names for entry in self._by_id.get(name, {}).get("models", ()))
                return next((entry for entry in listed if matches(entry["match"], model)), None)
        return None


def matches(clause: Mapping[str, Any], text: str) -> bool:
    """Whether a model's name (lower case) fits a clause of the table; one key each: equals, starts_with, …, or, and."""
    [(kind, wanted)] = clause.items()
    if kind in ("or", "and"):
        return (any if kind == "or" else all)(matches(item, text) for item in wanted)
    if kind == "regex":
        return re.search(wanted, text) is not None
    lowered = wanted.lower()
    return {
        "equals": text == lowered,
        "starts_with": text.startswith(lowered),
        "ends_with": text.endswith(lowered),
        "contains": lowered in text,
    }[kind]


def _price(price: Any, tokens_in: int) -> float | None:
    """A price per million, or one that grows with the input: [[from tokens, price], …] in rising order."""
    if isinstance(price, list):
        return next((float(value) for start, value in reversed(price) if tokens_in >= start), None)
    return None if price is None else float(price)
