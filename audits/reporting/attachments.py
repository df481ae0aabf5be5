"""The data behind a report, attached to its PDF: the frozen context, the calls and the evidence entries."""

import csv
import io
import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from weasyprint import Attachment

FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet takes a cell for a formula by


def attachments(context: Mapping[str, Any]) -> list[Attachment]:
    """The context, the calls and the evidence entries as files of a PDF/A-3."""
    made = datetime.fromisoformat(context["report"]["made_at"])
    files_of = {
        "context.json": (
            json.dumps(context, indent=1, sort_keys=True, ensure_ascii=False),
            "The frozen context of this report",
        ),
        "calls.csv": (_csv(context["calls"]["rows"]), "Calls of models"),
        "evidence.csv": (_csv(context["evidence"]["entries"]), "Evidence entries with their hashes"),
    }
    return [
        Attachment(
            string=text.encode("utf-8", "replace"),
            name=name,
            description=description,
            relationship="Data",
            created=made,
            modified=made,
        )
        for name, (text, description) in files_of.items()
    ]


def _csv(rows: Iterable[Mapping[str, Any]]) -> str:
    """Rows as CSV; a cell that a spreadsheet would take for a formula gets a leading apostrophe."""
    rows = list(rows)
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]) if rows else [])
    writer.writeheader()
    for row in rows:
        writer.writerow({key: _harmless(value) for key, value in row.items()})
    return text.getvalue()


def _harmless(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value[:1] in FORMULA else value
