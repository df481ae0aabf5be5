"""When something by the calendar is due: every day, week, month or quarter, at an hour of a time zone. PURE.

An hour that the change to summer time leaves out is met as soon as the clock has passed it; one that comes twice is met the
first time (PEP 495, fold 0).
"""

import calendar
import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

EVERY: Final = ("day", "week", "month", "quarter")
QUARTERS: Final = (1, 4, 7, 10)
LONGEST: Final = 100
"""Days between two times of a quarter, and some."""


@dataclass(frozen=True)
class Recurrence:
    """`every`: one of EVERY. `weekday`: 0 is Monday. `day`: of the month, in a shorter one its last.

    Quarters begin in January.
    """

    every: str
    at: dt.time
    zone: str = "UTC"
    weekday: int = 0
    day: int = 1

    def __post_init__(self) -> None:
        if self.every not in EVERY:
            raise ValueError(f"every: expected one of {', '.join(EVERY)}, found {self.every!r}")
        if not (0 <= self.weekday <= 6 and 1 <= self.day <= 31):
            raise ValueError(f"weekday is 0 to 6 and day 1 to 31, found {self.weekday} and {self.day}")

    def falls_on(self, day: dt.date) -> bool:
        """Whether the day is one of those."""
        if self.every == "week":
            return day.weekday() == self.weekday
        if self.every == "day":
            return True
        wanted = min(self.day, calendar.monthrange(day.year, day.month)[1])
        return day.day == wanted and (self.every == "month" or day.month in QUARTERS)

    def moment(self, day: dt.date) -> dt.datetime:
        """The moment on that day, in UTC."""
        return dt.datetime.combine(day, self.at, ZoneInfo(self.zone)).astimezone(dt.UTC)

    def after(self, moment: dt.datetime) -> dt.datetime:
        """The first time after the moment, in UTC."""
        return next(one for one in self._from(moment, 1) if one > moment)

    def until(self, moment: dt.datetime) -> dt.datetime:
        """The last time that is not after the moment, in UTC."""
        return next(one for one in self._from(moment, -1) if one <= moment)

    def _from(self, moment: dt.datetime, step: int) -> Iterator[dt.datetime]:
        here = moment.astimezone(ZoneInfo(self.zone)).date()
        days = (here + dt.timedelta(days=step * offset) for offset in range(-2, LONGEST))
        return (self.moment(day) for day in days if self.falls_on(day))

    def days_before(self, due: dt.datetime) -> tuple[dt.date, dt.date]:
        """First and last day, in the zone, of what happened between the time before and this one: due days are not in it."""
        before = self.until(due - dt.timedelta(seconds=1))
        zone = ZoneInfo(self.zone)
        return before.astimezone(zone).date(), due.astimezone(zone).date() - dt.timedelta(days=1)
