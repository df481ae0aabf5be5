"""Making a report in another form, from the context that was frozen when the report was made."""

import json
import traceback
from typing import Any, Final

from django.conf import settings

from audits.actions.report_forms import begin_form, fail_form, finish_form
from audits.evidence.store import open_store
from audits.models import Report, ReportForm
from audits.reporting.forms import render_form

AS_KEPT = "json"
"""The form that is the frozen context itself: it is in the store already."""
QUICK: Final = 250_000
"""Bytes of a context that becomes any form within a second: some 500 calls and 20 findings."""


def frozen_context(report: Report) -> dict[str, Any]:
    """The context that a report is made from. Raises Missing when the store has it no longer."""
    context: dict[str, Any] = json.loads(_kept(report))
    return context


def _kept(report: Report) -> bytes:
    with open_store(settings.EVIDENCE_URL).open(report.context_sha256) as file:
        return file.read()


def is_quick(report: Report) -> bool:
    """Whether a form of the report can be made while somebody waits for the page."""
    return len(_kept(report)) <= QUICK


def form_of(report: Report, name: str) -> bytes:
    """A form's bytes, made now and not kept. Raises UnknownForm, and Missing."""
    return render_form(frozen_context(report), name, report.context_sha256)


def make_form(form_id: int) -> bool:
    """Make a form that was asked for; False when it is made already, or could not be made (it then says why)."""
    if not begin_form(form_id):
        return False
    form = ReportForm.objects.select_related("report").get(pk=form_id)
    try:
        made = form_of(form.report, form.name)
        sha256 = open_store(settings.EVIDENCE_URL).put(made)
    except Exception:  # noqa: BLE001 - the report stands without this form; the form itself says what failed
        fail_form(form_id, traceback.format_exc())
        return False
    finish_form(form_id, sha256=sha256, size=len(made))
    return True
