"""Where two sources without a common id may tell of the same calls: nearly as many, of one model and account, on one day.

What is found is shown and never subtracted: it is a likeness, and no evidence.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations
from typing import Final

NEAR: Final = 0.1


@dataclass(frozen=True)
class Told:
    """Calls that one source tells of on a day and that no other is known to count. `log`: 0 for runs under audit."""

    log: int
    name: str
    account: str
    calls: int


@dataclass(frozen=True)
class Overlap:
    """Two sources that may tell of the same calls, and how many these could be at most."""

    one: str
    other: str
    calls: int


def overlaps(told: Iterable[Told]) -> tuple[Overlap, ...]:
    """The pairs of sources that may tell of the same calls, the larger first."""
    found = [_overlap(one, other) for one, other in combinations([one for one in told if one.calls > 0], 2)]
    return tuple(sorted((one for one in found if one), key=lambda one: -one.calls))


def _overlap(one: Told, other: Told) -> Overlap | None:
    if one.log == other.log or (one.account and other.account and one.account != other.account):
        return None
    fewer, more = sorted((one.calls, other.calls))
    return Overlap(one.name, other.name, fewer) if more - fewer <= max(1, more * NEAR) else None
