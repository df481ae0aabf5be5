"""Before a revision is published: what would change among everything that was recorded."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render

from audits.queries.rule_impact import impact_of_revision
from compliance.access import may_edit_rules, require
from compliance.models import RuleRevision
from compliance.queries.names import names
from compliance.queries.proposed import UnreadableRevision
from compliance.views.requests import PersonRequest

WHOSE = "Impact previews read every project; they are for legal and administrators, who publish rules."


def preview(request: PersonRequest, pk: int) -> HttpResponse:
    """Recorded uses and open findings that this revision would judge otherwise, by run; nothing is written."""
    require(may_edit_rules(request.user), WHOSE)
    revision = get_object_or_404(RuleRevision.objects.select_related("rule__document__provider"), pk=pk)
    context = {"revision": revision, "document": revision.rule.document, "names": names()}
    try:
        context["found"] = impact_of_revision(revision)
    except UnreadableRevision as error:
        return render(request, "audits/rule_impact.html", {**context, "unreadable": str(error)}, status=422)
    return render(request, "audits/rule_impact.html", context)
