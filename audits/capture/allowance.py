"""What a run may do before its calls leave: how much, where to, and what the terms forbid. Plain values, strictly read.

They travel inside the recorder's configuration (see audits.capture.config). What happens at each bound is a choice:
`warn` lets the call out and says so, `hold` keeps it until a person answers or time runs out (then it is refused),
`refuse` answers it with an error in its provider's own format, `stop` refuses it and ends the run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Final, Literal

Limit = Literal["hosts", "prohibited", "calls", "tokens", "money"]
Action = Literal["warn", "hold", "refuse", "stop"]

LIMITS: Final[tuple[Limit, ...]] = ("hosts", "prohibited", "calls", "tokens", "money")
ACTIONS: Final[tuple[Action, ...]] = ("warn", "hold", "refuse", "stop")
LONGEST_HOLD_SECONDS: Final = 20 * 60.0  # below the silence after which a connection counts as dead


class AllowanceError(ValueError):
    """A bound that cannot be meant; the message names the key and what would mend it."""


@dataclass(frozen=True)
class Family:
    """A catalogued model family, as compliance.engine.library has it: what resolves a model's name."""

    id: str
    developer: str
    patterns: tuple[str, ...]
    within: tuple[str, ...] = ()
    base: str = ""
    open_weights: bool = False


@dataclass(frozen=True)
class Ban:
    """Calls that the terms in force prohibit for certain, on this pipeline's facts.

    family "": every model of the developer on that channel that no other entry names. `text_only`: only for answers in
    text; what other answers would mean is not certain.
    """

    served_by: str
    developer: str
    family: str
    activity: str
    text_only: bool
    reason: int


@dataclass(frozen=True)
class Terms:
    """The compiled table of what is prohibited. `on`: the day whose rules it holds, ISO 8601.

    purposes: host → activity the manifest declares for it, "" for every other host; a host without one has an unknown
    purpose, and nothing is prohibited for certain. reasons: one sentence each, with the paper and the section.
    """

    on: str
    hosts: tuple[tuple[str, str, str], ...] = ()
    families: tuple[Family, ...] = ()
    bans: tuple[Ban, ...] = ()
    purposes: Mapping[str, str] = field(default_factory=dict)
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class Prices:
    """Prices per million tokens in US dollars, as audits.capture.price_table prints them. `source`: what they come from."""

    source: str
    providers: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True)
class Allowance:
    """The bounds of one run; None and empty: unbounded.

    hosts: names or globs that may be asked. calls: of models. tokens: in and out together. money: US dollars.
    unpriced: what happens to a call whose price nobody knows while money is bounded. actions: limit → action, `stop`
    where none is given.
    """

    hosts: tuple[str, ...] | None = None
    calls: int | None = None
    tokens: int | None = None
    money_usd: float | None = None
    unpriced: Action = "hold"
    terms: Terms | None = None
    prices: Prices | None = None
    actions: Mapping[str, Action] = field(default_factory=dict)
    hold_seconds: float = 600.0

    def action(self, limit: Limit) -> Action:
        """What happens at this bound."""
        return self.actions.get(limit, "stop")

    def check(self) -> None:
        """Raise AllowanceError for the first value that cannot be meant."""
        for limit, action in [*self.actions.items(), ("unpriced", self.unpriced)]:
            if limit not in (*LIMITS, "unpriced") or action not in ACTIONS:
                raise AllowanceError(f"allowance.actions.{limit}: {action!r} is none of {', '.join(ACTIONS)}")
        for name in ("calls", "tokens", "money_usd"):
            value = getattr(self, name)
            if value is not None and value < 0:
                raise AllowanceError(f"allowance.{name}: must be 0 or more")
        if self.money_usd is not None and self.prices is None:
            raise AllowanceError("allowance.money_usd: needs prices to count with")
        if not 0 < self.hold_seconds <= LONGEST_HOLD_SECONDS:
            raise AllowanceError(f"allowance.hold_seconds: must be more than 0, at most {LONGEST_HOLD_SECONDS:g}")


def allowance_from(raw: Any) -> Allowance | None:
    """Read what `dataclasses.asdict` made of an Allowance, through JSON. Raises AllowanceError for an unknown key."""
    if raw is None:
        return None
    values = _known(Allowance, raw, "allowance")
    if values.get("hosts") is not None:
        values["hosts"] = tuple(values["hosts"])
    values["terms"] = _terms(values["terms"]) if values.get("terms") else None
    if values.get("prices"):
        prices = _known(Prices, values["prices"], "allowance.prices")
        values["prices"] = Prices(prices["source"], tuple(prices.get("providers", ())))
    allowance = Allowance(**values)
    allowance.check()
    return allowance


def _terms(raw: Any) -> Terms:
    values = _known(Terms, raw, "allowance.terms")
    return Terms(
        on=values["on"],
        hosts=tuple((pattern, served_by, developer) for pattern, served_by, developer in values.get("hosts", ())),
        families=tuple(_family(item) for item in values.get("families", ())),
        bans=tuple(Ban(**_known(Ban, item, "allowance.terms.bans")) for item in values.get("bans", ())),
        purposes=dict(values.get("purposes", {})),
        reasons=tuple(values.get("reasons", ())),
    )


def _family(raw: Any) -> Family:
    values = _known(Family, raw, "allowance.terms.families")
    return Family(**{**values, "patterns": tuple(values["patterns"]), "within": tuple(values.get("within", ()))})


def _known(kind: type, raw: Any, where: str) -> dict[str, Any]:
    if not isinstance(raw, dict):
        raise AllowanceError(f"{where}: an object is expected, not {type(raw).__name__}")
    names = {item.name for item in fields(kind)}
    for key in raw:
        if key not in names:
            raise AllowanceError(f"{where}: {key!r} is not known; known are {', '.join(sorted(names))}")
    return dict(raw)
