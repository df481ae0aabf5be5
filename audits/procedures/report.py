"""Making a report: the context frozen and kept, the paper rendered from it and kept beside it."""

import json
import traceback
from collections.abc import Mapping
from typing import Any

from django.conf import settings

from audits.access import visible_reports
from audits.actions.reports import (
    DONE,
    MAKING,
    PAPER,
    begin_report,
    fail_report,
    finish_report,
    leave_report,
    tell_progress,
)
from audits.evidence.store import open_store
from audits.models import Report
from audits.procedures.signing import identity, sign_paper, signing_part, standing_of
from audits.reporting.context import build_context, context_bytes
from audits.reporting.pdf import render_pdf


class Cancelled(Exception):
    """Somebody asked to stop while the report was being made."""


class Progress:
    """Puts down which part is being made; raises Cancelled when somebody asked to stop."""

    def __init__(self, report: Report) -> None:
        self._report, self._steps = report.pk, [dict(step) for step in report.progress]

    def __call__(self, part: str) -> None:
        if not self._steps:
            return
        for step in self._steps:
            step["state"] = DONE if step["state"] == MAKING else step["state"]
            step["state"] = MAKING if step["part"] == part else step["state"]
        if part == PAPER:
            self._steps = [step | {"state": MAKING if step["part"] == PAPER else DONE} for step in self._steps]
        if not tell_progress(self._report, self._steps):
            raise Cancelled


def earlier_context(report: Report) -> Mapping[str, Any] | None:
    """The context of the report that this one is held against; None without one, or where whoever asked may not see it."""
    since, person = report.since, report.requested_by
    if since is None or not since.context_sha256:
        return None
    if person is not None and not visible_reports(person).filter(pk=since.pk).exists():
        return None
    with open_store(settings.EVIDENCE_URL).open(since.context_sha256) as stored:
        context: Mapping[str, Any] = json.load(stored)
    return context


def make_report(report_id: int, *, state: str | None = None, paper: str = "") -> bool:
    """Render a queued report; False when it is finished already, was cancelled, or could not be made (it then says why).

    `state`: the run's end state, when the report is the run's own last step. `paper`: A4 or letter; empty: as was asked.
    """
    if not begin_report(report_id):
        return False
    report = Report.objects.select_related("run", "since", "requested_by").get(pk=report_id)
    store, tell = open_store(settings.EVIDENCE_URL), Progress(report)
    paper = paper or str(report.options.get("paper") or "A4")
    try:
        context = build_context(report, state=state, tell=tell, earlier=earlier_context(report))
        tell(PAPER)
        standing = standing_of(report)
        own = identity() if standing.approvals else None
        context["report"]["verify_at"] = f"{settings.PUBLIC_URL}/verify/"
        context["report"]["unsigned_because"] = standing.why_not
        context["signing"] = signing_part(standing, own, profile=report.profile) if own else None
        content = context_bytes(context)
        digest = store.put(content)
        made = render_pdf(json.loads(content), digest, paper=paper)
        pdf = sign_paper(report, standing, own, made.pdf) if own else made.pdf
    except Cancelled:
        leave_report(report_id)
        return False
    except Exception:  # noqa: BLE001 - the run's findings stand without their paper; the report itself says what failed
        fail_report(report_id, traceback.format_exc())
        return False
    finish_report(report_id, context_sha256=digest, pdf_sha256=store.put(pdf), pages=made.pages, size=len(pdf))
    return True
