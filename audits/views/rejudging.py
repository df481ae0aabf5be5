"""What re-judging changed, and what will change on a day that is known already."""

from typing import Final

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.utils import timezone

from audits.access import visible_runs
from audits.matching.coming import ComingChange, coming_changes
from audits.models import FindingChange, Rejudging
from audits.queries.review import newest_runs
from compliance.access import may_edit_rules, require
from compliance.queries.library_kept import kept_library
from compliance.queries.names import names
from compliance.views.lists import Column, Listing, field, wants_csv
from compliance.views.requests import PersonRequest

SHOWN = 5
WHO = "What was judged anew, and why, is shown to legal and administrators."
REJUDGINGS: Final = Listing(
    "judged-anew",
    (
        field("at", "at"), field("because", of="cause"), field("by", of="caused_by"), field("runs"), field("uses"),
        field("calls", "calls"), field("changed_runs"), field("changed_uses"), field("changed_calls", "changed_calls"),
        field("changed_findings", "changed_findings"), field("seconds", "seconds"),
    ),
    words=("cause",),
)  # fmt: skip
CHANGES: Final = Listing(
    "changes",
    (
        field("what", "what", "id"), field("reopened", "reopened", "id"), field("finding", of="finding.title"),
        Column("before", lambda one: one.before.get("outcome")), Column("after", lambda one: one.after.get("outcome")),
        field("project", of="finding.run.pipeline.project.name"), field("pipeline", of="finding.run.pipeline.name"),
        field("run", "finding__run", "id", of="finding.run.number"),
    ),
    words=("finding__title", "finding__run__pipeline__name"),
)  # fmt: skip


COMING: Final = Listing(
    "coming-changes",
    (
        field("on"), field("before"), field("after"), field("pipeline", of="run.pipeline.name"), field("run", of="run.number"),
        field("student"), field("provider"), field("served_by"), field("model"), field("activity"), field("calls"),
        field("gained"), field("because"),
    ),
)  # fmt: skip


def coming(request: PersonRequest) -> HttpResponseBase:
    """Every recent use that will be judged more strictly from a day ahead."""
    changes = _coming(request)
    if wants_csv(request):
        return COMING.as_csv(request, changes)
    return render(request, "audits/coming.html", COMING.shown(request, changes) | {"names": names()})


def coming_notice(request: PersonRequest) -> HttpResponse:
    """The first of them, for the overview, which asks when it is shown; empty when there is none."""
    changes = _coming(request)
    context = {"changes": changes[:SHOWN], "more": max(len(changes) - SHOWN, 0), "names": names()}
    return render(request, "audits/_coming.html", context)


def _coming(request: PersonRequest) -> list[ComingChange]:
    mine = visible_runs(request.user).filter(pk__in=newest_runs().values("pk"))
    runs = list(mine.defer("manifest_text", "scan", "prompts", "summary").select_related("requested_by"))
    return coming_changes(kept_library(), runs, timezone.now().date()) if runs else []


def listing(request: PersonRequest) -> HttpResponseBase:
    """Every time that something recorded was judged anew, newest first."""
    require(may_edit_rules(request.user), WHO)
    found = Rejudging.objects.select_related("caused_by")
    if wants_csv(request):
        return REJUDGINGS.as_csv(request, found)
    return render(request, "audits/rejudging_list.html", REJUDGINGS.shown(request, found))


def detail(request: PersonRequest, pk: int) -> HttpResponseBase:
    """What one re-judging changed."""
    require(may_edit_rules(request.user), WHO)
    done = get_object_or_404(Rejudging.objects.select_related("caused_by"), pk=pk)
    changes = FindingChange.objects.filter(rejudging=done).select_related("finding__run__pipeline__project")
    found = changes.order_by("-reopened", "finding__run", "id")
    if wants_csv(request):
        return CHANGES.as_csv(request, found, f"judged-anew-{done.pk}")
    return render(request, "audits/rejudging_detail.html", CHANGES.shown(request, found) | {"done": done})
