"""Drafts of what laws ask developers to publish of their training data, as pages; filled from a report's frozen context."""

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from audits.access import get_report, may_report
from audits.evidence.store import Missing
from audits.models import Look, Report
from audits.procedures.report_forms import frozen_context
from audits.queries.report_forms import projects_of
from audits.reporting.forms import DRAFT_FORMS
from audits.reporting.forms.drafts import DRAFTS
from audits.reporting.forms.drafts.fields import SOURCES
from audits.views.looks import looked_in
from compliance.access import require
from compliance.views.requests import PersonRequest


@require_GET
def page(request: PersonRequest, pk: int, name: str) -> HttpResponse:
    """One draft: every field, what the record says, and what a person has to fill in."""
    report = get_report(request.user, pk)
    for project in projects_of(report):
        sentence = f"Drafts on {project} are read by its engineers, legal or an administrator."
        require(may_report(request.user, project), sentence)
    if name not in DRAFTS or report.state != Report.State.READY or not report.context_sha256:
        raise Http404(f"a finished report has the drafts {', '.join(DRAFTS)}")
    try:
        draft = DRAFTS[name](frozen_context(report))
    except Missing as problem:
        raise Http404(str(problem)) from problem
    for project in projects_of(report):
        looked_in(request, Look.What.REPORT, f"report {report.number}, draft {name}", project=project, run=report.run,
                  sha256=report.context_sha256)  # fmt: skip
    context = {
        "report": report,
        "draft": draft,
        "others": [(other, _TITLES[other]) for other in DRAFTS],
        "forms": [form for key, form in DRAFT_FORMS.items() if key.startswith(f"{name}-")],
        "sources": SOURCES,
    }
    return render(request, "audits/report_draft.html", context)


_TITLES = {"ai-act": "EU AI Act, Article 53(1)(d)", "ab2013": "California AB 2013"}
