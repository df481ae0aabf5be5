"""The ends of what opens for whole days: a person chooses the last day, what is kept is the first moment after it."""

import datetime as dt

from django.utils import timezone


def end_of(day: dt.date | None) -> dt.datetime | None:
    """The first moment after the day, in the installation's zone; None for no day."""
    if day is None:
        return None
    return timezone.make_aware(dt.datetime.combine(day + dt.timedelta(days=1), dt.time.min))


def last_day_of(end: dt.datetime) -> dt.date:
    """The last day before the end, in the installation's zone: the day that was chosen, of an end at midnight."""
    return timezone.localdate(end - dt.timedelta(microseconds=1))


def is_of_days(end: dt.datetime) -> bool:
    """Whether the end is a midnight, so that it is the end of a whole day."""
    return timezone.localtime(end).time() == dt.time.min


def as_told(end: dt.datetime | None) -> str:
    """An end as the trail keeps it, after "until": its last day, or the moment when it is no midnight; empty for none."""
    if end is None:
        return ""
    return last_day_of(end).isoformat() if is_of_days(end) else end.isoformat(timespec="seconds")
