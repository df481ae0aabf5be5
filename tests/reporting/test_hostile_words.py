"""Names, logs and answers that others wrote never become markup, templates, addresses or hidden text."""

import logging

import pytest
from weasyprint.urls import FatalURLFetchingError

from audits.reporting.filters import brief, prose, shown
from audits.reporting.glyphs import by_number, missing_glyphs
from audits.reporting.paper.press import OwnFilesOnly
from audits.reporting.pdf import render_html, render_pdf
from tests.reporting import contexts
from tests.reporting.conftest import SHA
from tests.reporting.reading import page_texts


def test_hostile_words_stay_words() -> None:
    html = render_html(contexts.hostile(), SHA)
    assert "<script" not in html
    assert "file:///etc/passwd" in html, "the words are there"
    assert '<img src="file:' not in html
    assert "{{ 7*7 }}" in html, "no template inside a context is evaluated"
    for character in ("\x00", "\x1b", "\u202e"):
        assert character not in html


def test_a_report_of_hostile_words_renders_and_keeps_every_word() -> None:
    texts = page_texts(render_pdf(contexts.round_trip(contexts.hostile()), SHA))
    assert "alert(1)" in texts[0]
    assert "U+202E" in " ".join(texts)


@pytest.mark.parametrize("text", [contexts.LONG, contexts.FAR], ids=["long", "far"])
def test_long_and_far_names_render_on_either_paper(text: str) -> None:
    paper = render_pdf(contexts.hostile(text), SHA, paper="letter")
    assert "Page 1 of" in page_texts(paper)[0]
    assert "Contents" in page_texts(paper)[1], "the cover stays one page"


@pytest.mark.parametrize("url", ["file:///etc/passwd", "http://127.0.0.1:1/x", "https://example.org/", "ftp://x/"])
def test_paper_fetches_nothing_but_its_own_fonts(url: str) -> None:
    with pytest.raises(FatalURLFetchingError, match="fetches nothing from elsewhere"):
        OwnFilesOnly().fetch(url)


def test_characters_without_a_glyph_are_printed_by_number() -> None:
    context = contexts.plain(calls=1, findings=0)
    context["run"]["pipeline"] = "Enqu\U00011600te"
    context["calls"]["rows"][0]["request_model"] = "mod\U00011601le"
    texts = page_texts(render_pdf(context, SHA))
    assert "Enqu[U+11600]te" in texts[0]
    assert "mod[U+11601]le" in " ".join(texts), "in a long table too"


def test_missing_glyphs_are_collected_and_kept_out_of_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with missing_glyphs() as missing:
        logging.getLogger("weasyprint").warning(".notdef glyph rendered for Unicode string: %r (U+%04X)", "x", 0xE123)
        logging.getLogger("weasyprint").warning("something else")
    assert missing == {"\ue123"}
    assert [record.getMessage() for record in caplog.records] == ["something else"]
    assert by_number("a\ue123", missing) == "a[U+E123]"


def test_a_long_name_loses_its_middle_only() -> None:
    assert brief("short") == "short"
    cut = brief("organisation/" + "x" * 200 + "-v1", 40)
    assert cut.startswith("organisation/")
    assert cut.endswith("-v1")
    assert len(cut) <= 40


def test_an_impossible_day_is_left_as_it_was_written() -> None:
    assert prose("on 2026-02-30 and 2026-07-08") == "on 2026-02-30 and 8 July 2026"
    assert shown("<b>&") == "&lt;b&gt;&amp;"
