"""Each indicator: what is measured of a group of calls, and from where on it is told. PURE.

The baselines are ours: what ordinary products stay below in the traffic that docs/patterns.md describes, with the rates at
which they are passed by campaigns and by ordinary products alike.
"""

import math
from collections.abc import Mapping, Set
from statistics import median
from typing import Any, Final

from audits.patterns.calls import Indicator
from audits.patterns.refusals import Refusals
from audits.patterns.regions import hours_off, place_of, quiet_hours
from audits.patterns.releases import release_day
from audits.patterns.tallies import Tally, Template
from audits.patterns.wording import KINDS

FEWEST = 200
VOLUME_TIMES, VOLUME_FROM, VOLUME_SENDERS = 10.0, 1000, 8
RATE_A_DAY, RATE_COVERED, RATE_UNEVEN, RATE_DAYS = 200.0, 0.85, 1.6, 3.0
FAN_SENDERS, FAN_EVEN = 8, 0.85
EVASION_SHARE, EVASION_TIMES = 0.15, 5
COVERAGE_NEW, COVERAGE_UNEVEN, COVERAGE_WORDS = 0.85, 4.0, 12
ELICITED_SHARE, GRADED_SHARE, STILL_NEW = 0.3, 0.3, 0.6
FOCUS_SHARE, FOCUS_OF_A_KIND, FOCUS_KINDS = 0.85, 0.1, 2
REACTION_DAYS, REACTION_SHARE = 2, 0.4
_ABILITIES: Final = range(len(KINDS) - 1)


def volume(senders: Mapping[str, Tally]) -> list[Indicator]:
    """Senders that call many times as often as the median sender does."""
    rates = {name: tally.calls / tally.days for name, tally in senders.items() if tally.calls >= 20}
    if len(rates) < VOLUME_SENDERS:
        return []
    middle = median(rates.values())
    return [
        _told("volume", name, senders[name], a_day / middle, VOLUME_TIMES, a_day=round(a_day, 1), median_a_day=round(middle, 1),
              senders=len(rates))
        for name, a_day in rates.items()
        if senders[name].calls >= VOLUME_FROM and a_day >= VOLUME_TIMES * middle
    ]  # fmt: skip


def rate(subject: str, tally: Tally) -> list[Indicator]:
    """Calls at every hour of day and night, as many by the one as by the other."""
    a_day = tally.calls / tally.days
    if tally.days < RATE_DAYS or a_day < RATE_A_DAY or tally.hours_covered < RATE_COVERED:
        return []
    if tally.unevenness_of_hours > RATE_UNEVEN:
        return []
    figures = {"a_day": round(a_day), "hours_covered": round(tally.hours_covered, 3), "days": round(tally.days, 1)}
    return [_told("rate", subject, tally, tally.unevenness_of_hours, RATE_UNEVEN, **figures)]


def fan_out(wording: Template, all_senders: int, known: Set[str]) -> list[Indicator]:
    """One wording from many accounts or keys that share the work evenly and of which nobody has said whose they are."""
    counts = sorted(count for sender, count in wording.senders.counts.items() if sender not in known)
    if wording.calls < FEWEST or len(counts) < FAN_SENDERS:
        return []
    even = _evenness(counts)
    if even < FAN_EVEN:
        return []
    figures = {
        "senders": len(counts), "known": len(wording.senders.counts) - len(counts),
        "of_senders": all_senders, "evenness": round(even, 3), "median_calls": int(median(counts)),
        "most_calls": counts[-1],
    }  # fmt: skip
    return [_told("fan_out", wording.wording, wording, len(counts), FAN_SENDERS, **figures)]


def _evenness(counts: list[int]) -> float:
    """1 when all are equal, 0 when one has all: entropy over its largest possible value."""
    total = sum(counts)
    entropy = -sum(count / total * math.log(count / total) for count in counts if count)
    return entropy / math.log(len(counts)) if len(counts) > 1 else 0.0


def evasion(refusals: Refusals) -> list[Indicator]:
    """Prompts refused for their rate (429) that another account or key asks again soon."""
    share = refusals.by_others / refusals.refused if refusals.refused else 0.0
    if refusals.by_others < EVASION_TIMES or share < EVASION_SHARE:
        return []
    figures = {
        "refused": refusals.refused, "by_others": refusals.by_others, "by_same": refusals.by_same, "pairs": len(refusals.pairs),
        "mean_seconds": round(refusals.seconds / refusals.by_others, 1),
    }  # fmt: skip
    return [Indicator("evasion", "", refusals.by_others, share, EVASION_SHARE, figures, tuple(refusals.samples))]


