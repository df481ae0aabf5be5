"""The CSV bundle: a ZIP with one file for each table, a data dictionary and a page that says what it is."""

import csv
import io
import zipfile
from collections.abc import Iterable, Mapping
from typing import Any, Final

from audits.reporting.forms.about import about
from audits.reporting.forms.cells import plain, shown
from audits.reporting.forms.chosen import CHOSEN
from audits.reporting.forms.judged import JUDGED
from audits.reporting.forms.recorded import RECORDED
from audits.reporting.forms.tables import Kind, Table

TABLES: Final[tuple[Table, ...]] = JUDGED + RECORDED + CHOSEN
AT: Final = (1980, 1, 1, 0, 0, 0)  # the same bytes from the same context
BOM: Final = "\ufeff"  # spreadsheets take a CSV file for UTF-8 by it
NOTE: Final = """
Files are UTF-8 with a byte order mark, separated by commas, lines end with CR LF; the first line names the columns.
dictionary.csv says what each column holds. Days are ISO 8601 dates, times ISO 8601 in UTC, an empty cell is not known.
A cell that a spreadsheet would take for a formula begins with an apostrophe. Characters that would hide or turn text are
spelled out, as <U+202E>. The exact text, and everything else that the report rests on, is in the report's JSON form.
"""


def tables_of(context: Mapping[str, Any]) -> tuple[Table, ...]:
    """The tables for which the context has a part."""
    return tuple(table for table in TABLES if not table.part or context.get(table.part) is not None)


def csv_bundle(context: Mapping[str, Any], context_sha256: str) -> bytes:
    """The tables of a frozen context as a ZIP of CSV files."""
    bundle = io.BytesIO()
    with zipfile.ZipFile(bundle, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as file:
        counts = {}
        for table in tables_of(context):
            text, counts[table.name] = _of_table(table, context)
            _write(file, f"{table.name}.csv", text)
        _write(file, "dictionary.csv", _dictionary(tables_of(context)))
        _write(file, "README.txt", _readme(context, context_sha256, counts))
    return bundle.getvalue()


def _write(file: zipfile.ZipFile, name: str, text: str) -> None:
    entry = zipfile.ZipInfo(name, AT)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    file.writestr(entry, text.encode("utf-8", "replace"))


def _of_table(table: Table, context: Mapping[str, Any]) -> tuple[str, int]:
    kinds = [column.kind for column in table.columns]
    rows = [[plain(value, kind) for value, kind in zip(row, kinds, strict=True)] for row in table.rows(context)]
    return _csv([[column.name for column in table.columns], *rows]), len(rows)


def _csv(rows: Iterable[Iterable[str]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return BOM + text.getvalue()


def _dictionary(tables: Iterable[Table]) -> str:
    lines = [["file", "column", "title", "holds", "meaning"]]
    for table in tables:
        lines += [[f"{table.name}.csv", one.name, one.title, _holds(one.kind), one.words] for one in table.columns]
    return _csv(lines)


def _holds(kind: Kind) -> str:
    return {Kind.DAY: "ISO date", Kind.MOMENT: "ISO time, UTC", Kind.FLAG: "true or false", Kind.HASH: "SHA-256"}.get(
        kind, str(kind)
    )


def _readme(context: Mapping[str, Any], context_sha256: str, counts: Mapping[str, int]) -> str:
    lines = [f"{label}: {' '.join(shown(value).split())}" for label, value in about(context, context_sha256)]
    lines += [NOTE.rstrip(), ""]
    for table in tables_of(context):
        whole = table.whole(context)
        rest = f" of {whole:,}; the others are in the evidence bundle" if whole else ""
        lines.append(f"{table.name}.csv: {counts[table.name]:,} rows{rest}. {table.words}")
    return "\r\n".join(line for text in lines for line in text.split("\n")) + "\r\n"
