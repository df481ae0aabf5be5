"""A text laid out for reading is the text, cut where a reader would pause."""

from hypothesis import given
from hypothesis import strategies as st

from compliance.text.contents import LONGEST, Sections, after_number, headings, lay_out

SECTIONS = ["1\\. Strings. ", "2\\. Keeping The Harp. ", "3\\. Ending. "]
SENTENCE = "You keep the harp in a dry room and you tell us when a string has broken in the cold. "
ONE_LINE = "".join(section + SENTENCE * 250 for section in SECTIONS)
LAID_OUT = """# Harp terms

1. Strings

1.1 Tune them.

1.2 You may not:
   (a) cut them;
   (b) sell them.

## Ending
All things end.
"""
_TERMS = st.lists(
    st.sampled_from(
        [
            "# ",
            "You may",
            " lend",
            " harps",
            ". ",
            "; ",
            "\n\n",
            "\n",
            "* ",
            "(a) ",
            "1. ",
            "2\\. Title. A",
            "| x | y |\n",
            "é",
        ]
    ),
    max_size=40,
).map("".join)


@given(_TERMS | st.text(max_size=300))
def test_put_together_again_the_passages_are_the_text(text: str) -> None:
    passages = lay_out(text)
    assert "".join(text[passage.start : passage.until] for passage in passages) == text
    assert all(passage.start <= passage.end <= passage.until for passage in passages)
    for passage in passages:
        Sections(text, passages).at(passage.start)
    headings(text, passages)


def test_sixty_thousand_characters_on_one_line_are_cut_where_sections_and_sentences_begin() -> None:
    assert len(ONE_LINE) > 60_000
    passages = lay_out(ONE_LINE)
    assert max(passage.end - passage.start for passage in passages) < LONGEST
    assert [(one.number, one.title) for one in headings(ONE_LINE, passages)][:3] == [
        ("1", "Strings"),
        ("2", "Keeping The Harp"),
        ("3", "Ending"),
    ]
    assert all(ONE_LINE[passage.start : passage.end][-1] == "." for passage in passages)


def test_a_place_is_cited_by_the_number_above_it_and_the_marks_of_its_item() -> None:
    sections = Sections(LAID_OUT, lay_out(LAID_OUT))
    assert sections.at(LAID_OUT.index("Tune")) == "1.1"
    assert sections.at(LAID_OUT.index("(b) sell")) == "1.2(b)"
    assert sections.at(LAID_OUT.index("sell")) == "1.2(b)"
    assert sections.at(LAID_OUT.index("All things")) == "Ending"
    assert sections.at(0) == "Harp terms"


def test_a_number_that_may_change_is_set_aside_and_words_never_are() -> None:
    for wording, words in (("2.3 You may", "You may"), ("(ix) use", "use"), ("You may", "You may"), ("2.", "2.")):
        assert wording[after_number(wording, 0, len(wording)) :] == words
