"""Reports: listed, read about, cancelled, held against each other, taken away."""

import json
from collections.abc import Mapping
from typing import Any, Final

from django import forms
from django.conf import settings
from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import FileResponse, Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.text import slugify
from django.views.decorators.http import require_GET, require_POST

from audits.access import (
    get_report,
    get_run,
    may_report,
    may_share,
    reportable_projects,
    require_may_report_on,
    visible_reports,
)
from audits.actions.reports import MAKING, PAPER, cancel_report, request_report
from audits.evidence.store import Missing, open_store
from audits.models import Look, Report, Run
from audits.queries.report_choices import earlier_reports
from audits.queries.report_forms import projects_of
from audits.reporting.changes import compare
from audits.reporting.forms import FORMS
from audits.reporting.options import DEPTHS, LANGUAGES, PARTS, STANDARD
from audits.tasks import render_report
from audits.views.forms import Filter, offered
from audits.views.looks import looked_in
from audits.views.runs import run_context
from compliance.access import visible_projects
from compliance.models import ApiToken, Project
from compliance.views.lists import Listing, field, wants_csv
from compliance.views.programs import for_programs
from compliance.views.requests import PersonRequest

REPORTS: Final = Listing(
    "reports",
    (
        field("report", "id", of="number"), field("about", "title", of="title"), field("scope"),
        field("project", of="run.pipeline.project.name"), field("for", "profile", of="profile"), field("state", "state"),
        field("marking", "marking"), field("asked", "requested_at", of="requested_at"), field("by", of="requested_by"),
        field("signed", of="signature.level"), field("signed_by", of="signature.subject"),
        field("signed_at", of="signature.signed_at"), field("pages", "pages"), field("size"),
        field("context_sha256"), field("pdf_sha256"),
    ),
    words=("title", "run__pipeline__name"),
)  # fmt: skip


# What a list says nothing of, and would read of each report and its run.
_NOT_TOLD: Final = (
    "options", "progress",
    *(f"run__{name}" for name in (
        "manifest_text", "manifest", "scan", "prompts", "environment", "summary", "limits", "limits_used", "replay", "upstreams",
        "isolation_reasons", "traceback",
    )),
)  # fmt: skip


class ReportFilter(Filter):
    """Narrows the list of reports."""

    scope = forms.ChoiceField(label="About", required=False, choices=[("", "Anything"), *Report.Scope.choices])
    profile = forms.ChoiceField(label="For", required=False, choices=[("", "Anybody"), *Report.Profile.choices])
    state = forms.ChoiceField(label="State", required=False, choices=[("", "Any state"), *Report.State.choices])
    project = forms.ChoiceField(label="Project", required=False)

    def __init__(self, data: Any, projects: QuerySet[Project]) -> None:
        super().__init__(data)
        offered(self, "project", "Any project", projects.values_list("slug", "name"))
        self.full_clean()

    def narrow(self, reports: QuerySet[Report]) -> QuerySet[Report]:
        """The reports left."""
        for name in ("scope", "profile", "state"):
            if self.asked(name):
                reports = reports.filter(**{name: self.asked(name)})
        slug = self.asked("project")
        if not slug:
            return reports
        over_it = Report.projects.through.objects.filter(project__slug=slug).values("report")
        return reports.filter(Q(run__pipeline__project__slug=slug) | Q(pk__in=over_it))


def listing(request: PersonRequest) -> HttpResponseBase:
    """Every report that the person may see, newest first."""
    form = ReportFilter(request.GET, visible_projects(request.user))
    found = form.narrow(visible_reports(request.user)).select_related("requested_by", "signature")
    reports = found.order_by("-id").defer(*_NOT_TOLD)
    if wants_csv(request):
        return REPORTS.as_csv(request, reports)
    context = {"form": form, "makes": reportable_projects(request.user).exists()}
    return render(request, "audits/report_list.html", REPORTS.shown(request, reports) | context)


def of_run(request: PersonRequest, pk: int) -> HttpResponse:
    """The reports on one run; POST asks for a new one of standard depth, for counsel."""
    run = get_run(request.user, pk)
    if request.method == "POST":
        require_may_report_on(request.user, run.pipeline.project)
        marking = request.POST.get("marking", "")
        chosen = marking if marking in Report.Marking.values else Report.Marking.DRAFT
        report = request_report(run=run, acting_user=request.user, marking=chosen)
        render_report.delay_on_commit(report.pk)
        return redirect("run-report", pk=run.pk)
    found = visible_reports(request.user).filter(run=run).select_related("requested_by", "signature")
    reports = list(found.order_by("-number"))
    context = run_context(request, run, "report") | {
        "reports": reports,
        "waiting": any(report.state in Report.OPEN for report in reports),
        "may_report": may_report(request.user, run.pipeline.project),
    }
    return render(request, "audits/run_report.html", context)


