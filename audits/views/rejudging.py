"""What re-judging changed, and what will change on a day that is known already."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone

from audits.access import visible_runs
from audits.matching.coming import ComingChange, coming_changes
from audits.models import FindingChange, Rejudging
from audits.queries.review import newest_runs
from audits.views.listing import page_of
from compliance.access import may_edit_rules, require
from compliance.queries.library_kept import kept_library
from compliance.queries.names import names
from compliance.views.requests import PersonRequest

SHOWN = 5
WHO = "What was judged anew, and why, is shown to legal and administrators."


def coming(request: PersonRequest) -> HttpResponse:
    """Every recent use that will be judged more strictly from a day ahead."""
    return render(request, "audits/coming.html", {"changes": _coming(request), "names": names()})


def coming_notice(request: PersonRequest) -> HttpResponse:
    """The first of them, for the overview, which asks when it is shown; empty when there is none."""
    changes = _coming(request)
    context = {"changes": changes[:SHOWN], "more": max(len(changes) - SHOWN, 0), "names": names()}
    return render(request, "audits/_coming.html", context)


def _coming(request: PersonRequest) -> list[ComingChange]:
    mine = visible_runs(request.user).filter(pk__in=newest_runs().values("pk"))
    runs = list(mine.defer("manifest_text", "scan", "prompts", "summary").select_related("requested_by"))
    return coming_changes(kept_library(), runs, timezone.now().date()) if runs else []


def listing(request: PersonRequest) -> HttpResponse:
    """Every time that something recorded was judged anew, newest first."""
    require(may_edit_rules(request.user), WHO)
    page = page_of(request, Rejudging.objects.select_related("caused_by"))
    return render(request, "audits/rejudging_list.html", {"page": page})


def detail(request: PersonRequest, pk: int) -> HttpResponse:
    """What one re-judging changed."""
    require(may_edit_rules(request.user), WHO)
    done = get_object_or_404(Rejudging.objects.select_related("caused_by"), pk=pk)
    changes = FindingChange.objects.filter(rejudging=done).select_related("finding__run__pipeline__project")
    page = page_of(request, changes.order_by("-reopened", "finding__run", "id"))
    return render(request, "audits/rejudging_detail.html", {"done": done, "page": page})
