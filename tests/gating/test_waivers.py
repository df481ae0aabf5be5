"""Waivers: what they must say, what they cover, and for how long."""

import datetime as dt

import pytest

from audits.gating.waivers import Waiver, WaiverError, parse_waivers

GOOD = 'id = "a/b:c@a"\nreason = "Order form 17"\nby = "Dana Reyes"\nuntil = 2027-01-31\n'


def test_a_waiver_covers_its_finding_through_its_last_day_and_no_other():
    (waiver,) = parse_waivers(f"[[waiver]]\n{GOOD}")
    assert waiver == Waiver("a/b:c@a", "Order form 17", "Dana Reyes", dt.date(2027, 1, 31))
    assert waiver.covers("a/b:c@a", dt.date(2027, 1, 31))
    assert not waiver.covers("a/b:c@a", dt.date(2027, 2, 1))
    assert not waiver.covers("a/b:d@a", dt.date(2027, 1, 1))


def test_an_empty_file_waives_nothing():
    assert parse_waivers("# none yet\n") == ()


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[[waiver]]\n" + GOOD.replace('reason = "Order form 17"\n', ""), r"waiver 1: reason: missing"),
        ("[[waiver]]\n" + GOOD.replace("Dana Reyes", " "), r"waiver 1: by: missing"),
        ("[[waiver]]\n" + GOOD.replace("2027-01-31", '"for ever"'), r"waiver 1: until: expected its last day"),
        ("[[waiver]]\n" + GOOD.replace("2027-01-31", "2027-01-31T00:00:00"), r"waiver 1: until"),
        ("[[waiver]]\n" + GOOD + "scope = 1\n", r"waiver 1: scope: unknown key"),
        (f"[[waiver]]\n{GOOD}[[waiver]]\n{GOOD}", r"waiver 2: id: a/b:c@a is waived twice"),
        ("waiver = [1]", r"waiver 1: expected a table"),
        ("waiver = 1", r"waiver: not understood"),
        ("[[exception]]\n", r"exception: not understood"),
        ("[[waiver", r"w\.toml: not TOML"),
        ("a = " + "[" * 5000, r"w\.toml: not TOML"),
    ],
)
def test_what_a_waiver_lacks_is_named_with_its_place(text, complaint):
    with pytest.raises(WaiverError, match=complaint):
        parse_waivers(text, "w.toml")


def test_all_complaints_come_at_once():
    with pytest.raises(WaiverError) as told:
        parse_waivers("[[waiver]]\nid = 1\n[[waiver]]\n", "w.toml")
    assert len(str(told.value).splitlines()) == 8
