"""Before a revision is published: what would change among everything that was recorded."""

from typing import Any, Final

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render

from audits.actions.rule_impacts import OPEN, ask_for_impact
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

    What can be judged at once is; else a worker judges, the page tells how far it is, and shows what was kept of that.
    """
    require(may_edit_rules(request.user), WHOSE)
    revision = get_object_or_404(RuleRevision.objects.select_related("rule__document__provider"), pk=pk)
    context = {"revision": revision, "document": revision.rule.document, "names": names()}
    try:
        library_with(revision, kept_library())
    except UnreadableRevision as error:
        return render(request, "audits/rule_impact.html", {**context, "unreadable": str(error)}, status=422)
    told = _judged(request, revision) if is_quick() else _kept(request, revision)
    return render(request, "audits/rule_impact.html", context | told)


def _judged(request: PersonRequest, revision: RuleRevision) -> dict[str, Any]:
    found = impact_of_revision(revision)
    return {"figures": found.figures, "page": page_of(request, found.runs, RUNS_ON_A_PAGE)}


def _kept(request: PersonRequest, revision: RuleRevision) -> dict[str, Any]:
    basis = rows_behind()
    kept, asked = ask_for_impact(revision=revision, basis=basis)
    if asked:
        preview_rule.delay_on_commit(kept.pk)
    if kept.state != KeptImpact.State.READY:
        return {"waiting": kept.state in OPEN, "kept": kept}
    page = page_of(request, kept.runs.all(), RUNS_ON_A_PAGE)
    page.object_list = [runs_of(one.changes) for one in page.object_list]
    outdated = kept.heard_at if kept.basis != basis else None
    return {"figures": Figures.from_json(kept.figures), "page": page, "outdated": outdated}
