"""What changed, clause by clause."""

from hypothesis import given
from hypothesis import strategies as st

from compliance.text.diff import Kind, Touch, compare, marked, passages

OLD = """# Loans

You may borrow the harp for one week.

You may not paint the harp in any colour.

The keeper may end a loan at any time.
"""


def kinds(old, new):
    return [change.kind for change in compare(old, new) if change.kind is not Kind.SAME]


def test_a_page_laid_out_anew_has_not_changed():
    new = (
        OLD.replace("# Loans", "**Loans**").replace("borrow the harp", "borrow\nthe  harp").replace("week.", "week.  ")
    )
    assert kinds(OLD, new) == []


def test_a_passage_that_stands_elsewhere_has_moved():
    new = "The keeper may end a loan at any time.\n\n" + OLD.replace("The keeper may end a loan at any time.\n", "")
    assert kinds(OLD, new) == [Kind.MOVED]


def test_a_changed_number_is_a_rewording_with_the_word_marked():
    (change,) = [c for c in compare(OLD, OLD.replace("one week", "two weeks")) if c.kind is not Kind.SAME]
    assert change.kind is Kind.REWORDED
    touched = {(mark.touch, mark.text) for mark in change.marks if mark.touch is not Touch.KEPT}
    assert touched == {(Touch.GONE, "one"), (Touch.ADDED, "two"), (Touch.GONE, "week"), (Touch.ADDED, "weeks")}
    assert not change.moved


def test_what_is_unlike_anything_before_is_added_and_the_rest_is_gone():
    new = OLD.replace("You may not paint the harp in any colour.", "Deposits are returned within thirty days.")
    assert sorted(kinds(OLD, new)) == [Kind.ADDED, Kind.GONE]


def test_a_text_on_one_line_is_compared_sentence_by_sentence():
    old = " ".join(f"Guest number {n} shall keep instrument {n * 7} dry and tuned." for n in range(300))
    new = old.replace("Guest number 150 shall", "Guest number 150 may")
    assert kinds(old, new) == [Kind.REWORDED]


_TERMS = st.lists(
    st.sampled_from(["You may not", " lend it", ". ", ";", "\n\n", "* ", "(a) ", "(b) ", "# ", "it is", " dry", "A", " ", "\n"]),
    max_size=30,
).map("".join) | st.text(max_size=120)  # fmt: skip


@given(_TERMS, _TERMS)
def test_the_changes_rebuild_both_versions(old, new):
    changes = compare(old, new)
    assert "".join(old[slice(*span)] for span in sorted(c.old for c in changes if c.old)) == old
    assert "".join(new[slice(*span)] for span in sorted(c.new for c in changes if c.new)) == new
    for change in changes:
        if change.marks and change.old and change.new:
            assert "".join(m.text for m in change.marks if m.touch is not Touch.ADDED) == old[slice(*change.old)]
            assert "".join(m.text for m in change.marks if m.touch is not Touch.GONE) == new[slice(*change.new)]


@given(_TERMS)
def test_a_text_compared_with_itself_is_the_same(text):
    assert {change.kind for change in compare(text, text)} <= {Kind.SAME}


@given(_TERMS)
def test_passages_cover_a_text_without_gap_or_overlap(text):
    assert "".join(text[start:end] for start, end in passages(text)) == text


@given(st.text(max_size=200), st.text(max_size=200))
def test_marks_rebuild_any_two_wordings(old, new):
    marks = marked(old, new)
    assert "".join(m.text for m in marks if m.touch is not Touch.ADDED) == old
    assert "".join(m.text for m in marks if m.touch is not Touch.GONE) == new
