"""Reports: asked for, followed, taken away."""

import datetime as dt
from typing import Any

from django.http import HttpResponse, HttpResponseBase
from ninja import Field, Query, Router, Schema, Status

from audits.access import get_report, get_run, require_may_report, visible_reports
from audits.actions.reports import request_report
from audits.models import Report
from audits.tasks import render_report
from audits.views import reports as pages
from compliance.api.openings import READING, REPORTING
from compliance.api.paging import Page, Paged, part_of
from compliance.api.shapes import Asked, Json, Key, a_file
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
    report = request_report(run=run, acting_user=request.user, marking=asked.marking)
    render_report.delay_on_commit(report.pk)
    response.headers["Location"] = f"/api/v1/reports/{report.pk}"
    return Status(201, report)


@router.get("/reports/{int:pk}", auth=READING, response=ReportShown)
def get_one_report(request: PersonRequest, pk: int) -> Report:
    """One report, and how far it is."""
    return get_report(request.user, pk)


@router.get("/reports/{int:pk}/pdf", auth=READING, openapi_extra=a_file("application/pdf"))
def get_report_pdf(request: PersonRequest, pk: int) -> HttpResponseBase:
    """The PDF, as it was made. 404 until it is."""
    return pages.download(request, pk)