@require_GET
def detail(request: PersonRequest, pk: int) -> HttpResponse:
    """One report: what was asked, how far it is, its hashes, the forms to take away, and what it can be held against."""
    report = get_report(request.user, pk)
    others = visible_reports(request.user).exclude(pk=report.pk)
    alike = others.filter(scope=report.scope, run__pipeline=report.run.pipeline_id if report.run else None)
    context = {
        "report": report,
        "run": report.run,
        "signature": getattr(report, "signature", None),
        "unsigned": _unsigned(report),
        "part_words": [PARTS.get(name, name) for name in report.options.get("parts") or STANDARD],
        "depth": DEPTHS.get(report.options.get("depth", "standard"), "").partition(":")[0],
        "language": LANGUAGES.get(report.options.get("language", "en"), ""),
        "paper": report.options.get("paper") or "A4",
        "projects": projects_of(report),
        "steps": _steps(report),
        "waiting": report.state in Report.OPEN,
        "forms": FORMS.values(),
        "earlier": earlier_reports(alike) or earlier_reports(others),
        "may_report": all(may_report(request.user, project) for project in projects_of(report)),
        "may_share": may_share(request.user, projects_of(report)),
        "reason": (report.error.strip().splitlines() or [""])[-1],
    }
    return render(request, "audits/report_detail.html", context)


def _unsigned(report: Report) -> str:
    """Why a finished report bears no signature, as it was when it was made."""
    if report.marking != Report.Marking.FINAL:
        return "Not signed: a draft has nobody who stands behind it yet."
    if report.run_id is None:
        return "Not signed: not every run that it is about was approved as it stood when the report was made."
    return "Not signed: the audit was not approved as it stood when the report was made."


def _steps(report: Report) -> list[dict[str, str]]:
    """How far the report is, part by part; the paper is the last step."""
    words = {**PARTS, PAPER: "Setting the paper"}
    return [
        {
            "words": words.get(step["part"], step["part"]),
            "state": "running" if step["state"] == MAKING else step["state"],
        }
        for step in report.progress
    ]


@require_POST
def cancel(request: PersonRequest, pk: int) -> HttpResponse:
    """Stop a report that is not made yet."""
    report = get_report(request.user, pk)
    for project in projects_of(report):
        require_may_report_on(request.user, project)
    if not cancel_report(report=report, acting_user=request.user):
        messages.warning(request, "The report was finished, or was cancelled already.")
    return redirect("report", pk=pk)


@require_GET
def comparison(request: PersonRequest, pk: int) -> HttpResponse:
    """What changed from an earlier report (?since=) to this one, from their frozen contexts alone."""
    report = get_report(request.user, pk)
    asked = request.GET.get("since", "")
    if not asked.isdigit() or len(asked) > 12:
        return redirect("report", pk=pk)
    earlier = get_report(request.user, int(asked))
    for one in (report, earlier):
        for project in projects_of(one):
            subject = f"report {one.number}, compared"
            looked_in(request, Look.What.REPORT, subject, project=project, run=one.run, sha256=one.context_sha256)
    changes = compare(_context(earlier), _context(report))
    return render(request, "audits/report_compare.html", {"report": report, "earlier": earlier, "changes": changes})


def _context(report: Report) -> Mapping[str, Any]:
    if report.state != Report.State.READY or not report.context_sha256:
        raise Http404(f"report {report.number} has not been made")
    try:
        with open_store(settings.EVIDENCE_URL).open(report.context_sha256) as stored:
            context: Mapping[str, Any] = json.load(stored)
    except Missing as problem:
        raise Http404(str(problem)) from problem
    return context


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
    for project in projects_of(report):
        subject = f"report {report.number}"
        looked_in(request, Look.What.REPORT, subject, project=project, run=report.run, sha256=report.pdf_sha256)
    name = f"{_stem(report.run, report)}-report-{report.number}.pdf"
    return FileResponse(pdf, as_attachment=True, filename=name, content_type="application/pdf")


def _stem(run: Run | None, report: Report) -> str:
    return f"{run.pipeline.slug}-run-{run.number}" if run else slugify(report.title)[:60] or "report"
