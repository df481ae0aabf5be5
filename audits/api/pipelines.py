"""Pipelines: listed, added from a ZIP or a folder, audited."""

import datetime as dt
from typing import Any, Literal

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.datastructures import MultiValueDict
from ninja import Field, File, Form, Query, Router, Schema, Status, UploadedFile

from audits.access import get_pipeline, require_may_run, visible_pipelines
from audits.actions.pipelines import replace_archive
from audits.actions.runs import request_run
from audits.api.named import project_for_runs
from audits.api.runs import queued
from audits.api.shapes import PipelineName, RunShown
from audits.models import Pipeline, Run
from audits.queries.pipeline_list import with_last_run
from audits.views.forms import MOST_BYTES, AddPipelineForm, NewSourceForm, StartAuditForm
from audits.views.uploads import add_as_asked, keep_archive
from compliance.api.bounds import taking
from compliance.api.openings import READING, RUNNING
from compliance.api.paging import Page, Paged, part_of
from compliance.api.shapes import Asked, cleaned
from compliance.problems import Problem
from compliance.views.requests import PersonRequest

router = Router()
Action = Literal["warn", "hold", "refuse", "stop"]


class PipelinesAsked(Paged):
    """Which pipelines."""

    project: str | None = Field(None, max_length=60, description="Slug of a project.")
    slug: str | None = Field(None, max_length=80)


class LastRun(Schema):
    """The newest run of a pipeline."""

    id: int
    number: int
    state: str
    outcome: str
    requested_at: dt.datetime


class PipelineShown(PipelineName):
    """A pipeline with its last run."""

    origin: str
    manifest_path: str
    archive_sha256: str
    created_at: dt.datetime
    run_count: int
    last_run: LastRun | None

    @staticmethod
    def resolve_last_run(obj: Any) -> dict[str, Any] | None:
        if obj.last_pk is None:
            return None
        return {
            "id": obj.last_pk, "number": obj.last_number, "state": obj.last_state, "outcome": obj.last_outcome,
            "requested_at": obj.last_at,
        }  # fmt: skip


class NewPipeline(Asked):
    """What goes with the ZIP of a source tree."""

    project: str = Field(max_length=60, description="Slug of a project whose audits you run.")
    name: str = Field(min_length=1, max_length=120)
    manifest_path: str = Field("audit.toml", max_length=200, description="Where audit.toml lies in the tree.")


class NewFolder(NewPipeline):
    """A source tree that lies on the server. Not in public installations, but for administrators."""

    path: str = Field(min_length=1, max_length=1000, description="The root of the tree, as an absolute path.")


class BoundsMet(Asked):
    """What happens at each bound."""

    hosts: Action | None = None
    prohibited: Action | None = None
    calls: Action | None = None
    tokens: Action | None = None
    money: Action | None = None
    unknown_price: Action | None = None


class BoundsAsked(Asked):
    """Bounds that hold before a call leaves; what is left out is as audit.toml says."""

    hosts: list[str] | None = Field(None, max_length=100, description="Only these; *.example.com: all below it.")
    calls: int | None = Field(None, ge=0, le=2**31 - 1)
    tokens: int | None = Field(None, ge=0, le=2**31 - 1)
    money_usd: float | None = Field(None, ge=0, le=1_000_000)
    prohibited: bool | None = Field(None, description="Let nothing out that the terms prohibit.")
    hold_minutes: int | None = Field(None, ge=1)
    on: BoundsMet | None = None


class AuditAsked(Asked):
    """How a pipeline is to be audited."""

    upstreams: dict[str, str] = Field(
        default_factory=dict, max_length=50, description="Simulated: host to the URL that answers in its place."
    )
    record_only: bool = Field(False, description="Record and trace; do not judge.")
    limits: BoundsAsked | None = None
    content: Literal["", "full", "masked", "hashes"] = Field("", description="What evidence keeps of bodies.")


@router.get("/pipelines", auth=READING, response=Page[PipelineShown])
def list_pipelines(request: PersonRequest, asked: Query[PipelinesAsked]) -> dict[str, Any]:
    """Every pipeline that one may see, newest first, with its last run."""
    narrowed = {"project__slug": asked.project, "slug": asked.slug}
    found = with_last_run(visible_pipelines(request.user))
    return part_of(found.filter(**{path: value for path, value in narrowed.items() if value}), asked)


@router.get("/pipelines/{int:pk}", auth=READING, response=PipelineShown)
def get_pipeline_in_full(request: PersonRequest, pk: int) -> Pipeline:
    """One pipeline with its last run."""
    return get_object_or_404(with_last_run(visible_pipelines(request.user)), pk=pk)


