"""Before a revision is published: what would change among everything that was recorded."""

from typing import Any, Final

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone

from audits.actions.rule_impacts import OPEN, ask_for_impact, is_to_be_asked_for
from audits.models import KeptImpact
from audits.queries.rule_impact import Figures, impact_of_revision, is_quick, rows_behind, runs_of
from audits.tasks import preview_rule
from compliance.access import may_edit_rules, require
from compliance.models import RuleRevision
from compliance.queries.library_kept import kept_library
from compliance.queries.names import names
from compliance.queries.proposed import UnreadableRevision, library_with
from compliance.views.pages import page_of
from compliance.views.requests import PersonRequest

WHOSE = "Impact previews read every project; they are for legal and administrators, who publish rules."
RUNS_ON_A_PAGE: Final = 25


def preview(request: PersonRequest, pk: int) -> HttpResponse:
    """Recorded uses and open findings that this revision would judge otherwise, by run; none of them is written to.

    What can be judged at once is; else POST has a worker judge, and the page tells how far it is and shows what was kept.
    """
    require(may_edit_rules(request.user), WHOSE)
    revision = get_object_or_404(RuleRevision.objects.select_related("rule__document__provider"), pk=pk)
    context = {"revision": revision, "document": revision.rule.document, "names": names()}
    try:
        library_with(revision, kept_library())
    except UnreadableRevision as error:
        return render(request, "audits/rule_impact.html", {**context, "unreadable": str(error)}, status=422)
    if request.method == "POST":
        _ask(revision)
        return redirect("rule-impact", pk=pk)
    told = _judged(request, revision) if is_quick() else _kept(request, revision)
    return render(request, "audits/rule_impact.html", context | told)


def _judged(request: PersonRequest, revision: RuleRevision) -> dict[str, Any]:
    found = impact_of_revision(revision)
    return {"figures": found.figures, "page": page_of(request, found.runs, RUNS_ON_A_PAGE)}


def _ask(revision: RuleRevision) -> None:
    """Have a worker judge, unless one does, or did a moment ago."""
    kept, asked = ask_for_impact(revision=revision, basis=rows_behind())
    if asked:
        preview_rule.delay_on_commit(kept.pk)


def _kept(request: PersonRequest, revision: RuleRevision) -> dict[str, Any]:
    basis = rows_behind()
    kept = KeptImpact.objects.filter(revision=revision).first()
    if kept is None:
        return {"to_ask": True}
    again = is_to_be_asked_for(kept, basis, timezone.now())
    if kept.state != KeptImpact.State.READY:
        return {"waiting": kept.state in OPEN and not again, "kept": kept, "again": again}
    page = page_of(request, kept.runs.all(), RUNS_ON_A_PAGE)
    page.object_list = [runs_of(one.changes) for one in page.object_list]
    outdated = kept.heard_at if kept.basis != basis else None
    return {"figures": Figures.from_json(kept.figures), "page": page, "outdated": outdated, "again": again}
