"""What a reader sees as one paragraph or item is one block, in every layout."""

from hypothesis import given
from hypothesis import strategies as st

from compliance.text.outline import blocks


def wordings(text):
    return [(block.kind, text[block.start : block.end]) for block in blocks(text)]


def test_wrapped_lines_are_one_paragraph():
    text = "The Operator grants each Guest a right to use the Instrument for\nthe purposes that this agreement names."
    assert [kind for kind, _wording in wordings(text)] == ["plain"]


def test_a_dash_that_goes_on_with_a_wrapped_sentence_is_no_bullet():
    text = (
        "This covers every copy that a Guest makes of the Instrument, including\n- but not limited to - partial copies."
    )
    assert len(blocks(text)) == 1


def test_bullets_letters_and_numbers_open_blocks():
    text = "* one thing\n* another thing\n(a) a third\n2. a fourth"
    assert [kind for kind, _wording in wordings(text)] == ["bullet", "bullet", "letter", "number"]


def test_headings_in_every_spelling():
    text = "Fair use\n========\n\n## Limits\n\n**Names**\n\nYour account\n\nYou keep it to yourself."
    assert [kind for kind, _wording in wordings(text)] == ["heading"] * 4 + ["plain"]


def test_unmarked_lines_that_end_in_full_stops_are_blocks_of_their_own():
    assert len(blocks("    Lend the Instrument.\n    Sell the Instrument.\n")) == 2


@given(st.text(max_size=300))
def test_blocks_rise_and_never_overlap(text):
    position = 0
    for block in blocks(text):
        assert position <= block.start < block.end <= len(text)
        assert text[block.start : block.end].strip() == text[block.start : block.end]
        position = block.end
