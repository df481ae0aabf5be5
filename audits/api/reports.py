"""Reports: asked for, followed, taken away."""

import datetime as dt
from typing import Any, Literal

from django.http import HttpResponse, HttpResponseBase
from ninja import Field, Query, Router, Schema, Status

from audits.access import (
    get_report,
    get_run,
    reportable_projects,
    require_may_put_in,
    require_may_report,
    require_may_report_on,
    visible_reports,
)
from audits.actions.reports import cancel_report, request_report
from audits.api.told import ChangesTold
from audits.evidence.store import Missing
from audits.models import Look, Report
from audits.procedures.report_forms import frozen_context
from audits.queries.report_forms import projects_of
from audits.queries.report_scope import OutOfReach, reach
from audits.reporting.changes import compare
from audits.reporting.forms import EVERY_FORM
from audits.reporting.options import DEPTHS, LANGUAGES, PARTS, PROFILES, SCOPES, OptionsError, read_options
from audits.tasks import render_report
from audits.views import report_forms as form_pages
from audits.views import reports as pages
from audits.views.looks import looked_in
from compliance.api.openings import READING, REPORTING
from compliance.api.paging import Page, Paged, part_of
from compliance.api.shapes import Asked, Done, Json, Key, a_file
from compliance.problems import Problem
from compliance.views.requests import PersonRequest

router = Router()


class ReportsAsked(Paged):
    """Which reports."""

    run: Key | None = None
    state: Report.State | None = None


class ReportShown(Schema):
    """A report, and how far it is."""

    id: int
    number: int
    title: str
    run: int | None = Field(alias="run_id", description="null: it is about several runs.")
    scope: str
    profile: str
    options: Json
    marking: str
    state: str
    progress: list[Json]
    requested_by: str | None
    requested_at: dt.datetime
    finished_at: dt.datetime | None
    context_sha256: str
    pdf_sha256: str
    pages: int | None
    size: int | None
    error: str

    @staticmethod
    def resolve_requested_by(obj: Any) -> str | None:
        return obj.requested_by.username if obj.requested_by else None


class ReportAsked(Asked):
    """How the report is marked."""

    marking: Report.Marking = Report.Marking.DRAFT


class ScopeAsked(Asked):
    """What a report is about."""

    kind: Literal[tuple(SCOPES)]  # type: ignore[valid-type]
    ids: list[str] = Field(default_factory=list, max_length=200, description="Runs by id, projects by slug, …")
    first: dt.date | None = Field(None, alias="from")
    to: dt.date | None = None


class BuiltReportAsked(ReportAsked):
    """A report as the page builds it."""

    scope: ScopeAsked
    parts: list[str] | None = Field(
        None, max_length=60, description=f"In order, of: {', '.join(PARTS)}; null: by depth."
    )
    depth: Literal[tuple(DEPTHS)] = "standard"  # type: ignore[valid-type]
    profile: Literal[tuple(PROFILES)] = "counsel"  # type: ignore[valid-type]
    language: Literal[tuple(LANGUAGES)] = "en"  # type: ignore[valid-type]
    paper: Literal["A4", "letter"] = "A4"
    since: Key | None = Field(None, description="Held against this earlier report.")


class SinceAsked(Schema):
    """Which earlier report."""

    since: Key


class FormState(Schema):
    """A form of a report that is not made yet."""

    state: str
    message: str


@router.get("/reports", auth=READING, response=Page[ReportShown])
def list_reports(request: PersonRequest, asked: Query[ReportsAsked]) -> dict[str, Any]:
    """Every report that one may see, newest first."""
    narrowed = {"run": asked.run, "state": asked.state}
    found = visible_reports(request.user).select_related("requested_by")
    return part_of(found.filter(**{path: value for path, value in narrowed.items() if value}), asked)


@router.post("/runs/{int:pk}/reports", auth=REPORTING, response={201: ReportShown})
def ask_for_report(request: PersonRequest, pk: int, asked: ReportAsked, response: HttpResponse) -> Status:
    """Have a report on a run made. A worker does it: follow the answer's Location until `state` is ready."""
    run = get_run(request.user, pk)
    require_may_report(request.user, run)
    return _queued(request_report(run=run, acting_user=request.user, marking=asked.marking), response)


