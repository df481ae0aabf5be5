"""How long a project's evidence is kept: retention with a preview, legal holds, erasures, and who looked at it."""

from typing import Any, Final

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from audits.access import may_keep, require_may_keep, visible_runs
from audits.actions.erasing import UnderHold
from audits.actions.retention import lift_hold, place_hold, set_retention
from audits.models import ErasedContent, Erasure, Look
from audits.procedures.erasing import erase_on_request, finish_erasures
from audits.queries.erasable import hold_on, preview, retention_of
from audits.views.keeping_forms import ErasureForm, HoldForm, LiftForm, RetentionForm
from compliance.access import get_project, may, require
from compliance.models import Project
from compliance.roles import Deed
from compliance.views.lists import Column, Listing, field, wants_csv
from compliance.views.requests import PersonRequest

ERASURES: Final = Listing(
    "erasures",
    (
        field("at", "at"), field("asked_by"), field("cause", "cause"), field("why", of="reason"), field("run"),
        Column("exchanges", lambda one: len(one.scope.get("exchanges", []))),
        field("contents", "contents"), field("size", "size"),
    ),
)  # fmt: skip
LOOKS: Final = Listing(
    "looks",
    (
        field("at", "at", "id"), field("who", "user__username", "id", of="user"), field("did", "what", "id", of="what"),
        field("run"), field("what", of="subject"), field("sha256"), field("from", of="address"),
    ),
    words=("subject", "user__username", "address"),
)  # fmt: skip


def page(request: PersonRequest, slug: str) -> HttpResponseBase:
    """What is kept how long, what blocks erasing, and what was erased."""
    project = get_project(request.user, slug)
    if wants_csv(request):
        return ERASURES.as_csv(request, _erasures(project), f"{project.slug}-erasures")
    return _page(request, project)


def _erasures(project: Project) -> QuerySet[Erasure]:
    return project.erasures.select_related("run__pipeline", "asked_by").order_by("-id")


def _page(request: PersonRequest, project: Project, status: int = 200, **forms: Any) -> HttpResponse:
    retention, hold = retention_of(project), hold_on(project)
    context = {
        "project": project,
        "keeps": may_keep(request.user, project),
        "reads_trail": may(request.user, Deed.READ_TRAIL, project),
        "retention": retention,
        "hold": hold,
        "holds": project.legal_holds.select_related("placed_by", "lifted_by"),
        **ERASURES.shown(request, _erasures(project)),
        "waiting": ErasedContent.objects.filter(erasure__project=project, removed_at=None).count(),
        "form": RetentionForm(
            initial={"content_days": retention.content_days, "metadata_days": retention.metadata_days}
        ),
        "hold_form": HoldForm(),
        "lift_form": LiftForm(),
        "erasure_form": ErasureForm(runs=_runs(request, project)),
    }
    return render(request, "audits/keeping.html", context | forms, status=status)


def _runs(request: PersonRequest, project: Project) -> Any:
    return (
        visible_runs(request.user)
        .filter(pipeline__project=project, started_at__isnull=False)
        .exclude(state__in=("queued", "preparing", "running", "analysing"))
        .select_related(None)
        .select_related("pipeline")
        .only("number", "pipeline__name")
    )


@require_POST
def retention(request: PersonRequest, slug: str) -> HttpResponse:
    """Set the days, or, with `preview`, say what they would erase today."""
    project = get_project(request.user, slug)
    require_may_keep(request.user, project)
    form = RetentionForm(request.POST)
    if not form.is_valid():
        return _page(request, project, 422, form=form)
    days = form.cleaned_data
    if "preview" in request.POST:
        contents, metadata = preview(project, days["content_days"], days["metadata_days"], timezone.now())
        return _page(request, project, form=form, contents=contents, metadata=metadata)
    set_retention(project=project, acting_user=request.user, **days)
    messages.success(request, "Retention is set. What is due goes within the hour, unless a legal hold stands.")
    return redirect("project-evidence", slug=project.slug)


@require_POST
def hold(request: PersonRequest, slug: str) -> HttpResponse:
    """Place a legal hold."""
    project = get_project(request.user, slug)
    require_may_keep(request.user, project)
    form = HoldForm(request.POST)
    if not form.is_valid():
        return _page(request, project, 422, hold_form=form)
    place_hold(project=project, acting_user=request.user, reason=form.cleaned_data["reason"])
    messages.success(request, "The legal hold stands. Nothing of this project’s evidence is erased until it is lifted.")
    return redirect("project-evidence", slug=project.slug)


@require_POST
def lift(request: PersonRequest, slug: str, pk: int) -> HttpResponse:
    """Lift a legal hold."""
    project = get_project(request.user, slug)
    require_may_keep(request.user, project)
    standing = get_object_or_404(project.legal_holds, pk=pk, lifted_at=None)
    form = LiftForm(request.POST)
    if not form.is_valid():
        return _page(request, project, 422, lift_form=form)
    lift_hold(hold=standing, acting_user=request.user, because=form.cleaned_data["because"])
    messages.success(request, "The legal hold is lifted. What its retention says is due goes within the hour.")
    return redirect("project-evidence", slug=project.slug)


@require_POST
def erase(request: PersonRequest, slug: str) -> HttpResponse:
    """Erase what was said in a run, or in some of its exchanges."""
    project = get_project(request.user, slug)
    require_may_keep(request.user, project)
    form = ErasureForm(request.POST, runs=_runs(request, project))
    if not form.is_valid():
        return _page(request, project, 422, erasure_form=form)
    said = form.cleaned_data
    try:
        done = erase_on_request(
            run=said["run"], acting_user=request.user, reason=said["reason"], seqs=said["exchanges"]
        )
    except (UnderHold, LookupError) as problem:
        form.add_error(None, str(problem))
        return _page(request, project, 422, erasure_form=form)
    finish_erasures()
    messages.success(
        request, f"Erased: {done.contents:,} contents. Their hashes and lengths stay, and so does this record."
    )
    return redirect("project-evidence", slug=project.slug)


@require_GET
def looks(request: PersonRequest, slug: str) -> HttpResponseBase:
    """Who read or took away evidence of the project, newest first."""
    project = get_project(request.user, slug)
    require(may(request.user, Deed.READ_TRAIL, project), f"Who looked at evidence of {project} is read with its trail.")
    rows = Look.objects.filter(project=project).select_related("user", "run__pipeline").order_by("-id")
    if wants_csv(request):
        return LOOKS.as_csv(request, rows, f"{project.slug}-looks")
    context = {"project": project, "reads_trail": True}
    return render(request, "audits/looks.html", LOOKS.shown(request, rows) | context)
