"""The spreadsheet and the CSV files, opened by other programs' readers."""

import csv
import datetime as dt
import io
import zipfile
from typing import Any

import openpyxl
import pytest

from audits.reporting.forms import render_form
from audits.reporting.forms.cells import CUT, MOST_IN_A_CELL, harmless, moment, shown
from audits.reporting.forms.csvs import tables_of
from tests.reporting import contexts

SHA = "ab" * 32


def opened(context: contexts.Context, **options: Any) -> Any:
    return openpyxl.load_workbook(io.BytesIO(render_form(context, "xlsx", SHA)), **options)


def files(context: contexts.Context) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(render_form(context, "csv", SHA))) as bundle:
        assert bundle.testzip() is None
        return {name: bundle.read(name).decode("utf-8-sig") for name in bundle.namelist()}


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


@pytest.fixture(scope="module")
def book(context: contexts.Context) -> Any:
    return opened(context)


def test_each_table_has_a_sheet_whose_header_stays_and_filters(book: Any, context: contexts.Context):
    assert book.sheetnames == ["About", *(table.title for table in tables_of(context))]
    for sheet in book.worksheets[1:]:
        assert sheet.freeze_panes == "B4"
        assert sheet.auto_filter.ref.startswith("A3:")
        assert sheet.print_title_rows == "$3:$3"


def test_cells_hold_what_their_columns_say(book: Any):
    calls = book["Calls"]
    header = {cell.value: at for at, cell in enumerate(calls[3])}
    first = calls[4]
    assert first[header["Call"]].value == 0
    assert first[header["At"]].value == dt.datetime.fromisoformat("2026-11-20T12:00:00.250")
    assert first[header["At"]].is_date
    assert first[header["Answer, SHA-256"]].data_type in ("s", "inlineStr")
    assert first[header["Failed"]].value == "no"
    assert book["Terms in force"]["I4"].value.date() == dt.date(2025, 5, 31)


def test_a_hash_of_digits_alone_stays_text():
    context = contexts.plain(calls=1)
    context["calls"]["rows"][0]["output_sha256"] = "1" * 64
    assert opened(context)["Calls"]["N4"].value == "1" * 64


@pytest.mark.parametrize(
    "name", ["=1+1", '=HYPERLINK("http://x.test")', "+1", "-1", "@SUM(1)", "＝1+1", " =1+1", "{=1}"]
)
def test_no_name_becomes_a_formula_or_a_link(name: str):
    context = contexts.hostile(name)
    for sheet in opened(context).worksheets:
        for row in sheet.iter_rows():
            assert [cell.coordinate for cell in row if cell.data_type == "f" or cell.hyperlink] == []
    told = rows_of(files(context)["calls.csv"])[0]["model"]
    assert told in (name, f"'{name}")
    assert not told.lstrip(" ").startswith(("=", "+", "-", "@", "＝"))


def test_hostile_and_far_words_arrive_as_they_are_shown_elsewhere():
    for text in (contexts.HOSTILE, contexts.FAR, contexts.LONG, "lone \ud800"):
        context = contexts.hostile(text)
        assert opened(context)["Calls"]["D4"].value == shown(text)
        told = rows_of(files(context)["calls.csv"])[0]["model"]
        assert told == harmless(shown(text))


def test_what_no_cell_can_hold_is_cut_and_says_so():
    context = contexts.plain(findings=1)
    context["findings"][0]["sentence"] = "word " * 10_000
    told = opened(context)["Findings"]["G4"].value
    assert len(told) == MOST_IN_A_CELL
    assert told.endswith(CUT)


def test_a_table_that_is_not_whole_says_how_many_there_are():
    context = contexts.plain()
    context["calls"]["total"] = 31_000
    assert "31,000" in opened(context)["Calls"]["A2"].value
    assert "calls.csv: 12 rows of 31,000" in files(context)["README.txt"]


def test_a_run_without_anything_gives_tables_without_rows():
    assert opened(contexts.empty())["Calls"]["A4"].value is None
    assert rows_of(files(contexts.empty())["calls.csv"]) == []


def test_the_dictionary_names_every_column_of_every_file(context: contexts.Context):
    found = files(context)
    told = {(row["file"], row["column"]) for row in rows_of(found["dictionary.csv"])}
    for table in tables_of(context):
        header = next(csv.reader(io.StringIO(found[f"{table.name}.csv"])))
        assert {(f"{table.name}.csv", name) for name in header} <= told


@pytest.mark.parametrize("form", ["xlsx", "csv", "sarif", "json"])
def test_the_same_context_gives_the_same_bytes(context: contexts.Context, form: str):
    assert render_form(context, form, SHA) == render_form(contexts.round_trip(context), form, SHA)


def test_a_time_is_kept_in_utc_and_what_is_none_stays_text():
    assert moment("2026-11-20T14:00:00+02:00") == dt.datetime.fromisoformat("2026-11-20T12:00:00")
    assert moment("yesterday") is None
    context = contexts.plain(calls=1)
    context["calls"]["rows"][0]["at"] = "yesterday"
    assert opened(context)["Calls"]["B4"].value == "yesterday"
