"""Making a report: the context frozen and kept, the paper rendered from it and kept beside it."""

import json
import traceback

from django.conf import settings

from audits.actions.reports import begin_report, fail_report, finish_report
from audits.evidence.store import open_store
from audits.models import Report
from audits.reporting.context import build_context, context_bytes
from audits.reporting.pdf import render_pdf


def make_report(report_id: int, *, state: str | None = None, paper: str = "A4") -> bool:
    """Render a queued report; False when it is finished already, or could not be made (the report then says why).

    `state`: the run's end state, when the report is the run's own last step. `paper`: A4 or letter.
    """
    if not begin_report(report_id):
        return False
    report = Report.objects.select_related("run").get(pk=report_id)
    store = open_store(settings.EVIDENCE_URL)
    try:
        context = build_context(report, state=state)
        content = context_bytes(context)
        digest = store.put(content)
        made = render_pdf(json.loads(content), digest, paper=paper)
    except Exception:  # noqa: BLE001 - the run's findings stand without their paper; the report itself says what failed
        fail_report(report_id, traceback.format_exc())
        return False
    finish_report(
        report_id, context_sha256=digest, pdf_sha256=store.put(made.pdf), pages=made.pages, size=len(made.pdf)
    )
    return True
