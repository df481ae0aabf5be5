"""The forms by name: what each is for, its type, and what makes it."""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from django.conf import settings

from audits.reporting.context import context_bytes
from audits.reporting.forms.csvs import csv_bundle
from audits.reporting.forms.drafts import DRAFTS, Draft, as_markdown, as_word
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


def _schema(context: Context, context_sha256: str) -> bytes:
    return SCHEMA_FILE.read_bytes()


SCHEMA_FILE: Final = Path(settings.BASE_DIR) / "static" / "schemas" / "clausetrail-report-1.json"
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
        Form(
            "schema", "JSON schema", "What the keys of the JSON form mean; the same for every report", ".schema.json",
            "application/schema+json", _schema,
        ),
    )
}  # fmt: skip


def _draft(name: str, write: Callable[[Draft, Context, str], bytes]) -> Callable[[Context, str], bytes]:
    def make(context: Context, context_sha256: str) -> bytes:
        return write(DRAFTS[name](context), context, context_sha256)

    return make


def _drafted() -> Iterator[Form]:
    word, text = f"{_OPEN_XML}.wordprocessingml.document", "text/markdown; charset=utf-8"
    for name in DRAFTS:
        words = "A draft for a person to complete"
        yield Form(f"{name}-docx", "Word", words, f"-{name}-draft.docx", word, _draft(name, as_word))
        yield Form(f"{name}-md", "Markdown", words, f"-{name}-draft.md", text, _draft(name, as_markdown))


DRAFT_FORMS: Final[Mapping[str, Form]] = {form.name: form for form in _drafted()}
"""Forms of the drafts of what laws ask to be published; for who may have reports made."""
EVERY_FORM: Final[Mapping[str, Form]] = {**FORMS, **DRAFT_FORMS}


def render_form(context: Context, form: str, context_sha256: str = "") -> bytes:
    """A report in another form. `context_sha256`: of the stored context; computed when it is left out. Raises UnknownForm."""
    if form not in EVERY_FORM:
        raise UnknownForm(f"{form[:40]!r} is no form of a report; there are {', '.join(EVERY_FORM)}")
    return EVERY_FORM[form].make(context, context_sha256 or hashlib.sha256(context_bytes(dict(context))).hexdigest())


def file_name(stem: str, form: str) -> str:
    """The name under which a form is taken away."""
    return f"{stem}{EVERY_FORM[form].suffix}"
