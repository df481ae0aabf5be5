"""Imports: the list, giving a file, what the columns of a table mean, how one goes, its calls and its unread lines."""

import itertools
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_POST

from audits.access import get_import, may_keep, require_may_import, require_may_read_contents_of, visible_imports
from audits.actions.ingesting import describe, request_import
from audits.evidence.store import Missing, open_store
from audits.ingest.readers.mapped import MEANINGS, ColumnMapping, reader
from audits.ingest.reading import Found, Outcome, first_rows, read_part
from audits.ingest.sources import SOURCES
from audits.ingest.unpacking import Unacceptable
from audits.models import Import, ModelCall
from audits.procedures.importing import keep_file
from audits.queries.imports import entries_of, models_of, rejected_of, with_what_is_shown
from audits.queries.same_calls import counted_elsewhere, differing, narrowed
from audits.tasks import import_usage
from audits.views.import_forms import MOST_BYTES, ImportForm, MappingForm
from compliance.access import may_run_audits, may_run_some_audits
from compliance.bounds import takes_files
from compliance.queries.names import provider_names
from compliance.views.first_project import project_first
from compliance.views.lists import Column, Listing, field, wants_csv
from compliance.views.requests import PersonRequest

IMPORTS: Final = Listing(
    "imports",
    (
        field("file", "name", of="name"), field("log", "pipeline__name", of="pipeline.name"), field("source"),
        field("project", "pipeline__project__name", of="pipeline.project.name"),
        field("when", "requested_at", of="requested_at"), Column("by", lambda one: one.requested_by or one.token),
        field("state", "state"), field("read", "read"), field("new", "new"), field("rejected", "rejected"),
        field("outcome", "run__outcome", of="run.outcome"), field("sha256"),
    ),
    words=("name", "pipeline__name", "pipeline__project__name"),
)  # fmt: skip
ENTRIES: Final = Listing(
    "entries",
    (
        field("line", "id", of="line"), field("at", "at", "id"), field("kind"), field("model", of="request_model"),
        field("provider"), field("served_by"), field("host"), field("asked", of="prompt_excerpt"),
        field("answered", of="output_excerpt"), field("account"), field("person"), field("key", of="key_hint"),
        field("failed"), field("calls"), field("input_tokens"), field("output_tokens"), field("cost"), field("currency"),
    ),
)  # fmt: skip
REJECTED: Final = Listing(
    "rejected",
    (field("part"), field("line", "id", of="line"), field("why", "reason", "id", of="reason"), field("raw")),
    words=("reason", "part"),
)
UNPACKED_AT_MOST = 8 * MOST_BYTES
PREVIEWED, SHOWN = 200, 8


def listing(request: PersonRequest) -> HttpResponseBase:
    """Every import that the person may see, newest first."""
    imports = with_what_is_shown(visible_imports(request.user)).order_by("-id")
    if wants_csv(request):
        return IMPORTS.as_csv(request, imports)
    context = {"sources": SOURCES, "may_import": may_run_some_audits(request.user)}
    return render(request, "audits/import_list.html", IMPORTS.shown(request, imports) | context)


@takes_files(MOST_BYTES, otherwise="import_usage on the command line takes larger ones.")
def add(request: PersonRequest) -> HttpResponse:
    """Give a file. What can't be read at all is refused here, in words; the rest is read by a worker."""
    if sent := project_first(request, "Usage is imported by a project’s engineers or an administrator."):
        return sent
    form = ImportForm(request.POST or None, request.FILES or None, user=request.user)
    if request.method == "POST" and form.is_valid():
        try:
            return _taken(request, form)
        except Unacceptable as problem:
            form.add_error("file", f"{problem}.")
    status = 422 if request.method == "POST" else 200
    return render(request, "audits/import_add.html", {"form": form}, status=status)


def _taken(request: PersonRequest, form: ImportForm) -> HttpResponse:
    data = form.cleaned_data
    file, source = data["file"], SOURCES[data["source"]]
    kept = keep_file(file.file, file.name, source, UNPACKED_AT_MOST)
    imported = request_import(
        project=data["project"], acting_user=request.user, source=source.name, name=file.name, log=data["log"],
        sha256=kept.sha256, size=kept.size, parts=kept.parts, declared=form.declared(),
    )  # fmt: skip
    if source.reader is None:
        return redirect("import-map", pk=imported.pk)
    import_usage.delay_on_commit(imported.pk)
    return redirect("import", pk=imported.pk)


def columns(request: PersonRequest, pk: int) -> HttpResponse:
    """Say what a table's columns mean; a preview shows what its first rows then say."""
    imported = get_import(request.user, pk)
    require_may_import(request.user, imported.pipeline.project)
    if imported.state != Import.State.WAITING or SOURCES[imported.source].reader is not None:
        return redirect("import", pk=pk)
    try:
        names, rows = first_rows_of(imported)
    except (Unacceptable, Missing) as problem:
        return render(request, "audits/import_map.html", {"imported": imported, "problem": str(problem)}, status=422)
    form = MappingForm(request.POST or None, columns=names)
    valid = request.method == "POST" and form.is_valid()
    if valid and "preview" not in request.POST:
        describe(imported=imported, acting_user=request.user, options=form.cleaned_data["mapping"].as_json())
        import_usage.delay_on_commit(imported.pk)
        return redirect("import", pk=pk)
    context = {"imported": imported, "form": form, "names": names, "rows": [list(row.values()) for row in rows]}
    if valid:
        context["preview"] = _preview(imported, form.cleaned_data["mapping"])
    return render(
        request, "audits/import_map.html", context, status=422 if request.method == "POST" and not valid else 200
    )


