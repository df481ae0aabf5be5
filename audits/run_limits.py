"""[limits] and [evidence] of audit.toml: what a run may do before its calls leave, and what is kept of them. PURE.

The same values come from the form that starts an audit; what is said there goes before what the file says, key by key.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Protocol

LIMITS: Final = ("hosts", "prohibited", "calls", "tokens", "money")
ACTIONS: Final = {
    "warn": "let it out and say so",
    "hold": "hold it for a person",
    "refuse": "refuse it",
    "stop": "refuse it and stop the run",
}
ON_KEYS: Final = (*LIMITS, "unknown_price")
CONTENTS: Final = ("full", "masked", "hashes")
LONGEST_HOLD_MINUTES: Final = 20
DEFAULT_HOLD_MINUTES: Final = 10


@dataclass(frozen=True)
class DeclaredLimits:
    """The bounds of one run; None and empty: unbounded. money_usd is in US dollars, tokens count both ways."""

    hosts: tuple[str, ...] | None = None
    providers: tuple[str, ...] | None = None
    calls: int | None = None
    tokens: int | None = None
    money_usd: float | None = None
    prohibited: bool | None = None
    hold_minutes: float | None = None
    on: Mapping[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """What was said, and nothing else."""
        return {key: value for key, value in asdict(self).items() if value not in (None, {}, ())}


class Reader(Protocol):
    """What of the manifest's reader this needs; it keeps every complaint with its line."""

    def known(self, table: str, data: Mapping[str, Any], allowed: tuple[str, ...]) -> None: ...
    def complain(self, table: str, key: str, words: str) -> None: ...
    def value(
        self, table: str, data: Mapping[str, Any], key: str, kind: type | tuple[type, ...], words: str
    ) -> Any: ...
    def texts(self, table: str, data: Mapping[str, Any], key: str) -> tuple[str, ...] | None: ...
    def one_of(self, table: str, data: Mapping[str, Any], key: str, allowed: tuple[str, ...]) -> str | None: ...


def read_limits(reader: Reader, table: Mapping[str, Any]) -> DeclaredLimits:
    """The [limits] table; complaints go to the reader."""
    reader.known("limits", table, tuple(DeclaredLimits.__dataclass_fields__))
    return DeclaredLimits(
        hosts=_hosts(reader, table),
        providers=reader.texts("limits", table, "providers"),
        calls=_count(reader, table, "calls"),
        tokens=_count(reader, table, "tokens"),
        money_usd=_amount(reader, table, "money_usd", 1_000_000),
        prohibited=reader.value("limits", table, "prohibited", bool, "true or false"),
        hold_minutes=_amount(reader, table, "hold_minutes", LONGEST_HOLD_MINUTES),
        on=_actions(reader, table),
    )


def read_content(reader: Reader, table: Mapping[str, Any]) -> str | None:
    """What [evidence] says is kept of contents; None: not said."""
    reader.known("evidence", table, ("content",))
    return reader.one_of("evidence", table, "content", CONTENTS)


def _hosts(reader: Reader, table: Mapping[str, Any]) -> tuple[str, ...] | None:
    hosts = reader.texts("limits", table, "hosts")
    for host in hosts or ():
        if not host.strip() or "/" in host or ":" in host or len(host) > 253:
            reader.complain("limits", "hosts", f'{host!r}: write names alone, e.g. "api.openai.com" or "*.openai.com"')
    return None if hosts is None else tuple(host.strip().lower() for host in hosts)


def _count(reader: Reader, table: Mapping[str, Any], key: str) -> int | None:
    found: int | None = reader.value("limits", table, key, int, "a whole number")
    if found is not None and not 0 <= found <= 10**12:
        reader.complain("limits", key, "must be at least 0")
        return None
    return found


def _amount(reader: Reader, table: Mapping[str, Any], key: str, most: float) -> float | None:
    found: float | None = reader.value("limits", table, key, (int, float), "a number")
    if found is not None and not 0 <= found <= most:
        reader.complain("limits", key, f"must be at least 0 and at most {most:,}")
        return None
    return None if found is None else float(found)


def _actions(reader: Reader, table: Mapping[str, Any]) -> dict[str, str]:
    found = reader.value("limits", table, "on", dict, 'a table such as on = {money = "hold"}') or {}
    for key, action in found.items():
        if key not in ON_KEYS:
            reader.complain("limits", "on", f"{key}: no such limit; known here: {', '.join(ON_KEYS)}")
        elif action not in ACTIONS:
            reader.complain("limits", "on", f"{key}: {action!r} is not one of: {', '.join(ACTIONS)}")
    return {key: action for key, action in found.items() if key in ON_KEYS and action in ACTIONS}


def merged(declared: Mapping[str, Any], asked: Mapping[str, Any]) -> dict[str, Any]:
    """The bounds in force: what audit.toml declares, and over it what the audit was started with."""
    on = {**(declared.get("on") or {}), **(asked.get("on") or {})}
    said = {**declared, **asked, "on": on}
    return {key: value for key, value in said.items() if value not in (None, {}, (), [])}


def is_bounded(limits: Mapping[str, Any]) -> bool:
    """Whether anything is bounded at all."""
    keys = ("hosts", "providers", "calls", "tokens", "money_usd")
    return any(limits.get(key) is not None for key in keys) or bool(limits.get("prohibited"))


def action_of(limits: Mapping[str, Any], limit: str) -> str:
    """What happens at a bound: `stop` unless something else was said, and `hold` for an unknown price."""
    default = "hold" if limit == "unknown_price" else "stop"
    return str((limits.get("on") or {}).get(limit, default))


def in_words(limits: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Each bound in force and what happens there, as people read it."""
    found: list[tuple[str, str]] = []
    allowed = [*(limits.get("providers") or ()), *(limits.get("hosts") or ())]
    if allowed:
        found.append((f"Only these may be asked: {', '.join(allowed)}", ACTIONS[action_of(limits, "hosts")]))
    if limits.get("prohibited"):
        found.append(("Calls that the terms prohibit for certain", ACTIONS[action_of(limits, "prohibited")]))
    for key in ("calls", "tokens"):
        if limits.get(key) is not None:
            found.append((f"At most {limits[key]:,} {key}", ACTIONS[action_of(limits, key)]))
    if limits.get("money_usd") is not None:
        found.append((f"At most ${limits['money_usd']:,.2f}", ACTIONS[action_of(limits, "money")]))
        found.append(("A price that nobody knows", ACTIONS[action_of(limits, "unknown_price")]))
    return found
