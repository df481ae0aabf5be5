"""Pipelines: the list, one with its runs, adding one, starting an audit."""

from typing import Any, Final

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from audits.access import get_pipeline, require_may_run, visible_pipelines, visible_runs
from audits.actions.runs import request_run
from audits.models import Pipeline
from audits.queries.pipeline_list import with_last_run
from audits.tasks import run_audit
from audits.views.forms import MOST_BYTES, AddPipelineForm, StartAuditForm
from audits.views.runs import RUNS_OF_ONE, without_documents
from audits.views.uploads import add_as_asked
from compliance.access import may_run_audits, may_run_some_audits
from compliance.bounds import takes_files
from compliance.views.first_project import project_first
from compliance.views.lists import Listing, field, wants_csv
from compliance.views.requests import PersonRequest

PIPELINES: Final = Listing(
    "pipelines",
    (
        field("pipeline", "name", of="name"), field("project", "project__name", of="project.name"),
        field("origin"), field("runs", "run_count", of="run_count"), field("last_run", of="last_number"),
        field("last", "last_at", of="last_at"), field("state", "last_state", of="last_state"),
        field("outcome", "last_outcome", of="last_outcome"),
    ),
    words=("name", "project__name"),
)  # fmt: skip


def listing(request: PersonRequest) -> HttpResponseBase:
    """Every pipeline that the person may see, with its last run."""
    pipelines = with_last_run(visible_pipelines(request.user)).select_related("project").order_by("name", "pk")
    if wants_csv(request):
        return PIPELINES.as_csv(request, pipelines)
    context = PIPELINES.shown(request, pipelines) | {"may_add": may_run_some_audits(request.user)}
    return render(request, "audits/pipeline_list.html", context)


def detail(request: PersonRequest, pk: int) -> HttpResponseBase:
    """A pipeline, its runs, and the form that starts an audit. An imported log leads to its newest import."""
    pipeline = get_pipeline(request.user, pk)
    imported = pipeline.imports.order_by("-id").first() if pipeline.origin == Pipeline.Origin.IMPORT else None
    if imported:
        return redirect("import", pk=imported.pk)
    if wants_csv(request):
        runs = without_documents(visible_runs(request.user)).filter(pipeline=pipeline).order_by("-number")
        return RUNS_OF_ONE.as_csv(request, runs, f"{pipeline.slug}-runs")
    return _page(request, pipeline, StartAuditForm(user=request.user))


def _page(request: PersonRequest, pipeline: Pipeline, form: StartAuditForm, status: int = 200) -> HttpResponse:
    runs = pipeline.runs.order_by("-number")
    context: dict[str, Any] = {
        **RUNS_OF_ONE.shown(request, runs),
        "pipeline": pipeline,
        "last": runs.first(),
        "form": form,
        "may_run": may_run_audits(request.user, pipeline.project),
    }
    return render(request, "audits/pipeline_detail.html", context, status=status)


@require_POST
def start_audit(request: PersonRequest, pk: int) -> HttpResponse:
    """Queue an audit of the pipeline."""
    pipeline = get_pipeline(request.user, pk)
    require_may_run(request.user, pipeline)
    form = StartAuditForm(request.POST, user=request.user)
    if not form.is_valid():
        return _page(request, pipeline, form, status=422)
    run = request_run(pipeline=pipeline, acting_user=request.user, **form.asked())
    run_audit.delay_on_commit(run.pk)
    return redirect("run", pk=run.pk)


@takes_files(MOST_BYTES, otherwise="A larger tree is added as a folder of the server’s machine, by an administrator.")
def add(request: PersonRequest) -> HttpResponse:
    """Add a pipeline from a folder or a ZIP."""
    if sent := project_first(request, "Pipelines are added by a project’s engineers or an administrator."):
        return sent
    form = AddPipelineForm(request.POST or None, request.FILES or None, user=request.user)
    if request.method != "POST" or not form.is_valid():
        status = 422 if request.method == "POST" else 200
        return render(request, "audits/pipeline_add.html", {"form": form}, status=status)
    return redirect("pipeline", pk=add_as_asked(form, request.user).pk)
