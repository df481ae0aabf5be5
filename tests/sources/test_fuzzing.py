"""Whatever comes in, readers answer with a text or a clear error. CLAUSETRAIL_FUZZ=20000 tries for longer than a few seconds."""

import datetime as dt
import io
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pypdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compliance.sources.canonical import canonical
from compliance.sources.captures import UnreadableTerms, readable_text
from compliance.sources.dates import propose_dates, sentence_at, stated_dates
from compliance.sources.extraction import kind_of, page_text
from compliance.sources.history import History
from compliance.sources.html_text import text_of_html
from compliance.sources.pdf_text import text_of_pdf
from compliance.sources.reading import read_archive
from tests.sources.terms import CLAUSES, terms

EXAMPLES = int(os.environ.get("CLAUSETRAIL_FUZZ", "60"))
fuzz = settings(max_examples=EXAMPLES, deadline=None)

TAGS = tuple("div p ol ul li table tr td b a h1 pre br script noscript main nav template svg".split())  # noqa: SIM905
ODD = (
    "<ol start=99999999 type=I>", "<li value=-1>", "<a href='java\nscript:x'>", "<!--", "-->", "<![CDATA[", "&#0;", "&lt;",
    "&#x110000;", "\x00", "\u202e", "\ufeff", "<!DOCTYPE x [<!ENTITY a '&a;'>]>", "Effective: May 32, 2024", "生效:2024年13月1日",
)  # fmt: skip
SAID = (
    "Last updated: ", "Effective ", "May 1, 2024", "2024-02-30", "31/31/2031", "[a](", "](b)", "](" * 40, "| x | y |", "\n",
    "#" * 80, "*" * 80, "\u2028", "<", "&amp;" * 20, "Access denied", "https://a/?b=[", "\U0001f9ff", "0" * 60,
)  # fmt: skip
PIECES = st.one_of(
    st.sampled_from([*(f"<{tag}>" for tag in TAGS), *(f"</{tag}>" for tag in TAGS)]),
    st.sampled_from(ODD),
    st.text(max_size=30),
)
WORDS = st.one_of(st.sampled_from([*CLAUSES, *SAID]), st.text(max_size=40))


def answered(read: Callable[..., str], *given: Any) -> tuple[str, str]:
    """The text, or what was said instead of one. Anything but a ValueError is a crash."""
    try:
        return read(*given), ""
    except ValueError as problem:
        return "", str(problem)


@fuzz
@given(
    st.lists(PIECES, max_size=60),
    st.sampled_from(["", "utf-8", "utf-16", "klingon", "cp1252", "utf-7", "idna", "rot13"]),
)
def test_any_page_gives_a_text_or_says_why_not(pieces: list[str], charset: str) -> None:
    content = "".join(pieces).encode("utf-8", "surrogatepass")
    text, problem = answered(text_of_html, content, charset)
    assert bool(text.strip()) != bool(problem)
    assert "\x00" not in text
    assert readable_text(text.encode("utf-8", "replace")) is not None


@fuzz
@given(st.binary(max_size=400))
def test_any_bytes_give_a_text_or_say_why_not(content: bytes) -> None:
    for read in (text_of_html, text_of_pdf):
        text, problem = answered(read, content)
        assert bool(text) != bool(problem)
    answered(readable_text, content)
    assert kind_of(content, "text/plain")


def pdf() -> bytes:
    writer = pypdf.PdfWriter()
    writer.add_blank_page(72, 72)
    writer.add_metadata({"/Title": "Lamps"})
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


PDF = pdf()


@fuzz
@given(st.lists(st.tuples(st.integers(0, len(PDF) - 1), st.binary(max_size=12)), min_size=1, max_size=6))
def test_a_damaged_pdf_is_said_to_be_one(damages: list[tuple[int, bytes]]) -> None:
    content = bytearray(PDF)
    for at, instead in damages:
        content[at : at + len(instead)] = instead
    text, problem = answered(text_of_pdf, bytes(content))
    assert bool(text) != bool(problem)


@fuzz
@given(st.lists(WORDS, max_size=40))
def test_any_text_has_a_canonical_form_dates_or_none_and_a_place_in_a_history(pieces: list[str]) -> None:
    text = "".join(pieces)
    assert canonical(text).digest == canonical(text).digest
    proposed = propose_dates(text, dt.date(2024, 6, 1))
    assert proposed.basis
    for one in stated_dates(text):
        assert len(sentence_at(text, one.start)) <= 300
    history = History()
    noon = dt.datetime(2024, 6, 1, 12, tzinfo=dt.UTC)
    told = [
        history.judge(page, noon + number * dt.timedelta(days=1))
        for number, page in enumerate((terms(), text, terms()))
    ]
    assert str(told[-1].judgement) == "known"
    again = History()
    again.learn(terms(), noon)
    again.recall(history.remember())
    assert str(again.judge(terms(), noon).judgement) == "known"


@fuzz
@given(
    st.dictionaries(
        st.text(st.characters(blacklist_characters="/\x00", blacklist_categories=["Cs"]), min_size=1, max_size=20),
        st.binary(max_size=60),
        max_size=4,
    ),
    st.binary(max_size=120),
)
def test_any_folder_is_read_or_refused_file_by_file(files: dict[str, bytes], index: bytes) -> None:
    with tempfile.TemporaryDirectory() as root:
        folder = Path(root) / "lampco" / "terms"
        folder.mkdir(parents=True)
        for name, content in files.items():
            try:
                (folder / name).write_bytes(content)
            except OSError:
                continue
        (folder / "2024-01-01.md").write_text(terms(), encoding="utf-8")
        (Path(root) / "INDEX.tsv").write_bytes(b"provider\tdocument\tfile\n" + index)
        found, said = "", ""
        try:
            with read_archive(Path(root), "folder") as archive:
                found = " ".join(capture.where for series in archive.series.values() for capture in series.captures)
        except UnreadableTerms as problem:
            said = str(problem)
        assert "2024-01-01.md" in found or "INDEX.tsv" in said


@pytest.mark.parametrize(
    "content,media_type,words",
    [
        (b"<p>" + b"word " * 10_000_001, "text/html", "larger than"),
        (b"%PDF-1.7" + b"0" * 26_000_000, "application/pdf", "larger than"),
        (b"word " * 2_000_000, "text/markdown", "larger than"),
        (b"\x89PNG\r\n", "image/png", "nothing that terms are read from"),
        (b"<body><script>paint()</script></body>", "text/html", "no text in it"),
        (PDF, "application/pdf", "a PDF of pictures"),
    ],
)
def test_what_no_terms_are_is_refused_in_words(content: bytes, media_type: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        page_text(content, media_type)


def test_a_page_nested_very_deep_is_read() -> None:
    page = "".join(tag * 4_000 for tag in ("<b>", "<div>", "<blockquote>"))
    assert "word" in page_text(f"{page}word".encode(), "text/html")


def test_one_line_of_sixty_thousand_characters_is_read_whole() -> None:
    line = " ".join(f"Keeper number {number} tends lamp {number}." for number in range(1_900))
    text = page_text(f"<body><p>Effective: May 1, 2024. {line}</p></body>".encode(), "text/html")
    assert (len(text) > 60_000, text.count("\n")) == (True, 1)
    assert len(canonical(text).sentences) == 1_901
    assert propose_dates(text, dt.date(2024, 6, 1)).words == "Effective: May 1, 2024."
