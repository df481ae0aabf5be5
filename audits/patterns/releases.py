"""When models came out: as their names say, or as is listed here of well-known ones without a date. PURE."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Final

_DATE: Final = re.compile(r"(20[2-3]\d)-?(0[1-9]|1[0-2])-?([0-2]\d|3[01])(?!\d)")
# Days on which providers announced them. A date in a name may be that of the training's end.
LISTED: Final[Mapping[str, str]] = {
    "gpt-4o": "2024-05-13", "gpt-4o-mini": "2024-07-18", "o1": "2024-12-17", "o3-mini": "2025-01-31", "gpt-4.1": "2025-04-14",
    "o3": "2025-04-16", "o4-mini": "2025-04-16", "gpt-5": "2025-08-07", "claude-3-5-sonnet": "2024-06-20",
    "claude-3-7-sonnet": "2025-02-24", "claude-sonnet-4": "2025-05-22", "claude-opus-4": "2025-05-22",
    "claude-opus-4-1": "2025-08-05", "claude-sonnet-4-5": "2025-09-29", "gemini-2.0-flash": "2025-02-05",
    "gemini-2.5-pro": "2025-06-17", "deepseek-r1": "2025-01-20", "deepseek-v3": "2024-12-26", "gpt-5.1": "2025-11-13",
    "gemini-3-pro-preview": "2025-11-18", "gpt-5.2": "2025-12-11", "claude-3-7-sonnet-20250219": "2025-02-24",
    "claude-sonnet-4-20250514": "2025-05-22", "claude-opus-4-20250514": "2025-05-22", "claude-haiku-4-5-20251001": "2025-10-15",
    "claude-haiku-4-5": "2025-10-15", "claude-opus-4-5-20251101": "2025-11-24", "claude-opus-4-5": "2025-11-24",
}  # fmt: skip


@lru_cache(4096)
def release_day(model: str) -> int | None:
    """The day (days since 1970) on which a model came out; None: neither its name nor the list says."""
    name = model.rpartition("/")[2].lower()
    found = _DATE.search(name)
    dated = name[: found.end()] if found else ""
    listed = next((day for one, day in LISTED.items() if dated.endswith(one)), "") if found else LISTED.get(name)
    try:
        day = date(*map(int, found.groups())) if found and not listed else date.fromisoformat(listed or "")
    except ValueError:
        return None
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) // 86400