@router.post("/pipelines", auth=RUNNING, response={201: PipelineShown}, openapi_extra=taking(MOST_BYTES))
def add_pipeline_from_archive(
    request: PersonRequest, asked: Form[NewPipeline], archive: File[UploadedFile], response: HttpResponse
) -> Status:
    """Add a pipeline from a ZIP of its source tree, at most 200 MB. Nothing in it is run before an audit starts."""
    form = _form(request, asked, archive)
    return _added(request, form, response)


@router.post("/pipelines/from-folder", auth=RUNNING, response={201: PipelineShown})
def add_pipeline_from_folder(request: PersonRequest, asked: NewFolder, response: HttpResponse) -> Status:
    """Add a pipeline from a folder on the server."""
    form = _form(request, asked, None)
    if "path" not in form.fields:
        raise Problem(403, "Folders of the server are opened by an administrator. Send a ZIP instead.")
    return _added(request, form, response)


@router.post("/pipelines/{int:pk}/archive", auth=RUNNING, response=PipelineShown, openapi_extra=taking(MOST_BYTES))
def replace_pipeline_archive(request: PersonRequest, pk: int, archive: File[UploadedFile]) -> Pipeline:
    """Give an uploaded pipeline a newer ZIP, at most 200 MB: audits that have not begun run it."""
    pipeline = get_pipeline(request.user, pk)
    require_may_run(request.user, pipeline)
    if pipeline.origin != Pipeline.Origin.UPLOAD:
        raise Problem(409, "This pipeline is no uploaded ZIP: its source is read from where it lies.")
    form = NewSourceForm({}, MultiValueDict({"archive": [archive]}), manifest_path=pipeline.manifest_path)
    sha256 = keep_archive(cleaned(form)["archive"])
    replace_archive(pipeline=pipeline, archive_sha256=sha256, acting_user=request.user)
    return with_last_run(visible_pipelines(request.user)).get(pk=pipeline.pk)


def _form(request: PersonRequest, asked: NewPipeline, archive: UploadedFile | None) -> AddPipelineForm:
    project = project_for_runs(request.user, asked.project)
    files = MultiValueDict({"archive": [archive]} if archive else {})
    return AddPipelineForm({**asked.dict(), "project": project.pk}, files, user=request.user)


def _added(request: PersonRequest, form: AddPipelineForm, response: HttpResponse) -> Status:
    cleaned(form)
    made = add_as_asked(form, request.user)
    response.headers["Location"] = f"/api/v1/pipelines/{made.pk}"
    return Status(201, with_last_run(visible_pipelines(request.user)).get(pk=made.pk))


@router.post("/pipelines/{int:pk}/runs", auth=RUNNING, response={201: RunShown})
def start_audit(request: PersonRequest, pk: int, asked: AuditAsked, response: HttpResponse) -> Status:
    """Queue an audit. The answer's Location is where it is followed."""
    pipeline = get_pipeline(request.user, pk)
    require_may_run(request.user, pipeline)
    form = StartAuditForm(_as_form(asked), user=request.user)
    if asked.upstreams and "upstreams" not in form.fields:
        raise Problem(403, "Stand-ins for providers are named by an administrator in this installation.")
    cleaned(form, _NAMES)
    run: Run = request_run(pipeline=pipeline, acting_user=request.user, **form.asked())
    return queued(run, response)


_NAMES = {f"limit_{name}": f"limits.{name}" for name in ("hosts", "calls", "tokens", "money_usd", "prohibited")} | {
    "hold_minutes": "limits.hold_minutes"
}


def _as_form(asked: AuditAsked) -> dict[str, Any]:
    """The request in the words of the page's form."""
    limits = asked.limits or BoundsAsked.model_validate({})
    lines = [f"{host}={url}" for host, url in asked.upstreams.items()]
    data: dict[str, Any] = {
        "upstreams": "\n".join(lines),
        "record_only": asked.record_only,
        "content": asked.content,
        "hold_minutes": limits.hold_minutes,
        "limit_hosts": "\n".join(limits.hosts or ()),
        "limit_calls": limits.calls,
        "limit_tokens": limits.tokens,
        "limit_money_usd": limits.money_usd,
        "limit_prohibited": limits.prohibited,
    }
    on = limits.on.dict() if limits.on else {}
    given = data | {f"on_{name}": what for name, what in on.items()}
    return {name: value for name, value in given.items() if value not in (None, False)}
