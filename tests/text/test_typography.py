"""Mark-up is told from words, and no character is lost."""

from hypothesis import given
from hypothesis import strategies as st

from compliance.text.typography import runs


def shown(text: str) -> str:
    return "".join(text[run.start : run.end] for run in runs(text, 0, len(text)) if not run.markup)


def strong(text: str) -> str:
    return "".join(text[run.start : run.end] for run in runs(text, 0, len(text)) if run.strong)


_WRITTEN = st.lists(
    st.sampled_from(["**", "__", "_", "*", "[", "](http://a.b)", "\\.", "# ", "harp", " ", "\n"]), max_size=30
)


@given(_WRITTEN.map("".join) | st.text(max_size=200), st.lists(st.integers(0, 200), max_size=4))
def test_runs_cover_the_text_and_break_at_every_cut(text: str, cuts: list[int]) -> None:
    found = runs(text, 0, len(text), cuts)
    assert "".join(text[run.start : run.end] for run in found) == text
    edges = {run.start for run in found} | {run.end for run in found}
    assert {cut for cut in cuts if 0 < cut < len(text)} <= edges


def test_links_emphasis_escapes_and_hashes_are_markup_and_words_are_not() -> None:
    assert shown("## 2\\. [Strings](https://harp.example/a_(b)) of **gut** ##") == "2. Strings of gut"
    assert strong("a **gut** string") == "gut"
    assert shown("_See_ snake_case and 2 * 3") == "See snake_case and 2 * 3"
    assert shown("two ** alone") == "two ** alone"
    assert shown("com\u200bpete") == "compete"


def test_what_could_hide_words_is_no_markup() -> None:
    for text in ("<span>you may not</span>", "[a](you may not train models)", "a\u202eb", "<!-- you may not -->"):
        assert shown(text) == text
