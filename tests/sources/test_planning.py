"""Ranges proposed for the texts of one document."""

import datetime as dt

from compliance.sources.dates import ProposedDates
from compliance.sources.planning import Dated, Planned, plan


def date(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def text(key: str, captured: str, effective: str = "", fixed: tuple[str, str] | None = None) -> Dated:
    stated = date(effective) if effective else None
    days = (date(fixed[0]), date(fixed[1]) if fixed[1] else None) if fixed else None
    return Dated(key, date(captured), ProposedDates(stated or date(captured), "basis", effective=stated), days)


def ranges(planned: list[Planned]) -> dict[str, tuple[str, str]]:
    return {one.key: (str(one.since or "never"), str(one.until or "")) for one in planned}


def test_each_text_is_in_force_until_the_next_begins() -> None:
    planned = plan([text("a", "2023-01-01"), text("b", "2023-05-01", "2023-06-01")])
    assert ranges(planned) == {"a": ("2023-01-01", "2023-06-01"), "b": ("2023-06-01", "")}


def test_a_text_announced_and_announced_again_was_never_in_force() -> None:
    texts = [text("a", "2023-01-01"), text("b", "2023-11-14", "2023-12-14"), text("c", "2023-12-02", "2024-01-31")]
    assert ranges(plan(texts)) == {"a": ("2023-01-01", "2024-01-31"), "b": ("never", ""), "c": ("2024-01-31", "")}


def test_a_silent_edit_counts_from_its_capture() -> None:
    planned = plan([text("a", "2023-01-01", "2023-01-01"), text("b", "2023-03-09", "2023-01-01")])
    assert ranges(planned)["b"] == ("2023-03-09", "")
    assert "without a new date" in planned[1].basis


def test_a_fixed_range_is_not_moved_and_not_overlapped() -> None:
    texts = [
        text("old", "2022-06-01"),
        text("fixed", "2023-01-01", fixed=("2023-01-01", "")),
        text("new", "2024-01-01"),
    ]
    planned = plan(texts)
    assert ranges(planned) == {"old": ("2022-06-01", "2023-01-01"), "new": ("never", "")}
    assert "a person decides" in planned[1].basis
