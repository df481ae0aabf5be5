"""The table of docs/capture.md: written from a run, and held against one."""

from __future__ import annotations

from pathlib import Path

from tests.capture.matrix.comparing import Row
from tests.capture.matrix.preparing import PROJECT

DOCUMENT = PROJECT / "docs" / "capture.md"
BEGIN, END = "<!-- table: python -m tests.capture.matrix -->", "<!-- end of table -->"
HEAD = "| client | version | protocol | case | calls made | far end counted | recorded | model calls read | verdict |"
# Their versions are the machine's, not a lock's.
OF_THE_MACHINE = ("curl", "Go net/http", "Java HttpClient", "Node fetch", "Node http2")


def table_of(rows: list[Row]) -> str:
    """The table in Markdown: versions and counts, no times."""
    lines = [HEAD, "|" + " --- |" * HEAD.count(" | ") + " --- |"]
    for row in rows:
        version = "the system's" if row.client in OF_THE_MACHINE else row.version
        cells = [
            row.client,
            version,
            row.protocol,
            row.case,
            row.made,
            row.counted,
            row.recorded,
            row.calls,
            row.verdict,
        ]
        lines.append("| " + " | ".join(str(cell) for cell in cells) + " |")
    return "\n".join(lines)


def committed_table(document: Path = DOCUMENT) -> str:
    """The table as the document has it; raises ValueError when its marks are missing."""
    before, begin, rest = document.read_text(encoding="utf-8").partition(BEGIN)
    table, end, _ = rest.partition(END)
    if not (before and begin and end):
        raise ValueError(f"{document.name} has lost the marks {BEGIN} and {END}")
    return table.strip()


def write_table(table: str, document: Path = DOCUMENT) -> None:
    """Put a table between the marks."""
    text = document.read_text(encoding="utf-8")
    document.write_text(text.replace(committed_table(document), table), encoding="utf-8")
