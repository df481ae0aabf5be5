"""Values of a context as cells: nothing that a spreadsheet would compute, no character that hides or turns the text. PURE."""

import datetime as dt
from typing import Any, Final

from audits.reporting.forms.tables import Kind
from audits.text import visible
from compliance.text.cells import harmless

MOST_IN_A_CELL: Final = 32_767  # characters, of Excel's cells
CUT: Final = " […] cut here; the whole text is in the report's JSON form"


def shown(value: Any, most: int = MOST_IN_A_CELL) -> str:
    """Text of others for a cell: control and direction-changing characters spelled out, at most `most` characters."""
    text = visible("" if value is None else str(value))
    return text if len(text) <= most else text[: most - len(CUT)] + CUT


def plain(value: Any, kind: Kind) -> str:
    """A value for a CSV file: ISO dates and times, true and false, digits; empty for what is not known."""
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if kind in (Kind.COUNT, Kind.NUMBER) and isinstance(value, int | float):
        return str(value)
    return harmless(shown(value))


def moment(value: Any) -> dt.datetime | None:
    """An ISO time as a time in UTC without a zone, as spreadsheets keep times; None for what is none."""
    try:
        at = dt.datetime.fromisoformat(value)
        return at.astimezone(dt.UTC).replace(tzinfo=None) if at.tzinfo else at
    except (TypeError, ValueError, OverflowError):
        return None


def day(value: Any) -> dt.date | None:
    """An ISO date as a date; None for what is none."""
    try:
        return dt.date.fromisoformat(str(value)[:10])
    except ValueError:
        return None
