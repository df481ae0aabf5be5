"""Which captures people hear of."""

import datetime as dt

import pytest

from compliance.sources.history import ALERTS, History, Judgement, Told
from tests.sources.terms import CLAUSES, day, terms

LONG = (
    *CLAUSES,
    *(f"Lamp number {number} hangs above the {number}th step of the western stair at night." for number in range(30)),
)
FIRST = terms(*LONG)
REWORDED = FIRST.replace("must not teach", "may teach")


def told(*pages: str, days: int = 1) -> list[Told]:
    """The verdicts on pages captured every so many days."""
    history = History()
    start = day("2024-01-01")
    return [history.judge(page, start + index * dt.timedelta(days=days)) for index, page in enumerate(pages)]


def judgements(*pages: str, days: int = 1) -> list[str]:
    return [str(one.judgement) for one in told(*pages, days=days)]


def test_a_reworded_clause_is_told_with_both_wordings() -> None:
    last = told(FIRST, REWORDED)[-1]
    assert last.judgement is Judgement.CHANGED
    assert ("may teach" in last.added[0], "must not teach" in last.gone[0]) == (True, True)


def test_a_page_that_flips_between_two_texts_is_told_once() -> None:
    verdicts = told(*[FIRST, REWORDED] * 20)
    assert sum(one.judgement in ALERTS for one in verdicts) == 1


def test_an_old_text_that_returns_after_months_is_told_once_more() -> None:
    verdicts = judgements(FIRST, REWORDED, FIRST, REWORDED, FIRST, days=60)
    assert verdicts == ["first", "changed", "returned", "returned", "known"]


def test_tracking_in_links_is_no_change() -> None:
    linked = FIRST.replace("harbour court", "[harbour court](https://example.org/?sid={})")
    assert judgements(*(linked.replace("{}", str(number)) for number in range(5))) == ["first", *["known"] * 4]


def test_an_added_and_a_removed_clause_are_changes() -> None:
    assert judgements(terms(*LONG[:-1]), FIRST) == ["first", "changed"]
    assert judgements(FIRST, terms(*LONG[1:])) == ["first", "changed"]


def test_a_removed_exception_at_the_end_of_a_sentence_is_a_change() -> None:
    with_exception = FIRST.replace("lent lamp gives.", "lent lamp gives, except to measure it.")
    assert judgements(with_exception, FIRST) == ["first", "changed"]


def test_headings_run_together_with_their_text_are_no_change() -> None:
    assert judgements(FIRST, FIRST.replace("# Lamp terms\n\n", "Lamp terms")) == ["first", "known"]


def test_offers_and_navigation_around_the_text_are_no_alert() -> None:
    sold = f"Lamp 9 is here!\n\n{FIRST}\n\nKeepersHarbourCareers"
    assert judgements(FIRST, sold, sold.replace("Lamp 9", "Lamp 10")) == ["first", "around the text", "around the text"]


def test_a_short_line_that_obliges_is_told_even_at_the_end() -> None:
    assert judgements(FIRST, FIRST + "\n\nLamps must not leave.\n") == ["first", "changed"]


@pytest.mark.parametrize(
    "page, reason",
    [
        ("Access denied\n\nYou don't have permission to view lamps.\n", "error"),
        (FIRST[: len(FIRST) // 3], "shorter"),
        ("", "no text"),
        ("# Lamp terms\n\nThis page isn't available right now.\n\n" + FIRST[: len(FIRST) // 2], "error"),
        ("Please enable JavaScript to continue.\n", "error"),
    ],
)
def test_errors_and_truncated_pages_are_held_back_and_remove_nothing(page: str, reason: str) -> None:
    verdicts = told(FIRST, page, FIRST)
    assert [one.judgement for one in verdicts] == [Judgement.FIRST, Judgement.SUSPECT, Judgement.KNOWN]
    assert reason in verdicts[1].reason


def test_a_change_behind_an_error_is_told_when_the_page_is_whole_again() -> None:
    half = "This page isn't available right now.\n\n" + terms(*LONG[10:], title="Part").replace("western", "eastern")
    assert judgements(FIRST, half, FIRST.replace("western", "eastern")) == ["first", "suspect", "changed"]


def test_a_page_that_stays_short_is_believed_after_two_weeks() -> None:
    history = History()
    history.judge(FIRST, day("2024-01-01"))
    short = terms(*CLAUSES)
    assert history.judge(short, day("2024-02-01"), stood=dt.timedelta(days=2)).judgement is Judgement.SUSPECT
    assert history.judge(short, day("2024-02-03"), stood=dt.timedelta(days=30)).judgement is Judgement.CHANGED


def test_a_technical_upgrade_is_a_new_text_and_no_alert() -> None:
    history = History()
    history.judge(FIRST, day("2024-01-01"))
    upgraded = history.judge(
        FIRST + "\n\nThe cellar is part of the stair, and lamps hang there too.\n", day("2024-01-02"), technical=True
    )
    assert (upgraded.judgement, upgraded.is_new_text, upgraded.judgement in ALERTS) == (
        Judgement.TECHNICAL,
        True,
        False,
    )


def test_another_language_is_held_back() -> None:
    german = terms(
        *(f"Die Lampe Nummer {number} und der Wärter sind mit dem Licht nicht zu sehen." for number in range(40))
    )
    english = terms(
        *(f"The lamp number {number} and any keeper are not to be seen with the light." for number in range(40))
    )
    assert judgements(english, german) == ["first", "suspect"]
