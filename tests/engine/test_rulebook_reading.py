"""A rulebook that is malformed or contradicts itself is refused, and the message says where."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compliance.engine.library import in_force
from compliance.engine.rulebook import RulebookError, join, load_directory, parse_rulebook
from compliance.engine.rules import rule_from_dict, rule_to_dict
from tests.engine.acme import BOOK, SHA, acme

DOCUMENT = '[[document]]\nid = "a/b"\ntitle = "T"\nkind = "terms"\n'
RULE = f"""[[rule]]
id = "a/b:r"
effect = "prohibition"
title = "T"
statement = "bars x"
actions = ["evaluate"]
citations = [{{ versions = ["1"], section = "1", sha256 = "{SHA}" }}]
"""
VERSION = 'versions = [{ label = "1", since = 2024-01-01 }]\n'


def read(*texts):
    return join(parse_rulebook(text, f"{index}.toml") for index, text in enumerate(texts))


@pytest.mark.parametrize("text, message", [
    ("[[document]]\nid = ", "0.toml: not TOML: Invalid value (at end of document)"),
    ("x = 1", "0.toml: unknown table 'x'"),
    ("document = 1", "0.toml: document must be a list of tables"),
    ('[[document]]\nid = "a/b"\nkind = "terms"', "0.toml: [[document]] 1 (a/b).title: expected text, but it is missing"),
    (DOCUMENT.replace("terms", "poem"), "(a/b).kind: 'poem' is none of terms"),
    (DOCUMENT + "colour = 1", "(a/b).colour: unknown key"),
    (DOCUMENT + 'versions = [{ label = "1", since = "soon" }]', "versions[0] (1).since: expected a day"),
    (DOCUMENT + 'versions = [{ label = "1" }]', "say from which day it is in force"),
    (DOCUMENT + 'versions = [{ label = "1", since = 2024-01-01, until = 2023-01-01 }]', "does not lie after since"),
    (DOCUMENT + 'versions = [{ label = "1", since = 2024-01-01, until = 2024-03-01 }, { label = "2", since = 2024-02-01 }]',
     "1 and 2 overlap"),
    (DOCUMENT + 'versions = [{ label = "1", since = 2024-01-01 }, { label = "2", since = 2024-01-01 }]', "same day"),
    (DOCUMENT + 'versions = [{ label = "1", since = 2024-01-01 }, { label = "1", since = 2024-02-01 }]', "stands twice"),
    (DOCUMENT + 'incorporates = ["a/c"]', "document 'a/c' is not defined"),
    (DOCUMENT + 'incorporates = ["a/b"]', "in a circle: a/b → a/b"),
    (DOCUMENT + DOCUMENT, "a/b is already defined in 0.toml"),
    (RULE, "rule a/b:r: document 'a/b' is not defined"),
    (DOCUMENT + RULE, "a/b has no version '1'"),
    (DOCUMENT + VERSION + RULE.replace("prohibition", "ban"), "0.toml: [[rule]] 1 'a/b:r'.effect: 'ban' is none of"),
    (DOCUMENT + VERSION + RULE.replace("evaluate", "dance"), "'dance' is none of"),
    (DOCUMENT + VERSION + RULE.replace("bars x", "Bars x."), "begin with a verb in lower case"),
    (DOCUMENT + VERSION + RULE.replace(SHA, "abc"), "expected 64 hexadecimal digits"),
    (DOCUMENT + VERSION + RULE + 'when = { fact = "student.kind", op = "is", value = true }', "'is' does not fit"),
    (DOCUMENT + VERSION + RULE + 'when = { fact = "student.base_model", op = "derived_from", value = "nobody" }',
     "rule a/b:r: model family 'nobody' is not defined"),
    (DOCUMENT + VERSION + RULE + 'duty = "x"', "only a duty has 'met' and 'duty'"),
    (DOCUMENT + VERSION + RULE.replace("prohibition", "duty"), "say what has to be done"),
    (DOCUMENT + '[[governs]]\ndocument = "a/b"\nrole = "king"\nwhy = "x"', "'king' is none of principal"),
    ('[[family]]\nid = "f"\ndeveloper = "a"\nmatch = ["F*"]', "lower case"),
    ('[[family]]\nid = "f"\ndeveloper = "a"\nmatch = ["f*"]\nbase = "g"', "family 'g' is not defined"),
])  # fmt: skip
def test_a_faulty_rulebook_is_refused_with_its_place(text, message):
    with pytest.raises(RulebookError) as refused:
        read(text)
    assert message in str(refused.value)


def test_a_circle_over_several_documents_is_named():
    other = DOCUMENT.replace("a/b", "a/c") + 'incorporates = ["a/b"]\n'
    with pytest.raises(RulebookError, match="a/b → a/c → a/b"):
        read(DOCUMENT + 'incorporates = ["a/c"]\n', other)


def test_an_empty_folder_is_no_rulebook(tmp_path):
    with pytest.raises(RulebookError, match=r"holds no \.toml file"):
        load_directory(tmp_path)


def test_a_folder_is_read_as_one(tmp_path):
    (tmp_path / "a.toml").write_text(BOOK, encoding="utf-8")
    assert load_directory(tmp_path).rules == acme().rules


@given(st.lists(st.dates(date(2020, 1, 1), date(2026, 1, 1)), min_size=1, max_size=8, unique=True), st.data())
def test_ranges_never_overlap_and_leave_no_gap_after_the_first(days, data):
    rows = ", ".join(f'{{ label = "{day}", since = {day} }}' for day in days)
    library = read(DOCUMENT + f"versions = [{rows}]")
    on = data.draw(st.dates(date(2019, 1, 1), date(2027, 1, 1)))
    holding = [version for version in library.documents["a/b"].versions if version.holds(on)]
    assert len(holding) == (1 if on >= min(days) else 0)
    expected = max((day for day in days if day <= on), default=None)
    found = in_force(library, "a/b", on)
    assert (found.since if found else None) == expected
    if found and found.until:
        assert in_force(library, "a/b", found.until - timedelta(days=1)) == found


def test_rules_survive_being_written_and_read():
    for rule in acme().rules:
        again = rule_from_dict(rule_to_dict(rule))
        assert again == rule
        assert again.content_sha256 == rule.content_sha256


def test_a_changed_word_is_another_revision():
    rule = acme().rules[0]
    changed = rule_from_dict(rule_to_dict(rule) | {"statement": "bars using output for competing models"})
    assert changed.content_sha256 != rule.content_sha256
