import pytest
from hypothesis import given
from hypothesis import strategies as st

from audits.evidence import mask_text


@pytest.mark.parametrize(
    ("line", "masked"),
    [
        ("key sk-proj-abcdefghijklmnop0123 used", "key [masked] used"),
        ("sk-ant-api03-AAAABBBBCCCCDDDD-x", "[masked]"),
        ("AIzaSyA1234567890abcdefghijklmnopqrstuv", "[masked]"),
        ("aws AKIAIOSFODNN7EXAMPLE.", "aws [masked]."),
        ("Authorization: Bearer abc.def-123456", "Authorization: Bearer [masked]"),
        ("ghp_0123456789abcdefghij0123456789abcdef", "[masked]"),
        ("hf_abcdefghijklmnopqrstuvwxyz012345", "[masked]"),
        ("GET /v1?key=abcdefghij&x=1", "GET /v1?key=[masked]&x=1"),
        ("postgres://user:hunter22@db/x", "postgres://user:[masked]@db/x"),
        ('OPENAI_API_KEY="something-secret"', 'OPENAI_API_KEY="[masked]"'),
        ("{'password': 'correct-horse'}", "{'password': '[masked]'}"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abcdefg", "[masked]"),
    ],
)
def test_what_is_shaped_like_a_key_is_masked(line, masked):
    assert mask_text(line) == masked


@pytest.mark.parametrize(
    "line",
    [
        "task-force is on",
        "epoch 3: loss=0.25 tokens=12345678",
        "sk-learn 1.5",
        "https://example.org/a:b@c",
        "risk-assessment-document-2024",
    ],
)
def test_ordinary_lines_are_left_alone(line):
    assert mask_text(line) == line


@given(st.text(alphabet="abcxyz0189-_", min_size=6, max_size=30), st.text(max_size=20), st.text(max_size=20))
def test_a_known_secret_never_shows_wherever_it_stands(secret, before, after):
    assert all(secret not in part for part in mask_text(before + secret + after, [secret]).split("[masked]"))


def test_a_line_made_to_keep_patterns_busy_is_masked_all_the_same():
    line = "-eyJ" * 50_000 + " Bearer " * 10_000 + "a_" * 50_000 + " sk-abcdefghijklmnop0123"
    assert mask_text(line).endswith(" [masked]")


def test_a_secret_within_a_longer_one_leaves_nothing_of_it_behind():
    assert mask_text("abcdef-ghijkl", ["abcdef", "abcdef-ghijkl"]) == "[masked]"
