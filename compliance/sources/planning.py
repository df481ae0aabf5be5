"""From when to when each text of one document is in force, as far as the texts themselves say. Pure: standard library only.

A plan is a proposal. What a person fixed is not moved, and no two ranges overlap.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace

from compliance.sources.dates import ProposedDates

DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class Dated:
    """One text: when it was first captured, and what it says of its dates. `fixed`: a range that is not ours to move."""

    key: str
    captured_on: dt.date
    dates: ProposedDates
    fixed: tuple[dt.date, dt.date | None] | None = None


@dataclass(frozen=True)
class Planned:
    """From `since` up to, not including, `until` (None: open end). `since` None: not in force. `basis`: why.

    `would`: the day on which it would begin, were that not inside a range that is fixed.
    """

    key: str
    since: dt.date | None
    until: dt.date | None
    basis: str
    would: dt.date | None = None


def plan(texts: Sequence[Dated]) -> list[Planned]:
    """Ranges for one document's texts, oldest capture first in the answer.

    A text that states the day of an earlier text was edited in silence and counts from its capture. One that was announced, and
    replaced before its day came, was never in force.
    """
    chain: list[tuple[Dated, dt.date, str]] = []
    never: list[Planned] = []
    stated: set[dt.date] = set()
    for text in sorted((one for one in texts if one.fixed is None), key=lambda one: (one.captured_on, one.dates.since)):
        since, basis = _begin(text, stated)
        while chain and chain[-1][1] > text.captured_on and chain[-1][1] != since:
            never.append(_never(chain.pop()[0]))
        if chain and since <= chain[-1][1]:
            since, basis = max(text.captured_on, chain[-1][1] + DAY), f"{basis}; not before the text it replaces"
        stated.update(day for day in (text.dates.effective, text.dates.updated) if day)
        chain.append((text, since, basis))
    ends: list[dt.date | None] = [*(since for _, since, _ in chain[1:]), None][: len(chain)]
    planned = [Planned(text.key, since, end, basis) for (text, since, basis), end in zip(chain, ends, strict=True)]
    return [_beside(one, [text for text in texts if text.fixed]) for one in planned] + never


def _begin(text: Dated, stated: set[dt.date]) -> tuple[dt.date, str]:
    dates = text.dates
    day = dates.effective or dates.updated
    if day is not None and day in stated and dates.since != text.captured_on:
        return text.captured_on, f"changed without a new date (it still says {day}); counted from its capture"
    return dates.since, dates.basis


def _never(text: Dated) -> Planned:
    return Planned(text.key, None, None, f"announced for {text.dates.since}, and replaced before that day")


def _beside(planned: Planned, fixed: Sequence[Dated]) -> Planned:
    """The range cut short where a fixed one begins; none where it would begin inside one."""
    since, until = planned.since, planned.until
    for text in fixed:
        if text.fixed is None or since is None:
            continue
        start, end = text.fixed
        if start <= since and (end is None or since < end):
            return replace(
                planned, since=None, until=None, would=since,
                basis=f"{planned.basis}; would begin on {since}, while the version of {start} is in force: a person decides",
            )  # fmt: skip
        if since < start and (until is None or until > start):
            until = start
    return replace(planned, until=until)