@router.post("/reports", auth=REPORTING, response={201: ReportShown})
def build_report(request: PersonRequest, asked: BuiltReportAsked, response: HttpResponse) -> Status:
    """Have a report of any scope made: a run, a project, a student, a provider, a period, the organisation."""
    projects = reportable_projects(request.user)
    data = asked.dict(exclude={"marking", "scope"}, exclude_none=True)
    scope = asked.scope.model_dump(mode="json", by_alias=True, exclude_none=True)
    try:
        options = read_options({**data, "scope": scope})
        found = reach(options.scope.as_json(), projects)
    except OptionsError as problem:
        raise Problem(422, f"{problem}.", errors=[{"field": "", "detail": str(problem)}]) from problem
    except OutOfReach as problem:
        raise Problem(
            404, f"{problem.sentence}.", errors=[{"field": "scope.ids", "detail": problem.sentence}]
        ) from problem
    require_may_put_in(request.user, found.projects, privileged=options.privileged, contents=options.with_contents)
    if options.since:
        get_report(request.user, options.since)
    report = request_report(acting_user=request.user, options=options, marking=asked.marking, among=projects)
    return _queued(report, response)


def _queued(report: Report, response: HttpResponse) -> Status:
    render_report.delay_on_commit(report.pk)
    response.headers["Location"] = f"/api/v1/reports/{report.pk}"
    return Status(201, report)


@router.post("/reports/{int:pk}/cancel", auth=REPORTING, response=Done)
def cancel_one_report(request: PersonRequest, pk: int) -> Done:
    """Stop a report that is not made yet. `done` is false when it was finished, or was cancelled already."""
    report = get_report(request.user, pk)
    for project in projects_of(report):
        require_may_report_on(request.user, project)
    return Done(done=cancel_report(report=report, acting_user=request.user))


@router.get(
    "/reports/{int:pk}/forms/{form}",
    auth=READING,
    response={202: FormState},
    openapi_extra=a_file(*sorted({one.content_type.partition(";")[0] for one in EVERY_FORM.values()})),
)
def get_report_form(request: PersonRequest, pk: int, form: Literal[tuple(EVERY_FORM)]) -> HttpResponseBase:  # type: ignore[valid-type]
    """The report as Word, spreadsheet, CSV, JSON or SARIF. 202 while a worker makes it: ask again."""
    answer = form_pages.form(request, pk, form)
    if answer.status_code == 500:
        raise Problem(409, "This form could not be made. The page of the report says why, and has it made again.")
    if answer.status_code == 202:
        told = b'{"state": "waiting", "message": "This form is being made. Ask again in a moment."}'
        return HttpResponse(told, status=202, content_type="application/json", headers={"Retry-After": "3"})
    return answer


@router.get("/reports/{int:pk}/changes", auth=READING, response=ChangesTold)
def get_report_changes(request: PersonRequest, pk: int, asked: Query[SinceAsked]) -> Json:
    """What changed from an earlier report to this one, from their frozen contexts alone."""
    report, earlier = get_report(request.user, pk), get_report(request.user, asked.since)
    contexts = []
    for one in (earlier, report):
        if one.state != Report.State.READY or not one.context_sha256:
            raise Problem(409, f"Report {one.number} has not been made.")
        try:
            contexts.append(frozen_context(one))
        except (Missing, ValueError) as problem:
            raise Problem(409, f"The frozen context of report {one.number} can’t be read: {problem}.") from problem
    for one in (report, earlier):
        for project in projects_of(one):
            subject = f"report {one.number}, compared"
            looked_in(request, Look.What.REPORT, subject, project=project, run=one.run, sha256=one.context_sha256)
    return compare(*contexts)


@router.get("/reports/{int:pk}", auth=READING, response=ReportShown)
def get_one_report(request: PersonRequest, pk: int) -> Report:
    """One report, and how far it is."""
    return get_report(request.user, pk)


@router.get("/reports/{int:pk}/pdf", auth=READING, openapi_extra=a_file("application/pdf"))
def get_report_pdf(request: PersonRequest, pk: int) -> HttpResponseBase:
    """The PDF, as it was made. 404 until it is."""
    return pages.download(request, pk)
