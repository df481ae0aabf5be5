"""Numbers and days in a clause: users, revenue, and from when to when. Pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final

from compliance.engine.constraints import FactTest

USERS: Final = "organisation.monthly_active_users"
REVENUE: Final = "organisation.annual_revenue_usd"
_NEAR: Final = 90
"""Characters between an amount and the words that say what is counted."""
_MONTHS: Final = {
    name: number
    for number, name in enumerate(
        ["january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
         "december"], start=1,
    )
}  # fmt: skip
_MONTH: Final = "|".join(_MONTHS)
_DAY: Final = rf"(?:\d{{4}}-\d\d-\d\d|(?:{_MONTH})\s+\d{{1,2}},?\s+\d{{4}}|\d{{1,2}}\s+(?:{_MONTH})\s+\d{{4}})"
_FROM_DAY: Final = re.compile(
    rf"\b(?:on or after|from|since|as of|effective)\b[^.;\d]{{0,20}}?(?P<day>{_DAY})", re.IGNORECASE
)
_TO_DAY: Final = re.compile(rf"\b(?:before|until|prior to)\b[^.;\d]{{0,20}}?(?P<day>{_DAY})", re.IGNORECASE)
_UNITS: Final = {"thousand": 10**3, "million": 10**6, "mn": 10**6, "m": 10**6, "billion": 10**9, "bn": 10**9}
_AMOUNT: Final = re.compile(
    r"(?P<number>\d[\d,.]*)\s*(?P<unit>thousand|million|billion|mn|bn|m)\b|(?P<whole>\d{1,3}(?:,\d{3})+|\d{5,12})\b",
    re.IGNORECASE,
)
_LESS: Final = re.compile(
    r"(?:less|fewer|lower)\s+than|\bunder|\bbelow|up\s+to|(?:no|not)\s+more\s+than|(?:not|n't)\s+exceed\w*|at\s+most",
    re.IGNORECASE,
)
_AT_LEAST: Final = re.compile(r"at\s+least|or\s+more\b(?!\s+than)", re.IGNORECASE)
_USERS: Final = re.compile(r"\busers?\b|\bMAUs?\b", re.IGNORECASE)
_REVENUE: Final = re.compile(r"\brevenues?\b|\bturnover\b|\bsales\b", re.IGNORECASE)
_COUNTED: Final = ((USERS, _USERS), (REVENUE, _REVENUE))
_MONTHLY: Final = re.compile(r"\b(?:monthly|per\s+month|a\s+month)\b", re.IGNORECASE)
_RELEASE: Final = re.compile(r"\brelease\s+date\b|\bdate\s+of\s+[^.;]{0,30}?release", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Amount:
    """A number with the words before it (back to the number before) and after it (on to the number after)."""

    number: int
    before: str
    after: str

    @property
    def fact(self) -> str:
        """What is counted: said soonest after the number, or else last before it; "" when neither says."""
        after = [(match.start(), fact) for fact, pattern in _COUNTED for match in pattern.finditer(self.after)]
        before = [(match.start(), fact) for fact, pattern in _COUNTED for match in pattern.finditer(self.before)]
        return min(after)[1] if after else max(before)[1] if before else ""


def thresholds(text: str) -> list[FactTest]:
    """Users and revenue (in US dollars by the year; monthly revenue times twelve) beyond which a clause bites, each once."""
    found: dict[str, FactTest] = {}
    for amount in _amounts(text):
        fact = amount.fact
        if not fact or fact in found:
            continue
        number = amount.number
        if fact == REVENUE and _is_monthly(amount):
            number *= 12
        at_least = _AT_LEAST.search(amount.before[-30:] + amount.after[:40]) and not _LESS.search(amount.before[-30:])
        found[fact] = FactTest(fact, "gte" if at_least else "gt", number)
    return list(found.values())


def _is_monthly(amount: _Amount) -> bool:
    said = _REVENUE.search(amount.after)
    around = amount.after[: said.start()] if said else amount.before
    return _MONTHLY.search(around) is not None


def _amounts(text: str) -> Iterator[_Amount]:
    matches = list(_AMOUNT.finditer(text))
    for index, match in enumerate(matches):
        start = matches[index - 1].end() if index else 0
        end = matches[index + 1].start() if index + 1 < len(matches) else len(text)
        number = _number(match)
        if number:
            before = text[max(start, match.start() - _NEAR) : match.start()]
            yield _Amount(number, before, text[match.end() : min(end, match.end() + _NEAR)])


def _number(match: re.Match[str]) -> int:
    digits = (match["whole"] or match["number"]).replace(",", "").rstrip(".")
    try:
        return int(float(digits) * _UNITS.get((match["unit"] or "").casefold(), 1))
    except ValueError:
        return 0


def measured_on_release(text: str) -> bool:
    """Whether a threshold is measured on the day a version was released, not on the day of use."""
    return _RELEASE.search(text) is not None


def days(text: str) -> list[FactTest]:
    """Days from which, or until which, the clause itself says that it holds."""
    found: list[FactTest] = []
    for pattern, op in ((_FROM_DAY, "gte"), (_TO_DAY, "lt")):
        match = pattern.search(text)
        day = read_day(match["day"]) if match else None
        if day:
            found.append(FactTest("on", op, day))
    return found


def read_day(text: str) -> date | None:
    """2026-07-08, July 8, 2026 or 8 July 2026; None for a day that no calendar has."""
    numbers = [int(number) for number in re.findall(r"\d+", text)]
    month = next((number for name, number in _MONTHS.items() if name in text.casefold()), 0)
    try:
        if not month:
            return date(numbers[0], numbers[1], numbers[2])
        return date(max(numbers), month, min(numbers))
    except ValueError:
        return None
