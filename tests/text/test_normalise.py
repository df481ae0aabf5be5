"""Two clauses are the same when a page's layout is all that differs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compliance.text.normalise import clause_hash, normalise_clause


@pytest.mark.parametrize("one, other", [
    ("* Use Output to develop models;", "Use output to develop models."),
    ("**Use  Output** to\n develop [models](https://a.example/x?utm=1)", "Use Output to develop models"),
    ("Don’t use “Output”", "Don't use \"Output\""),
    ("non‑commercial — use", "non-commercial - use"),
    ("<p>No training</p>", "No training"),
    ("zero\u200bwidth", "zerowidth"),
])  # fmt: skip
def test_layout_does_not_count(one, other):
    assert clause_hash(one) == clause_hash(other)


@pytest.mark.parametrize("one, other", [
    ("700 million users", "70 million users"),
    ("may use", "may not use"),
    ("models that compete", "models, that compete"),
    ("effective 2024-01-01", "effective 2024-01-02"),
])  # fmt: skip
def test_words_numbers_and_inner_punctuation_count(one, other):
    assert clause_hash(one) != clause_hash(other)


@given(st.text(max_size=200))
def test_white_space_around_never_counts(text):
    assert normalise_clause(f"  \n{text}\t ") == normalise_clause(text)
