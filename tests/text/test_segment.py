"""Each provision is a unit of its own and knows the stem it completes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compliance.text.segment import units


def parts(text):
    return [(text[unit.start : unit.end], unit.leads) for unit in units(text)]


def test_the_items_of_a_list_carry_its_stem():
    text = "You may not:\n\n* lend the Instrument\n* paint the Instrument\n\nYou may tune it."
    assert parts(text) == [
        ("You may not:", ()),
        ("* lend the Instrument", ("You may not:",)),
        ("* paint the Instrument", ("You may not:",)),
        ("You may tune it.", ()),
    ]


def test_unmarked_indented_lines_carry_the_stem_too():
    text = "For example, you may not:\n\n    Lend the Instrument.\n    Paint the Instrument.\n\nYou may tune it."
    assert [leads for _wording, leads in parts(text)] == [(), *[("For example, you may not:",)] * 2, ()]


def test_nested_lists_carry_every_stem_above_them():
    text = "You will not:\n\n* harm the Instrument, including by:\n    * heating it\n    * soaking it\n* lend it"
    leads = [leads for _wording, leads in parts(text)]
    assert leads[2] == ("You will not:", "* harm the Instrument, including by:")
    assert leads[4] == ("You will not:",)


def test_an_enumeration_inside_a_sentence_distributes_its_stem():
    text = "Guests shall not (i) lend the Instrument; (ii) paint it in any colour; or (iii) export it."
    found = parts(text)
    assert [wording for wording, _leads in found][1:] == [
        "(i) lend the Instrument;", "(ii) paint it in any colour;", "(iii) export it.",
    ]  # fmt: skip
    assert {leads for _wording, leads in found[1:]} == {("Guests shall not",)}


def test_an_enumeration_goes_on_after_a_full_stop_inside_an_item_on_one_line():
    text = (
        "You will not:(i) lend the Instrument;(ii) paint it. For the avoidance of doubt, cleaning it is fine;"
        "(iii) take it apart to see how it is made or ask anybody else to do so on your behalf."
    )
    by_mark = {wording[:5].strip(): leads for wording, leads in parts(text)}
    assert by_mark["(iii)"] == ("You will not:",)


def test_a_definition_between_two_lettered_items_does_not_end_their_list():
    text = "You shall not:\n\n(a) lend the Instrument.\n\nThe Instrument means the harp.\n\n(b) paint the Instrument."
    assert parts(text)[-1] == ("(b) paint the Instrument.", ("You shall not:",))


def test_references_are_not_items():
    text = "As section (a) says and section (b) repeats, the Instrument stays where it is."
    assert len(units(text)) == 1


@pytest.mark.parametrize("text", [
    "Use it, e.g. A harp, as you like.",
    "Ask Harps Inc. Limited first.",
    "See section 3.2 Names of this agreement.",
])  # fmt: skip
def test_abbreviations_and_numbers_end_no_sentence(text):
    assert len(units(text)) == 1


def test_sentences_that_run_together_are_cut():
    text = "It may end the loan.You may not paint the Instrument.4.2 Names. You keep its name."
    assert [wording for wording, _leads in parts(text)][:2] == [
        "It may end the loan.",
        "You may not paint the Instrument.",
    ]


def test_a_heading_is_context_and_ends_lists():
    text = "## Limits\n\nYou may not:\n\n* lend it\n\n## Names\n\n* keep its name"
    assert [unit.headings for unit in units(text)][-1] == ("## Names",)
    assert parts(text)[-1][1] == ()


@given(st.text(alphabet=st.sampled_from("aAiI1(). ;:\n*-#You may not"), max_size=200) | st.text(max_size=300))
def test_units_rise_never_overlap_and_hold_words(text):
    position = 0
    for unit in units(text):
        assert position <= unit.start < unit.end <= len(text)
        position = unit.end
