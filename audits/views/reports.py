"""Reports: asked for, listed, taken away as PDF."""

from django.conf import settings
from django.http import FileResponse, Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render

from audits.access import get_report, get_run, may_report, require_may_report, visible_reports
from audits.actions.reports import request_report
from audits.evidence.store import Missing, open_store
from audits.models import Look, Report
from audits.tasks import render_report
from audits.views.listing import page_of, sorted_by
from audits.views.looks import looked
from audits.views.runs import run_context
from compliance.models import ApiToken
from compliance.views.programs import for_programs
from compliance.views.requests import PersonRequest

COLUMNS = {"report": ("id",), "run": ("run_id",), "state": ("state",), "pages": ("pages",)}


def listing(request: PersonRequest) -> HttpResponse:
    """Every report that the person may see, newest first."""
    reports = visible_reports(request.user).select_related("requested_by", "run__pipeline__project").order_by("-id")
    return render(request, "audits/report_list.html", {"page": page_of(request, sorted_by(request, reports, COLUMNS))})


def of_run(request: PersonRequest, pk: int) -> HttpResponse:
    """The reports on one run; POST asks for a new one."""
    run = get_run(request.user, pk)
    if request.method == "POST":
        require_may_report(request.user, run)
        marking = request.POST.get("marking", "")
        chosen = marking if marking in Report.Marking.values else Report.Marking.DRAFT
        report = request_report(run=run, acting_user=request.user, marking=chosen)
        render_report.delay_on_commit(report.pk)
        return redirect("run-report", pk=run.pk)
    reports = list(run.reports.select_related("requested_by").order_by("-number"))
    context = run_context(request, run, "report") | {
        "reports": reports,
        "waiting": any(report.state in (Report.State.QUEUED, Report.State.RENDERING) for report in reports),
        "may_report": may_report(request.user, run.pipeline.project),
    }
    return render(request, "audits/run_report.html", context)


@for_programs(ApiToken.Scope.READ)
def download(request: PersonRequest, pk: int) -> HttpResponseBase:
    """The PDF, as it was made."""
    report = get_report(request.user, pk)
    if report.state != Report.State.READY or not report.pdf_sha256:
        raise Http404("this report has not been made")
    try:
        pdf = open_store(settings.EVIDENCE_URL).open(report.pdf_sha256)
    except Missing as problem:
        raise Http404(str(problem)) from problem
    looked(request, Look.What.REPORT, f"report {report.number}", run=report.run, sha256=report.pdf_sha256)
    name = f"{report.run.pipeline.slug}-run-{report.run.number}-report-{report.number}.pdf"
    return FileResponse(pdf, as_attachment=True, filename=name, content_type="application/pdf")
