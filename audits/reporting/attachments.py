"""The data behind a report, attached to its PDF: the frozen context, the calls and the evidence entries."""

import csv
import io
import json
from collections.abc import Iterable, Mapping
from typing import Any

from audits.reporting.paper.metadata import Attached
from compliance.text.cells import harmless


def attachments(context: Mapping[str, Any]) -> list[Attached]:
    """The context, the calls and the evidence entries as files of a PDF/A-3."""
    held = json.dumps(context, indent=1, sort_keys=True, ensure_ascii=False)
    calls, entries = _csv(context["calls"]["rows"]), _csv(context["evidence"]["entries"])
    return [
        Attached("context.json", "The frozen context of this report", "application/json", _bytes(held)),
        Attached("calls.csv", "Calls of models", "text/csv", _bytes(calls)),
        Attached("evidence.csv", "Evidence entries with their hashes", "text/csv", _bytes(entries)),
    ]


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "replace")


def _csv(rows: Iterable[Mapping[str, Any]]) -> str:
    """Rows as CSV; a cell that a spreadsheet would take for a formula gets a leading apostrophe."""
    rows = list(rows)
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]) if rows else [])
    writer.writeheader()
    for row in rows:
        writer.writerow({key: _cell(value) for key, value in row.items()})
    return text.getvalue()


def _cell(value: Any) -> Any:
    return harmless(value) if isinstance(value, str) else value
