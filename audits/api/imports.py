"""Usage that other tools logged or providers billed: files given, their columns, entries and unread lines."""

import datetime as dt
from typing import Any

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils.datastructures import MultiValueDict
from ninja import Field, File, Form, Query, Router, Schema, Status, UploadedFile

from audits.access import get_import, require_may_import, require_may_read_contents_of, visible_imports
from audits.actions.ingesting import describe, request_import
from audits.api.named import project_for_runs
from audits.api.shapes import EntryShown
from audits.evidence.store import Missing
from audits.ingest.readers.mapped import MEANINGS
from audits.ingest.sources import SOURCES
from audits.ingest.unpacking import Unacceptable
from audits.models import Import, UsageEntry
from audits.procedures.importing import keep_file
from audits.queries.imports import entries_of, models_of, rejected_of, with_what_is_shown
from audits.queries.same_calls import seen_beside
from audits.tasks import import_usage
from audits.views import imports as pages
from audits.views.import_forms import MOST_BYTES, ImportForm, MappingForm
from compliance.api.bounds import taking
from compliance.api.openings import CONTENTS, READING, RUNNING
from compliance.api.paging import Page, Paged, part_of
from compliance.api.shapes import Asked, Json, ProjectName, a_file, cleaned
from compliance.problems import Problem
from compliance.views.requests import PersonRequest

router = Router()


class ImportsAsked(Paged):
    """Which imports."""

    project: str | None = Field(None, max_length=60, description="Slug of a project.")
    state: Import.State | None = None


class ImportShown(Schema):
    """One file, or one day of what a receiver was sent, and how far it is read."""

    id: int
    name: str
    source: str
    project: ProjectName
    log: str = Field(description="The log that it belongs to.")
    state: str
    reason: str
    sha256: str
    size: int
    requested_at: dt.datetime
    finished_at: dt.datetime | None
    done_bytes: int
    total_bytes: int
    read: int
    new: int
    known: int
    passed_over: int
    rejected: int
    first_at: dt.datetime | None
    last_at: dt.datetime | None
    run: int | None = Field(alias="run_id", description="What judging its log came to.")

    @staticmethod
    def resolve_project(obj: Any) -> Any:
        return obj.pipeline.project

    @staticmethod
    def resolve_log(obj: Any) -> str:
        return str(obj.pipeline.name)


class ImportInFull(ImportShown):
    """An import with what its entries used."""

    declared: Json
    options: Json
    needs_columns: bool = Field(description="Whether somebody has to say first what its columns mean.")
    models: list[Json]

    @staticmethod
    def resolve_needs_columns(obj: Any) -> bool:
        return obj.state == Import.State.WAITING and not obj.options and SOURCES[obj.source].reader is None

    @staticmethod
    def resolve_models(obj: Any) -> list[Json]:
        return [{**one, "money": None if one["money"] is None else str(one["money"])} for one in models_of(obj)]


class ImportAsked(Asked):
    """What is given, and what the person who gives it declares."""

    project: str = Field(max_length=60, description="Slug of a project whose audits you run.")
    source: str = Field(max_length=30, description=f"One of: {', '.join(SOURCES)}.")
    log: str = Field("", max_length=120, description="Which log it belongs to; empty: one log a source.")
    purpose: str = Field("", max_length=10, description="train, filter, evaluate; empty: not known.")
    student: str = Field("", max_length=120)


class ColumnsAsked(Asked):
    """What each column of a table means, and what holds for all of its rows."""

    columns: dict[str, str] = Field(max_length=60, description=f"Meaning to column; meanings: {', '.join(MEANINGS)}.")
    channel: str = Field("", max_length=60, description="Provider or gateway of every row.")
    model: str = Field("", max_length=200, description="Model of every row.")
    time_format: str = Field("", max_length=60, description="As in %d.%m.%Y; empty: ISO 8601 and seconds since 1970.")
    time_zone: str = Field("", max_length=60, description="Of times that name none, as in Europe/Berlin; empty: UTC.")


class ColumnsShown(Schema):
    """The columns of a table, and its first rows."""

    columns: list[str]
    rows: list[list[Any]]


class RejectedShown(Schema):
    """A line that could not be read, and why."""

    id: int
    part: str
    line: int
    reason: str
    raw: str


class EntryInFull(EntryShown):
    """An entry with the other records of its call."""

    also_seen: list[Json] = Field(description="Records of other sources that have an id of the call in common with it.")

    @staticmethod
    def resolve_also_seen(obj: Any) -> list[Json]:
        return [one.as_json() for one in seen_beside(obj)]


@router.get("/imports", auth=READING, response=Page[ImportShown])
def list_imports(request: PersonRequest, asked: Query[ImportsAsked]) -> dict[str, Any]:
    """Every import that one may see, newest first."""
    narrowed = {"pipeline__project__slug": asked.project, "state": asked.state}
    found = with_what_is_shown(visible_imports(request.user))
    return part_of(found.filter(**{path: value for path, value in narrowed.items() if value}), asked)


