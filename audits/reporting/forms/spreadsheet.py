"""The spreadsheet: a sheet about the report and one for each table, written row by row to take little memory."""

import datetime as dt
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from audits.reporting.filters import COLOURS
from audits.reporting.forms.about import about, marking, subject
from audits.reporting.forms.cells import day, moment, shown
from audits.reporting.forms.csvs import tables_of
from audits.reporting.forms.tables import Column, Kind, Table
from audits.reporting.wording import OUTCOME_WORDS

WIDTHS: Final = {
    Kind.TEXT: 24, Kind.LONG: 60, Kind.HASH: 20, Kind.COUNT: 11, Kind.NUMBER: 11, Kind.DAY: 12, Kind.MOMENT: 20,
    Kind.FLAG: 9,
}  # fmt: skip
NARROW: Final = {"finding": 10, "outcome": 20, "section": 14, "call": 9, "entry": 9, "source": 12, "sentence": 70}
HEADER_ROW: Final = 2  # counted from 0: title, words, then the header
YES_NO: Final = {True: "yes", False: "no"}


@dataclass(frozen=True)
class _Formats:
    """Cell formats by what a column holds."""

    title: Format
    note: Format
    header: Format
    header_right: Format
    label: Format
    of: Mapping[Kind, Format]
    outcomes: Mapping[str, Format]


def spreadsheet(context: Mapping[str, Any], context_sha256: str) -> bytes:
    """The tables of a frozen context as an XLSX file. Cells are texts, numbers, dates and times: never formulas or links."""
    made = io.BytesIO()
    book = xlsxwriter.Workbook(made, {
        "constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False,
        "default_date_format": "yyyy-mm-dd",
    })  # fmt: skip
    book.set_properties({
        "title": shown(subject(context), 250), "subject": context["report"]["case"], "author": "Clausetrail",
        "comments": f"Frozen context {context_sha256}", "created": dt.datetime.fromisoformat(context["report"]["made_at"]),
    })  # fmt: skip
    formats = _formats(book)
    first = book.add_worksheet("About")
    sheets = [(table, book.add_worksheet(table.title)) for table in tables_of(context)]
    counts = [_fill(sheet, table, context, formats) for table, sheet in sheets]
    _fill_about(first, context, context_sha256, formats, counts)
    book.close()
    return made.getvalue()


def _formats(book: xlsxwriter.Workbook) -> _Formats:
    base = {"font_name": "Calibri", "font_size": 10, "valign": "top"}

    def made(**more: Any) -> Format:
        return book.add_format(base | more)

    return _Formats(
        title=made(bold=True, font_size=14, indent=1),
        note=made(font_color="#4A5160", indent=1),
        header=made(bold=True, bottom=1, bg_color="#EEF0F3", text_wrap=True, indent=1),
        header_right=made(bold=True, bottom=1, bg_color="#EEF0F3", text_wrap=True, align="right"),
        label=made(bold=True, indent=1),
        of={
            Kind.TEXT: made(indent=1), Kind.LONG: made(text_wrap=True, indent=1),
            Kind.HASH: made(font_name="Consolas", font_size=8, indent=1),
            Kind.COUNT: made(num_format="#,##0"), Kind.NUMBER: made(num_format="#,##0.###"),
            Kind.DAY: made(num_format="yyyy-mm-dd", align="left", indent=1),
            Kind.MOMENT: made(num_format="yyyy-mm-dd hh:mm:ss", align="left", indent=1), Kind.FLAG: made(indent=1),
        },
        outcomes={name: made(bold=True, indent=1, font_color=COLOURS[name]) for name in OUTCOME_WORDS},
    )  # fmt: skip


