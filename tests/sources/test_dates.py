"""Reading the dates that a text states of itself."""

import datetime as dt

import pytest

from compliance.sources.dates import propose_dates, stated_dates
from tests.sources.terms import CLAUSES, terms

CAPTURED = dt.date(2024, 6, 1)


@pytest.mark.parametrize(
    "head, effective, updated",
    [
        ("Effective: December 14, 2023", "2023-12-14", None),
        ("**Effective Date:** 1st of March 2024", "2024-03-01", None),
        ("Effective October 8, 2023[Previous Version](/old)", "2023-10-08", None),
        ("These terms are effective as of 2024-02-01.", "2024-02-01", None),
        ("The new terms come into effect on Monday, 5 February 2024", "2024-02-05", None),
        ("Lamp 2 Version Release Date: July 18, 2023", "2023-07-18", None),
        ("Last updated: 03/25/2024", None, "2024-03-25"),
        ("UpdatedNovember 14, 2023\n\nEffective: December 14, 2023", "2023-12-14", "2023-11-14"),
        ("updatedAt: 'Tue May 14 2024 15:04:05 GMT+0000'", None, "2024-05-14"),
        ("_Last Revised on Sept. 3, 2023_", None, "2023-09-03"),
        ("Version 1.0, 23 October 2023", None, "2023-10-23"),
        ("生效日期：2023年12月28日", "2023-12-28", None),
        ("Lamps lit before March 3, 2024 stay lit.", None, None),
        ("Effective: February 30, 2024", None, None),
        ("The previous version was last updated on March 1, 2020", None, None),
    ],
)
def test_a_date_in_the_head_is_read_with_what_it_means(head: str, effective: str | None, updated: str | None) -> None:
    found = propose_dates(terms(head=head), CAPTURED)
    assert (str(found.effective or "") or None, str(found.updated or "") or None) == (effective, updated)


def test_a_day_that_lies_ahead_is_announced() -> None:
    found = propose_dates(terms(head="Effective: 1 August 2024"), CAPTURED)
    assert (found.since, "announced" in found.basis) == (dt.date(2024, 8, 1), True)


def test_an_update_that_lies_after_the_capture_does_not_date_it() -> None:
    assert propose_dates(terms(head="Last updated: 1 August 2024"), CAPTURED).since == CAPTURED


def test_a_text_without_a_date_counts_from_its_capture_and_says_so() -> None:
    found = propose_dates(terms(), CAPTURED)
    assert (found.since, "capture" in found.basis) == (CAPTURED, True)


def test_a_day_that_could_be_a_month_is_called_doubtful() -> None:
    assert "can't be told apart" in propose_dates(terms(head="Effective: 03/04/2024"), CAPTURED).basis


def test_the_date_of_an_annexed_paper_does_not_date_the_page() -> None:
    annexed = terms(head="Effective: May 2, 2024") + terms(*CLAUSES * 6) + "\n\nEffective date: April 1, 2020\n"
    assert [one.day for one in stated_dates(annexed)] == [dt.date(2024, 5, 2)]


def test_a_date_at_the_foot_counts_when_the_head_has_none() -> None:
    found = propose_dates(terms(*CLAUSES * 6) + "\n\nLast modified: 9 August 2023\n", CAPTURED)
    assert found.since == dt.date(2023, 8, 9)