@router.post("/imports", auth=RUNNING, response={201: ImportInFull}, openapi_extra=taking(MOST_BYTES))
def add_import(
    request: PersonRequest, asked: Form[ImportAsked], file: File[UploadedFile], response: HttpResponse
) -> Status:
    """Give a log or export, at most 500 MB. Keys in it are masked before it is kept. A worker reads it."""
    project = project_for_runs(request.user, asked.project)
    form = ImportForm({**asked.dict(), "project": project.pk}, MultiValueDict({"file": [file]}), user=request.user)
    data, source = cleaned(form), SOURCES.get(asked.source)
    assert source is not None, "the form offers these"
    try:
        opened: Any = file.file
        name = file.name or "file"
        kept = keep_file(opened, name, source, pages.UNPACKED_AT_MOST)
    except Unacceptable as problem:
        raise Problem(422, f"{problem}.", errors=[{"field": "file", "detail": f"{problem}."}]) from problem
    imported = request_import(
        project=project, acting_user=request.user, source=source.name, name=name, log=data["log"],
        sha256=kept.sha256, size=kept.size, parts=kept.parts, declared=form.declared(),
    )  # fmt: skip
    if source.reader is not None:
        import_usage.delay_on_commit(imported.pk)
    response.headers["Location"] = f"/api/v1/imports/{imported.pk}"
    return Status(201, _shown(request, imported.pk))


def _shown(request: PersonRequest, pk: int) -> Import:
    return get_object_or_404(with_what_is_shown(visible_imports(request.user)), pk=pk)


@router.get("/imports/{int:pk}", auth=READING, response=ImportInFull)
def get_import_in_full(request: PersonRequest, pk: int) -> Import:
    """An import: how far it is, what it brought, what its entries used."""
    return _shown(request, pk)


def _mappable(request: PersonRequest, pk: int) -> Import:
    imported = get_import(request.user, pk)
    require_may_import(request.user, imported.pipeline.project)
    if imported.state != Import.State.WAITING or SOURCES[imported.source].reader is not None:
        raise Problem(409, "Columns are said of a table that waits to be read.")
    return imported


@router.get("/imports/{int:pk}/columns", auth=RUNNING, response=ColumnsShown)
def get_columns(request: PersonRequest, pk: int) -> dict[str, Any]:
    """The columns of a table that waits for their meaning, with its first rows."""
    names, rows = _first_rows(_mappable(request, pk))
    return {"columns": names, "rows": [list(row.values()) for row in rows]}


def _first_rows(imported: Import) -> tuple[list[str], list[Any]]:
    try:
        return pages.first_rows_of(imported)
    except (Unacceptable, Missing) as problem:
        raise Problem(409, f"{problem}.") from problem


@router.put("/imports/{int:pk}/columns", auth=RUNNING, response=ImportInFull)
def put_columns(request: PersonRequest, pk: int, asked: ColumnsAsked) -> Import:
    """Say what the columns mean, and have the file read."""
    imported = _mappable(request, pk)
    names, _ = _first_rows(imported)
    if unknown := sorted(set(asked.columns) - set(MEANINGS)):
        errors = [{"field": f"columns.{one}"[:80], "detail": "No such meaning."} for one in unknown]
        raise Problem(422, f"Meanings are: {', '.join(MEANINGS)}.", errors=errors)
    given = {
        "constant_channel": asked.channel, "constant_model": asked.model, "time_format": asked.time_format,
        "time_zone": asked.time_zone,
    }  # fmt: skip
    data = cleaned(MappingForm({**asked.columns, **given}, columns=names), {one: f"columns.{one}" for one in MEANINGS})
    describe(imported=imported, acting_user=request.user, options=data["mapping"].as_json())
    import_usage.delay_on_commit(imported.pk)
    return _shown(request, pk)


@router.get("/imports/{int:pk}/entries", auth=CONTENTS, response=Page[EntryShown])
def list_entries(request: PersonRequest, pk: int, asked: Query[Paged]) -> dict[str, Any]:
    """The entries that an import brought, in the order of its lines."""
    imported = get_import(request.user, pk)
    require_may_read_contents_of(request.user, imported.pipeline.project)
    return part_of(entries_of(imported), asked, "pk")


@router.get("/import-entries/{int:pk}", auth=CONTENTS, response=EntryInFull)
def get_entry(request: PersonRequest, pk: int) -> UsageEntry:
    """One entry: what the log says, and which other sources tell of the same call."""
    found = UsageEntry.objects.filter(imported__in=visible_imports(request.user))
    entry = get_object_or_404(found.select_related("imported__pipeline__project"), pk=pk)
    require_may_read_contents_of(request.user, entry.imported.pipeline.project)
    return entry


@router.get("/imports/{int:pk}/rejected", auth=CONTENTS, response=Page[RejectedShown])
def list_rejected(request: PersonRequest, pk: int, asked: Query[Paged]) -> dict[str, Any]:
    """The lines that could not be read, each with its reason."""
    imported = get_import(request.user, pk)
    require_may_read_contents_of(request.user, imported.pipeline.project)
    return part_of(rejected_of(imported), asked, "pk")


@router.post("/imports/{int:pk}/again", auth=RUNNING, response=ImportInFull)
def read_again(request: PersonRequest, pk: int) -> Import:
    """Read the kept file once more. It changes nothing that is known."""
    imported = get_import(request.user, pk)
    require_may_import(request.user, imported.pipeline.project)
    describe(imported=imported, acting_user=request.user)
    import_usage.delay_on_commit(imported.pk)
    return _shown(request, pk)


@router.get("/imports/snippet", auth=READING, openapi_extra=a_file("text/x-python"))
def get_snippet(request: PersonRequest) -> HttpResponseBase:
    """The file that a team without gateway and tracer puts on its PYTHONPATH."""
    return pages.snippet(request)
