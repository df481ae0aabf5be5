"""The forms by name: what each is for, its type, and what makes it."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from audits.reporting.context import context_bytes
from audits.reporting.forms.csvs import csv_bundle
from audits.reporting.forms.sarif import findings_as_sarif
from audits.reporting.forms.spreadsheet import spreadsheet
from audits.reporting.forms.word import word_file

Context = Mapping[str, Any]


class UnknownForm(ValueError):
    """There is no such form; the message names those that there are."""


@dataclass(frozen=True)
class Form:
    """`make` takes the frozen context and its SHA-256, and gives the file's bytes; the same ones each time."""

    name: str
    title: str
    words: str
    suffix: str
    content_type: str
    make: Callable[[Context, str], bytes]


def _as_stored(context: Context, context_sha256: str) -> bytes:
    return context_bytes(dict(context))


_OPEN_XML: Final = "application/vnd.openxmlformats-officedocument"
FORMS: Final[Mapping[str, Form]] = {
    form.name: form
    for form in (
        Form(
            "docx", "Word", "The report as text that counsel edits and comments on, with styles, captions and contents",
            ".docx", f"{_OPEN_XML}.wordprocessingml.document", word_file,
        ),
        Form(
            "xlsx", "Spreadsheet", "Findings, calls, rows, terms, decisions, gaps and evidence, a sheet each", ".xlsx",
            f"{_OPEN_XML}.spreadsheetml.sheet", spreadsheet,
        ),
        Form("csv", "CSV files", "The same tables as files, with a dictionary", ".csv.zip", "application/zip", csv_bundle),
        Form("json", "JSON", "The frozen context itself, as it was hashed", ".json", "application/json", _as_stored),
        Form(
            "sarif", "SARIF", "The findings for code hosts and editors", ".sarif", "application/sarif+json",
            findings_as_sarif,
        ),
    )
}  # fmt: skip


def render_form(context: Context, form: str, context_sha256: str = "") -> bytes:
    """A report in another form. `context_sha256`: of the stored context; computed when it is left out. Raises UnknownForm."""
    if form not in FORMS:
        raise UnknownForm(f"{form[:40]!r} is no form of a report; there are {', '.join(FORMS)}")
    return FORMS[form].make(context, context_sha256 or hashlib.sha256(context_bytes(dict(context))).hexdigest())


def file_name(stem: str, form: str) -> str:
    """The name under which a form is taken away."""
    return f"{stem}{FORMS[form].suffix}"
