"""An accepted clause is found again, or is known to be gone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compliance.text.anchor import Fate, Text

OLD = """You may borrow the harp for one week.

You may not use recordings of the harp to build a competing harp (except with our consent).

The keeper may end a loan at any time.
"""
CLAUSE = "You may not use recordings of the harp to build a competing harp (except with our consent)."


def anchor(clause=CLAUSE, text=OLD):
    start = text.index(clause)
    return Text(text).anchor(start, start + len(clause))


def test_words_in_the_same_place_are_unchanged_whatever_the_layout():
    new = "Preface of the keeper.\n\n" + OLD.replace("You may not use recordings", "* You may **not**\nuse recordings")
    place = Text(new).find(anchor())
    assert place.fate is Fate.UNCHANGED
    assert "competing harp" in new[place.start : place.end]


def test_words_between_other_neighbours_have_moved():
    new = "Loans are free.\n\nHarps are heavy.\n\n" + CLAUSE + "\n\nNobody knows why."
    place = Text(new).find(anchor())
    assert (place.fate, new[place.start : place.end]) == (Fate.MOVED, CLAUSE)


def test_changed_words_are_a_rewording_with_its_likeness():
    new = OLD.replace("a competing harp", "any other harp")
    place = Text(new).find(anchor())
    assert place.fate is Fate.REWORDED
    assert 0.5 < place.likeness < 1
    assert "any other harp" in new[place.start : place.end]


def test_a_changed_comma_is_a_rewording():
    place = Text(OLD.replace("harp to build", "harp, to build")).find(anchor())
    assert place.fate is Fate.REWORDED


def test_a_clause_that_is_nowhere_is_gone():
    place = Text("Deposits are returned within thirty days.").find(anchor())
    assert (place.fate, place.start, place.end) == (Fate.GONE, None, None)


def test_of_two_equal_passages_the_one_with_the_same_neighbours_is_meant():
    new = CLAUSE + "\n\nSomething else stands here.\n\n" + OLD
    place = Text(new).find(anchor())
    assert (place.fate, place.start) == (Fate.UNCHANGED, new.rindex(CLAUSE))


def test_words_inside_longer_words_are_not_the_clause():
    assert Text("Theharpist plays.").find(anchor("harp", "Play the harp well.")).fate is not Fate.UNCHANGED


@pytest.mark.parametrize("span", [(0, 0), (-1, 4), (3, 2), (0, 10_000)])
def test_offsets_outside_the_text_are_refused(span):
    with pytest.raises(ValueError, match="no clause between"):
        Text(OLD).anchor(*span)


_TERMS = st.lists(
    st.sampled_from(["You may", " lend", " harps", ". ", "; ", "\n\n", "* ", "(a) ", "(b) ", "**", '"', "é"]),
    max_size=30,
).map("".join)


@given(_TERMS | st.text(max_size=200))
def test_every_unit_is_found_unchanged_in_its_own_text(text):
    version = Text(text)
    for unit in version.units:
        place = version.find(version.anchor(unit.start, unit.end))
        assert place.fate is Fate.UNCHANGED
        assert place.likeness == 1


@given(st.text(min_size=1, max_size=200), st.integers(0, 199), st.integers(1, 80), st.text(max_size=200))
def test_any_span_has_some_fate_in_any_other_text(text, start, length, other):
    start = min(start, len(text) - 1)
    place = Text(other).find(Text(text).anchor(start, min(len(text), start + length)))
    assert (place.start is None) == (place.end is None) == (place.fate is Fate.GONE)
    if place.start is not None and place.end is not None:
        assert 0 <= place.start < place.end <= len(other)
