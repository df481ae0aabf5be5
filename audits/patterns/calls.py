"""A call as patterns are looked for in it, and an indicator as they are told. PURE."""

from dataclasses import dataclass, field
from typing import Any, NamedTuple


class Call(NamedTuple):
    """One call. `at`: seconds since 1970; `sender`: the account and key that made it, as one name; "" unknown.

    `prompt`: what was asked last, cut as it is kept ("" none is); `region`: where it was served, as in "eu-west-1";
    `reference`: names the call to whoever gave it, as ("entry", 17).
    """

    at: float
    sender: str
    model: str
    prompt: str
    reference: tuple[str, int]
    status: int | None = None
    failed: bool = False
    region: str = ""


class Sample(NamedTuple):
    """A call that stands for others in an indicator."""

    reference: tuple[str, int]
    at: float
    sender: str
    model: str
    prompt: str


@dataclass(frozen=True)
class Indicator:
    """What was counted of whom, against which baseline, with calls to look at.

    `subject`: the sender, the words that prompts share, or "" for all calls together. `value` and `baseline` are of the measure
    that `words.MEASURES` names for the kind; `figures` are the numbers behind them.
    """

    kind: str
    subject: str
    calls: int
    value: float
    baseline: float
    figures: dict[str, Any] = field(default_factory=dict)
    samples: tuple[Sample, ...] = ()