def coverage(wording: Template) -> list[Indicator]:
    """One wording whose variable words are gone through about equally often: people's questions follow no such grid."""
    if wording.calls < FEWEST or wording.novelty < COVERAGE_NEW:
        return []
    asked = wording.filled
    # What stands in most prompts is the wording itself; what stands in a few is chance.
    varying = sorted(
        (count for word, count in wording.fillings.counts.items() if count < asked / 2 and not word.isdigit()),
        reverse=True,
    )
    varying = [count for count in varying if count >= max(5, asked / 400)]
    if len(varying) < COVERAGE_WORDS:
        return []
    uneven = varying[len(varying) // 20] / median(varying)
    if uneven > COVERAGE_UNEVEN:
        return []
    figures = {"novelty": round(wording.novelty, 3), "words": len(varying), "unevenness": round(uneven, 2)}
    return [_told("coverage", wording.wording, wording, uneven, COVERAGE_UNEVEN, **figures)]


def elicitation(subject: str, tally: Tally) -> list[Indicator]:
    """Prompts that have the model write its reasoning out, as what is trained on needs it."""
    return _share("elicitation", subject, tally, tally.elicited, ELICITED_SHARE)


def grading(subject: str, tally: Tally) -> list[Indicator]:
    """Prompts that have answers graded, new ones each time: as rewards for training need it, and as evaluations do."""
    return _share("grading", subject, tally, tally.graded, GRADED_SHARE)


def _share(kind: str, subject: str, tally: Tally, counted: int, baseline: float) -> list[Indicator]:
    share = counted / tally.words if tally.words else 0.0
    if counted < FEWEST / 2 or share < baseline or tally.novelty < STILL_NEW:
        return []
    figures = {"counted": counted, "of": tally.words, "novelty": round(tally.novelty, 3)}
    return [_told(kind, subject, tally, share, baseline, **figures)]


def capability_focus(subject: str, tally: Tally) -> list[Indicator]:
    """Hardly anything but tasks of several kinds that are costly to learn, new ones each time."""
    if tally.words < FEWEST or tally.novelty < COVERAGE_NEW:
        return []
    shares = {KINDS[kind]: tally.kinds[kind] / tally.words for kind in _ABILITIES}
    large = {kind: round(share, 3) for kind, share in shares.items() if share >= FOCUS_OF_A_KIND}
    total = sum(shares.values())
    if total < FOCUS_SHARE or len(large) < FOCUS_KINDS:
        return []
    return [_told("focus", subject, tally, total, FOCUS_SHARE, kinds=large, novelty=round(tally.novelty, 3))]


def reaction(subject: str, tally: Tally) -> list[Indicator]:
    """Most calls turn to a model within two days of the day on which it came out."""
    by_day: dict[int, int] = {}
    first: dict[str, int] = {}
    for (model, day), count in tally.model_days.items():
        by_day[day] = by_day.get(day, 0) + count
        first[model] = min(first.get(model, day), day)
    found = []
    for model, began in first.items():
        released = release_day(model)
        if released is None or not 0 <= began - released <= REACTION_DAYS or min(by_day) >= released:
            continue
        span = range(released, released + REACTION_DAYS + 1)
        before = sum(count for day, count in by_day.items() if day < released)
        after = sum(by_day.get(day, 0) for day in span)
        moved = sum(tally.model_days.get((model, day), 0) for day in span)
        if before >= FEWEST / 2 and moved >= FEWEST / 4 and moved / after >= REACTION_SHARE:
            figures = {"model": model, "moved": moved, "of": after, "before": before, "days_after": began - released}
            found.append(_told("reaction", subject, tally, moved / after, REACTION_SHARE, **figures))
    return found


def region_mismatch(sender: str, tally: Tally, country: str) -> list[Indicator]:
    """Calls whose nights, or whose cloud's regions, are not those of the country in which the sender is said to be."""
    if tally.calls < FEWEST:
        return []
    off = hours_off(tally.hours, country) or 0
    places = {place_of(region): count for region, count in tally.regions.items()}
    elsewhere = sum(count for place, count in places.items() if place and place != _as_place(country))
    if not off and elsewhere / tally.calls < 0.5:
        return []
    figures: dict[str, Any] = {"country": country, "hours_off": off, "quiet_from": quiet_hours(tally.hours)}
    return [_told("region", sender, tally, off, 0, elsewhere=elsewhere, regions=dict(tally.regions), **figures)]


# Whose clouds' regions are named after Europe as a whole.
_EUROPE: Final = frozenset(
    "AT BE BG CH CY CZ DE DK EE ES FI FR GB GR HR HU IE IT LT LU LV MT NL NO PL PT RO SE SI SK".split()  # noqa: SIM905
)


def _as_place(country: str) -> str:
    return "EU" if country in _EUROPE else country


def _told(kind: str, subject: str, tally: Tally, value: float, baseline: float, **figures: Any) -> Indicator:
    return Indicator(
        kind, subject, tally.calls, float(value), float(baseline), figures | tally.as_period(), tuple(tally.samples)
    )
