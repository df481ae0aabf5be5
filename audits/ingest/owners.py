"""Whose an account, key or user is that a log names: by what people have said of it, for the day of the call. PURE."""

import datetime as dt
import re
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

# What says more of who it was goes first.
FIELDS = ("key", "person", "account")


class Owner(NamedTuple):
    """What somebody said. `pattern`: as logs name it, * for any characters; `served_by` "": wherever it is named."""

    id: int
    field: str
    pattern: str
    served_by: str = ""
    team: str = ""
    person: str = ""
    works_for: str = ""
    region: str = ""
    first_day: dt.date | None = None
    last_day: dt.date | None = None

    @property
    def label(self) -> str:
        """Person, team and project, as far as they are said."""
        return ", ".join(one for one in (self.person, self.team, self.works_for) if one)

    def holds_on(self, day: dt.date) -> bool:
        """Whether it was so on a day (UTC)."""
        return (self.first_day is None or self.first_day <= day) and (self.last_day is None or day <= self.last_day)


class Owners:
    """Tells the owner of what a call was made with. Of several that fit: a key's before a user's before an account's, a name's
    before a pattern's, the longer pattern's, and the one that was said last."""

    def __init__(self, owners: Iterable[Owner]) -> None:
        ranked = sorted(owners, key=lambda one: ("*" in one.pattern, -len(one.pattern), -one.id))
        self._ranked = {
            field: [(one, _expression(one.pattern)) for one in ranked if one.field == field] for field in FIELDS
        }
        self._fitting = lru_cache(100_000)(self._find)

    def of(self, served_by: str, account: str, person: str, key: str, day: dt.date) -> Owner | None:
        """The owner on a day; None when nobody has said."""
        fitting = self._fitting(served_by, account, person, key)
        return next((one for one in fitting if one.holds_on(day)), None)

    def _find(self, served_by: str, account: str, person: str, key: str) -> tuple[Owner, ...]:
        named = {"account": account, "person": person, "key": key}
        return tuple(
            one
            for field in FIELDS
            if named[field]
            for one, expression in self._ranked[field]
            if one.served_by in ("", served_by) and expression.fullmatch(named[field])
        )


def _expression(pattern: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(part) for part in re.sub(r"\*+", "*", pattern).split("*")), re.DOTALL)


def sender(account: str, person: str, key: str) -> str:
    """Account and key as one name, which tells apart who calls a provider; a user stands in where there is neither."""
    if account and key:
        return f"{account}, key {key}"
    return account or (f"key {key}" if key else person)