def _fill(
    sheet: Worksheet, table: Table, context: Mapping[str, Any], formats: _Formats
) -> tuple[Table, int, int | None]:
    """One table; tells how many rows it has, and how many the record has if there are more."""
    _lay_out(sheet, table, context)
    for at, column in enumerate(table.columns):
        sheet.set_column(at, at, NARROW.get(column.name, WIDTHS[column.kind]), formats.of[column.kind])
    whole = table.whole(context)
    sheet.write_string(0, 0, table.title, formats.title)
    note = f" Not all of them: the record has {whole:,}; the others are in the evidence bundle." if whole else ""
    sheet.write_string(1, 0, table.words + note, formats.note)
    for at, column in enumerate(table.columns):
        right = column.kind in (Kind.COUNT, Kind.NUMBER)
        sheet.write_string(HEADER_ROW, at, column.title, formats.header_right if right else formats.header)
    count = 0
    for row in table.rows(context):
        count += 1
        for at, (column, value) in enumerate(zip(table.columns, row, strict=True)):
            _cell(sheet, HEADER_ROW + count, at, column, value, formats)
    sheet.autofilter(HEADER_ROW, 0, HEADER_ROW + max(count, 1), len(table.columns) - 1)
    return table, count, whole


def _lay_out(sheet: Worksheet, table: Table, context: Mapping[str, Any]) -> None:
    sheet.freeze_panes(HEADER_ROW + 1, 1)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(HEADER_ROW)
    _head_and_foot(sheet, context)


def _head_and_foot(sheet: Worksheet, context: Mapping[str, Any]) -> None:
    sheet.set_header(f"&L{context['report']['case']}&R{marking(context)}")
    sheet.set_footer("&L&A&RPage &P of &N")


def _cell(sheet: Worksheet, row: int, at: int, column: Column, value: Any, formats: _Formats) -> None:
    """Write one cell as what its column holds; what does not fit the column is written as text, never dropped."""
    if value is None or value == "":
        return
    format_ = formats.of[column.kind]
    if column.name == "outcome" and value in OUTCOME_WORDS:
        sheet.write_string(row, at, OUTCOME_WORDS[value], formats.outcomes[value])
    elif isinstance(value, bool):
        sheet.write_string(row, at, YES_NO[value], format_)
    elif column.kind in (Kind.COUNT, Kind.NUMBER) and isinstance(value, int | float):
        sheet.write_number(row, at, value, format_)
    elif (dated := _DATES.get(column.kind, _none)(value)) is not None:
        sheet.write_datetime(row, at, dated, format_)
    else:
        sheet.write_string(row, at, shown(value), format_)


def _none(value: Any) -> None:
    return None


_DATES: Final[Mapping[Kind, Callable[[Any], dt.date | dt.datetime | None]]] = {Kind.DAY: day, Kind.MOMENT: moment}


def _fill_about(
    sheet: Worksheet, context: Mapping[str, Any], context_sha256: str, formats: _Formats,
    counts: list[tuple[Table, int, int | None]],
) -> None:  # fmt: skip
    """The first sheet: what this is, and what the others hold."""
    _head_and_foot(sheet, context)
    sheet.set_portrait()
    sheet.fit_to_pages(1, 0)
    sheet.set_column(0, 0, 26)
    sheet.set_column(1, 1, 12)
    sheet.set_column(2, 2, 78)
    sheet.write_string(0, 0, "Audit of terms of service", formats.title)
    wrapped, row = formats.of[Kind.LONG], 1
    for label, value in about(context, context_sha256):
        row += 1
        text = shown(value)
        sheet.write_string(row, 0, label, formats.label)
        sheet.merge_range(row, 1, row, 2, "", wrapped)
        sheet.write_string(row, 1, text, wrapped)
        sheet.set_row(row, 14 * min(6, 1 + len(text) // 95))
    row += 2
    for at, words in enumerate(("Sheet", "Rows", "What it holds")):
        sheet.write_string(row, at, words, formats.header)
    for table, count, whole in counts:
        row += 1
        sheet.write_string(row, 0, table.title, formats.of[Kind.TEXT])
        sheet.write_number(row, 1, count, formats.of[Kind.COUNT])
        sheet.write_string(row, 2, table.words + (f" The record has {whole:,}." if whole else ""), wrapped)
