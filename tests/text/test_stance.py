"""Who may, must and must not."""

import pytest

from compliance.text.stance import Mode, stance


@pytest.mark.parametrize("own, mode, party", [
    ("You may not lend the Instrument.", Mode.PROHIBITION, "user"),
    ("The Licensee shall not lend the Instrument.", Mode.PROHIBITION, "user"),
    ("Customer will not, and will not permit any guest to:", Mode.PROHIBITION, "user"),
    ("Neither you nor your guests will lend the Instrument.", Mode.PROHIBITION, ""),
    ("Lending the Instrument is strictly prohibited.", Mode.PROHIBITION, ""),
    ("Don't lend the Instrument.", Mode.PROHIBITION, ""),
    ("You agree not to lend the Instrument.", Mode.PROHIBITION, ""),
    ("We will not use your recordings.", Mode.PROHIBITION, "provider"),
    ("Harpwright may not sell recordings of guests.", Mode.PROHIBITION, "provider"),
    ("You may record the Instrument.", Mode.PERMISSION, "user"),
    ("Guests are permitted to record it.", Mode.PERMISSION, "user"),
    ("You must keep the Instrument dry.", Mode.DUTY, "user"),
    ("Harpwright may end the loan.", Mode.RIGHT, "provider"),
    ("The Instrument has forty strings.", None, ""),
])  # fmt: skip
def test_the_modal_and_its_subject_decide(own, mode, party):
    found = stance(own)
    assert (found.mode, found.party) == (mode, party)


def test_an_item_takes_the_stance_of_its_stem():
    assert stance("(a) lend the Instrument", ("You may not:",)).mode is Mode.PROHIBITION


def test_an_item_that_begins_with_its_modal_takes_the_subject_of_its_stem():
    found = stance("(ii) will keep it dry", ("If you borrow the Instrument, you",))
    assert (found.mode, found.party) == (Mode.DUTY, "user")


def test_what_an_exception_permits_the_provision_does_not():
    assert stance("(a) open the case except as you are permitted to by law", ("You may not:",)).mode is Mode.PROHIBITION


def test_an_exception_that_opens_a_sentence_does_not_swallow_its_rule():
    assert stance("Except where the keeper allows it, you may not lend the Instrument.").mode is Mode.PROHIBITION


def test_a_condition_with_not_is_no_prohibition():
    assert stance("If you do not want a case, you can say so.").mode is Mode.PERMISSION


def test_a_heading_forbids_what_is_only_listed_under_it():
    assert stance("* lending the Instrument", (), ("Prohibited uses",)).mode is Mode.PROHIBITION
    assert stance("We build fine instruments.", (), ("Prohibited uses",)).mode is None