def first_rows_of(imported: Import) -> tuple[list[str], list[Any]]:
    with open_store(settings.EVIDENCE_URL).open(imported.parts[0]["sha256"]) as stream:
        return first_rows(stream, SHOWN)  # type: ignore[arg-type]


def _preview(imported: Import, mapping: ColumnMapping) -> dict[str, Any]:
    """What the first rows say under a mapping: records, and why which rows are none."""
    found: list[Found] = []
    rejected: list[Outcome] = []
    try:
        with open_store(settings.EVIDENCE_URL).open(imported.parts[0]["sha256"]) as stream:
            for outcome in itertools.islice(read_part(stream, reader(mapping)), PREVIEWED):  # type: ignore[arg-type]
                if isinstance(outcome, Found):
                    found.append(outcome)
                else:
                    rejected.append(outcome)
    except Unacceptable as problem:
        return {"problem": str(problem), "read": 0, "rejected": [], "records": [], "meanings": []}
    meanings = [meaning for meaning in MEANINGS if meaning in {**mapping.columns, **mapping.constants}]
    fields = [{"key": "key", "id": "id"}.get(meaning, meaning) for meaning in meanings]
    records = [[getattr(one.record, field) for field in fields] for one in found[:SHOWN]]
    return {
        "read": len(found), "rejected": rejected[:SHOWN], "unread": len(rejected), "records": records,
        "meanings": [MEANINGS[meaning] for meaning in meanings],
    }  # fmt: skip


def detail(request: PersonRequest, pk: int) -> HttpResponse:
    """An import: how far it is, what it brought, what could not be read, what its log comes to."""
    return render(request, "audits/import_detail.html", _context(request, get_import(request.user, pk)))


def live(request: PersonRequest, pk: int) -> HttpResponse:
    """The live part alone; it carries no further polling once the import has ended."""
    return render(request, "audits/_import_live.html", _context(request, get_import(request.user, pk)))


def _context(request: PersonRequest, imported: Import) -> dict[str, Any]:
    project = imported.pipeline.project
    first = imported.first_at.date().isoformat() if imported.first_at else ""
    last = imported.last_at.date().isoformat() if imported.last_at else ""
    return {
        "imported": imported,
        "source": SOURCES.get(imported.source),
        "needs_mapping": imported.state == Import.State.WAITING and not imported.options and imported.source == "csv",
        "rejected": rejected_of(imported)[:SHOWN],
        "purpose": ModelCall.Purpose(imported.declared.get("purpose", "")).label,
        "models": models_of(imported),
        "elsewhere": counted_elsewhere(imported),
        "differing": differing(imported),
        "providers": provider_names(),
        "findings": imported.run.findings.count() if imported.run else 0,
        "newest": imported.pipeline.runs.order_by("-number").first(),
        "reconciliation": f"{reverse('reconciliation')}?{urlencode({'from': first, 'to': last})}",
        "may_import": may_run_audits(request.user, project),
        "may_keep": may_keep(request.user, project),
    }


def calls(request: PersonRequest, pk: int) -> HttpResponseBase:
    """The entries that an import brought, paged."""
    imported = get_import(request.user, pk)
    require_may_read_contents_of(request.user, imported.pipeline.project)
    entries = narrowed(entries_of(imported), request.GET.get("seen", ""))
    if wants_csv(request):
        return ENTRIES.as_csv(request, entries, f"import-{imported.pk}-calls")
    context = {"imported": imported, "providers": provider_names()}
    return render(request, "audits/import_calls.html", ENTRIES.shown(request, entries) | context)


def rejected(request: PersonRequest, pk: int) -> HttpResponseBase:
    """The lines that could not be read, each with its reason, paged."""
    imported = get_import(request.user, pk)
    require_may_read_contents_of(request.user, imported.pipeline.project)
    lines = rejected_of(imported)
    if wants_csv(request):
        return REJECTED.as_csv(request, lines, f"import-{imported.pk}-rejected")
    return render(request, "audits/import_rejected.html", REJECTED.shown(request, lines) | {"imported": imported})


SNIPPET = Path(__file__).resolve().parent.parent / "ingest" / "snippet" / "sitecustomize.py"


def snippet(request: PersonRequest) -> HttpResponse:
    """The file that a team without gateway and tracer puts on its PYTHONPATH."""
    answer = HttpResponse(SNIPPET.read_bytes(), content_type="text/x-python; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="sitecustomize.py"'
    return answer


@require_POST
def again(request: PersonRequest, pk: int) -> HttpResponse:
    """Read the kept file once more: after a worker died, or a reader learned more. It changes nothing that is known."""
    imported = get_import(request.user, pk)
    require_may_import(request.user, imported.pipeline.project)
    describe(imported=imported, acting_user=request.user)
    import_usage.delay_on_commit(imported.pk)
    return redirect("import", pk=pk)
