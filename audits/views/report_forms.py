"""A report in another form: made at once when that is quick, by a worker when it is long, and kept from then on."""

from typing import Final

from django.conf import settings
from django.http import FileResponse, Http404, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.text import slugify

from audits.access import get_report, may_report
from audits.actions.report_forms import ask_again, ask_for_form
from audits.evidence.store import Missing, open_store
from audits.models import Look, Report, ReportForm
from audits.procedures.report_forms import AS_KEPT, is_quick, make_form
from audits.queries.report_forms import projects_of
from audits.reporting.forms import DRAFT_FORMS, EVERY_FORM, FORMS, file_name
from audits.tasks import make_report_form
from audits.views.looks import looked_in
from compliance.access import require
from compliance.models import ApiToken
from compliance.views.programs import for_programs
from compliance.views.requests import PersonRequest

AGAIN_AFTER: Final = "3"  # seconds until a program asks again for what a worker makes


@for_programs(ApiToken.Scope.READ)
def form(request: PersonRequest, pk: int, form: str) -> HttpResponseBase:
    """The report in a form; with ?state the page that tells how far it is. POST has one made again."""
    report = get_report(request.user, pk)
    if form not in EVERY_FORM:
        raise Http404(f"a report has the forms {', '.join(EVERY_FORM)}")
    if form in DRAFT_FORMS:
        _require_may_report(request, report)
    if report.state != Report.State.READY or not report.context_sha256:
        raise Http404("this report has not been made")
    if form == "schema":
        return HttpResponse(FORMS[form].make({}, ""), content_type=FORMS[form].content_type)
    if form == AS_KEPT:
        return _file(request, report, form, report.context_sha256)
    if request.method == "POST":
        return _again(request, report, form)
    made = _asked(report, form)
    if made.state == ReportForm.State.READY and "state" not in request.GET:
        return _file(request, report, form, made.sha256)
    return _told(request, report, made)


def _asked(report: Report, form: str) -> ReportForm:
    """The form, made at once when that is quick; else a worker is asked for it."""
    try:
        made, new = ask_for_form(report=report, name=form)
        if new and is_quick(report):
            make_form(made.pk)
            made.refresh_from_db()
        elif new:
            make_report_form.delay_on_commit(made.pk)
    except Missing as problem:
        raise Http404(str(problem)) from problem
    return made


def _require_may_report(request: PersonRequest, report: Report) -> None:
    for project in projects_of(report):
        sentence = f"Reports on {project} are made for its engineers, legal or an administrator."
        require(may_report(request.user, project), sentence)


def _again(request: PersonRequest, report: Report, form: str) -> HttpResponse:
    _require_may_report(request, report)
    made, _ = ask_for_form(report=report, name=form)
    if ask_again(made):
        make_report_form.delay_on_commit(made.pk)
    return redirect(f"{reverse('report-form', args=[report.pk, form])}?state")


def _file(request: PersonRequest, report: Report, form: str, sha256: str) -> HttpResponseBase:
    """The form's bytes under their own hash; a look is put on record before they are given out."""
    etag = f'"{sha256}"'
    if etag in request.headers.get("If-None-Match", ""):
        return HttpResponse(status=304, headers={"ETag": etag, "Cache-Control": "private, no-cache"})
    try:
        content = open_store(settings.EVIDENCE_URL).open(sha256)
    except Missing as problem:
        raise Http404(str(problem)) from problem
    for project in projects_of(report):
        subject = f"report {report.number} as {EVERY_FORM[form].title}"
        looked_in(request, Look.What.REPORT, subject, project=project, run=report.run, sha256=sha256)
    answer = FileResponse(
        content, as_attachment=True, filename=file_name(_stem(report), form), content_type=EVERY_FORM[form].content_type
    )
    answer["ETag"], answer["Cache-Control"] = etag, "private, no-cache"
    return answer


def _stem(report: Report) -> str:
    run = report.run
    of = f"{run.pipeline.slug}-run-{run.number}" if run else slugify(report.title)[:60]
    return f"{of or 'report'}-report-{report.number}"


def _told(request: PersonRequest, report: Report, made: ReportForm) -> HttpResponse:
    """How far it is: in JSON for programs, as a page that asks again for people."""
    ready, errored = made.state == ReportForm.State.READY, made.state == ReportForm.State.ERRORED
    status = 200 if ready or errored else 202
    if hasattr(request, "api_token"):
        sentence = "This form could not be made." if errored else "This form is being made. Ask again in a moment."
        headers = {"Retry-After": AGAIN_AFTER} if status == 202 else {}
        return JsonResponse(
            {"state": made.state, "message": sentence}, status=500 if errored else status, headers=headers
        )
    context = {
        "report": report,
        "made": made,
        "form": EVERY_FORM[made.name],
        "ready": ready,
        "waiting": status == 202,
        "reason": (made.error.strip().splitlines() or [""])[-1],
        "may_report": all(may_report(request.user, project) for project in projects_of(report)),
    }
    return render(
        request, "audits/report_form.html", context, status=200 if "HX-Request" in request.headers else status
    )
