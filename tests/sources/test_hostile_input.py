"""Pages, lists and names made to break readers."""

import datetime as dt
import itertools
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compliance.sources.canonical import canonical
from compliance.sources.captures import UnreadableTerms, readable_text
from compliance.sources.cited import PassageSearch
from compliance.sources.dates import ProposedDates, propose_dates
from compliance.sources.folder import read_folder
from compliance.sources.history import History
from compliance.sources.names import slug
from compliance.sources.planning import Dated, plan
from tests.sources.terms import day

MARKS = st.text(alphabet="[]()!<>-#*_`|\n \t\\\"'&;:.aZ12024é灯\u202e\u200b\ufeff", max_size=400)


@given(st.lists(MARKS, max_size=8))
def test_any_pages_get_a_verdict(pages: list[str]) -> None:
    history = History()
    for number, page in enumerate(pages):
        told = history.judge(page, day("2024-01-01") + dt.timedelta(days=number))
        assert told.reason


@given(MARKS)
def test_any_page_has_dates_and_passages_or_none(page: str) -> None:
    found = propose_dates(page, dt.date(2024, 1, 1))
    assert found.basis
    assert PassageSearch().find(page, {"0" * 64}) == set()


@given(st.binary(max_size=300))
def test_any_bytes_are_a_text_or_refused_in_words(content: bytes) -> None:
    try:
        text = readable_text(content)
    except ValueError as problem:
        text = str(problem)
    assert "\x00" not in text
    assert text or not content.removeprefix(b"\xef\xbb\xbf")


@given(st.text(max_size=300))
def test_any_name_becomes_a_slug(name: str) -> None:
    made = slug(name)
    assert made
    assert made.isascii()
    assert len(made) <= 60
    assert not set(made) - set("abcdefghijklmnopqrstuvwxyz0123456789-")


@given(st.lists(st.lists(st.text(max_size=30), min_size=3, max_size=9), max_size=6), st.binary(max_size=60))
def test_any_list_is_read_or_refused_in_words(rows: list[list[str]], tail: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        head = "provider\tdocument\tversion_date\tsha256\tfile\n"
        body = "\n".join("\t".join(cell.replace("\t", " ") for cell in row) for row in rows)
        (path / "INDEX.tsv").write_bytes(head.encode() + body.encode("utf-8", "replace") + b"\n" + tail)
        try:
            archive = read_folder(path)
        except UnreadableTerms:
            return
        assert not archive.series
        assert all(one.where.isprintable() for one in archive.rejections)


days = st.dates(min_value=dt.date(2020, 1, 1), max_value=dt.date(2021, 1, 1))


@given(st.lists(st.tuples(days, days, st.booleans()), max_size=12), st.lists(days, min_size=2, max_size=2, unique=True))
def test_planned_ranges_never_overlap(rows: list[tuple[dt.date, dt.date, bool]], fixed: list[dt.date]) -> None:
    start, end = sorted(fixed)
    texts = [
        Dated(str(n), seen, ProposedDates(since, "", since if said else None))
        for n, (seen, since, said) in enumerate(rows)
    ]
    texts.append(Dated("fixed", start, ProposedDates(start, ""), (start, end)))
    planned = plan(texts)
    assert sorted(one.key for one in planned) == sorted(one.key for one in texts if one.key != "fixed")
    ranges = [(one.since, one.until or dt.date.max) for one in planned if one.since] + [(start, end)]
    ranges.sort()
    assert all(since < until for since, until in ranges)
    assert all(first[1] <= second[0] for first, second in itertools.pairwise(ranges))


@pytest.mark.parametrize(
    "piece",
    ["[", "![", "[a](", "[a](b", "<!--", "<a ", "((", "effective ", "2024 ", "last updated: ", "\\[", "a.", "a" * 50],
)
def test_pages_made_to_keep_patterns_busy_are_read(piece: str) -> None:
    """A quarter of a megabyte of one piece: a pattern that looked again from every place would not come back."""
    page = piece * (250_000 // len(piece))
    assert canonical(page).layout is not None
    assert propose_dates(page, dt.date(2024, 1, 1)).basis


def test_a_list_with_an_endless_cell_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "INDEX.tsv").write_text("provider\tdocument\tfile\nlampco\tlamps\t" + "x" * 200_000 + "\n")
    with pytest.raises(UnreadableTerms, match=r"INDEX\.tsv, line 2: field larger"):
        read_folder(tmp_path)
