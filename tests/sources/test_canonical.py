"""What counts as the same text."""

import pytest

from compliance.sources.canonical import canonical_digest, unlinked_digest
from tests.sources.terms import CLAUSES, terms

PAGE = terms(head="Last updated: March 4, 2024")


@pytest.mark.parametrize(
    "other",
    [
        PAGE.replace("harbour court", "[harbour court](https://example.org/court?utm_source=a&sid=81f2)"),
        PAGE.replace("harbour court", '[harbour court](https://example.org/(a)/b "the court")'),
        PAGE.replace("# Lamp terms", "![logo](/img/8123.png)\n\nLamp terms\n=========="),
        PAGE.replace("A keeper must not", "* **A keeper** must&nbsp;not"),
        PAGE.replace("\n\n", "\r\n\r\n\r\n"),
        PAGE.replace("\n\n".join(CLAUSES), " ".join(CLAUSES)),
        PAGE.replace("March 4, 2024", "4th March 2024"),
        PAGE + "\n\n© 2025 Lamp House. All rights reserved.\n\nSkip to main content\n\nCtrl+I",
        PAGE
        + "\n\nWe and our 1558 partners use cookies to improve your stay.\n\nAccept all\n\nVendors seeking consent: 773",
        PAGE + "\n\n6 days ago\n\nWas this page helpful?\n\nYesNo",
        PAGE.replace("<", "&lt;") + "<!-- build 8123 --><span data-id='7'></span>",
    ],
)
def test_a_page_that_only_shows_its_text_differently_says_the_same(other: str) -> None:
    assert canonical_digest(other) == canonical_digest(PAGE)


@pytest.mark.parametrize(
    "old, new",
    [
        ("must not", "must"),
        ("seven shells", "eight shells"),
        ("March 4, 2024", "March 5, 2024"),
        ("fourteen days", "14 days"),
        ("and lender alike", "alone"),
    ],
)
def test_a_changed_word_amount_or_day_is_another_text(old: str, new: str) -> None:
    assert old in PAGE
    assert canonical_digest(PAGE.replace(old, new)) != canonical_digest(PAGE)


def test_signs_of_amounts_are_words_and_stay() -> None:
    assert canonical_digest("A fee of $5 is due.") != canonical_digest("A fee of €5 is due.")
    assert canonical_digest("Up to 5 lamps are lent.") != canonical_digest("Up to 5% lamps are lent.")


def test_parts_that_change_places_are_the_same_text() -> None:
    parts = [terms(*CLAUSES[:3], title="Part one"), terms(*CLAUSES[3:], title="Part two")]
    assert canonical_digest("\n\n".join(parts)) == canonical_digest("\n\n".join(reversed(parts)))


def test_equal_text_behind_other_links_has_an_equal_quick_hash() -> None:
    linked = PAGE.replace("keeper", "[keeper](https://example.org/k?v=1)")
    assert unlinked_digest(linked) == unlinked_digest(linked.replace("v=1", "v=2"))
    assert unlinked_digest(linked) != unlinked_digest(linked.replace("lamp", "lantern"))
