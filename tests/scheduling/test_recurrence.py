"""When something by the calendar is due: months of different length, and clocks that are put forward and back."""

import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audits.recurrence import EVERY, Recurrence


def utc(*parts: int) -> dt.datetime:
    return dt.datetime(*parts, tzinfo=dt.UTC)  # type: ignore[misc, arg-type]


@pytest.mark.parametrize(
    ("every", "fields", "moment", "due"),
    [
        ("day", {}, utc(2026, 11, 22, 6, 59), utc(2026, 11, 22, 7)),
        ("day", {}, utc(2026, 11, 22, 7), utc(2026, 11, 23, 7)),
        ("week", {"weekday": 4}, utc(2026, 11, 22), utc(2026, 11, 27, 7)),
        ("month", {"day": 31}, utc(2027, 2, 1), utc(2027, 2, 28, 7)),
        ("month", {"day": 31}, utc(2028, 2, 1), utc(2028, 2, 29, 7)),
        ("month", {"day": 1}, utc(2026, 12, 31), utc(2027, 1, 1, 7)),
        ("quarter", {"day": 1}, utc(2026, 10, 1, 7), utc(2027, 1, 1, 7)),
        ("quarter", {"day": 31}, utc(2027, 2, 1), utc(2027, 4, 30, 7)),
    ],
)
def test_the_next_time(every: str, fields: dict[str, Any], moment: dt.datetime, due: dt.datetime):
    assert Recurrence(every, dt.time(7), **fields).after(moment) == due


def test_an_hour_of_a_zone_stays_that_hour_when_the_clock_changes():
    berlin = Recurrence("day", dt.time(7), "Europe/Berlin")
    assert berlin.after(utc(2027, 3, 27, 12)) == utc(2027, 3, 28, 5)  # summer time began in the night
    assert berlin.after(utc(2027, 3, 26, 12)) == utc(2027, 3, 27, 6)


def test_an_hour_that_is_left_out_is_met_once_and_not_the_day_after():
    berlin = Recurrence("day", dt.time(2, 30), "Europe/Berlin")
    met = [berlin.after(utc(2027, 3, 26, 12))]
    for _ in range(3):
        met.append(berlin.after(met[-1]))
    assert met == [utc(2027, 3, 27, 1, 30), utc(2027, 3, 28, 1, 30), utc(2027, 3, 29, 0, 30), utc(2027, 3, 30, 0, 30)]


def test_an_hour_that_comes_twice_is_met_the_first_time():
    new_york = Recurrence("day", dt.time(1, 30), "America/New_York")
    first = new_york.after(utc(2026, 10, 31, 12))
    assert first == utc(2026, 11, 1, 5, 30)
    assert new_york.after(first) == utc(2026, 11, 2, 6, 30)


def test_what_happened_since_the_time_before_is_counted_in_whole_days():
    monthly = Recurrence("month", dt.time(7), "Europe/Berlin", day=1)
    assert monthly.days_before(utc(2027, 3, 1, 6)) == (dt.date(2027, 2, 1), dt.date(2027, 2, 28))
    weekly = Recurrence("week", dt.time(7), "Asia/Tokyo", weekday=0)
    assert weekly.days_before(utc(2026, 11, 22, 22)) == (dt.date(2026, 11, 16), dt.date(2026, 11, 22))


@given(
    st.sampled_from(EVERY), st.times(), st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"]),
    st.integers(0, 6), st.integers(1, 31), st.integers(0, 3000), st.times(),
)  # fmt: skip
def test_times_follow_each_other_without_gap_or_double(
    every: str, at: dt.time, zone: str, weekday: int, day: int, since: int, clock: dt.time
):
    recurrence = Recurrence(every, at, zone, weekday, day)
    here = dt.datetime.combine(dt.date(2024, 1, 1) + dt.timedelta(days=since), clock, dt.UTC)
    after = recurrence.after(here)
    assert recurrence.until(here) <= here < after
    assert recurrence.until(after) == after
    assert recurrence.after(recurrence.until(here)) == after


def test_what_no_calendar_knows_is_refused():
    with pytest.raises(ValueError, match="expected one of day, week, month, quarter"):
        Recurrence("fortnight", dt.time(7))
    with pytest.raises(ValueError, match="day 1 to 31"):
        Recurrence("month", dt.time(7), day=32)
