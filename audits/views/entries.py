"""Single entries of imported logs: one in full, and those that a finding rests on."""

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render

from audits.access import (
    get_finding,
    may_read_contents,
    require_may_read_contents_of,
    visible_imports,
)
from audits.models import UsageEntry
from audits.queries.imports import entries_behind
from audits.queries.owners import owners_of
from audits.queries.same_calls import link_of, seen_beside
from audits.views.imports import ENTRIES
from compliance.access import visible_projects
from compliance.queries.names import provider_names
from compliance.views.lists import wants_csv
from compliance.views.requests import PersonRequest

FEW = 6


def detail(request: PersonRequest, pk: int) -> HttpResponse:
    """One entry: what the log says, whose the account is, which file and line it came with."""
    found = UsageEntry.objects.filter(imported__in=visible_imports(request.user))
    entry = get_object_or_404(found.select_related("imported__pipeline__project", "imported__run"), pk=pk)
    project = entry.imported.pipeline.project
    owners = owners_of(visible_projects(request.user).filter(pk=project.pk))
    context = {
        "entry": entry,
        "heading": f"Line {entry.line:,}",
        "imported": entry.imported,
        "owner": owners.of(entry.served_by, entry.account, entry.person, entry.key_hint, entry.at.date()),
        "providers": provider_names(),
        "may_read": may_read_contents(request.user, project),
        "link": link_of(entry),
        "seen": seen_beside(entry),
    }
    return render(request, "audits/import_entry.html", context)


def of_finding(request: PersonRequest, pk: int) -> HttpResponseBase:
    """The entries of a log that a finding rests on, paged; as a fragment (`?few`), the first of them."""
    finding = get_finding(request.user, pk)
    require_may_read_contents_of(request.user, finding.run.pipeline.project)
    entries = entries_behind(finding)
    context = {"finding": finding, "run": finding.run, "providers": provider_names()}
    if "few" in request.GET:
        first = list(entries[: FEW + 1])
        context |= {"logged": first[:FEW], "more": len(first) > FEW}
        return render(request, "audits/_finding_entries.html", context)
    if wants_csv(request):
        return ENTRIES.as_csv(request, entries, f"finding-{finding.pk}-entries")
    shown = ENTRIES.shown(request, entries)
    return render(request, "audits/finding_entries.html", context | shown | {"logged": shown["page"]})
