"""Findings: across runs, of one run, and one in full with its decisions."""

from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from audits.access import get_finding, get_run, may_read_contents, require_may_decide, visible_findings
from audits.actions.decisions import decide
from audits.models import Finding
from audits.queries.review import changes_of, decisions_on, finding_in_full, gravest_first, providers_of, with_standing
from audits.queries.review_page import finding_page
from audits.views.forms import DecisionForm, FindingFilter
from audits.views.listing import page_of, sorted_by
from audits.views.runs import run_context
from compliance.access import may_decide, visible_projects
from compliance.queries.names import names, provider_names
from compliance.views.requests import PersonRequest

COLUMNS = {
    "outcome": ("gravity",),
    "provider": ("provider",),
    "project": ("run__pipeline__project__name",),
    "run": ("run_id",),
    "calls": ("calls",),
    "rows": ("rows",),
}


def listing(request: PersonRequest) -> HttpResponse:
    """Findings of every project that the person may see, gravest first, narrowed by the filters."""
    mine = visible_findings(request.user)
    known = names()
    asked = [(slug, known.providers.get(slug, slug)) for slug in providers_of(mine)]
    form = FindingFilter(request.GET, projects=visible_projects(request.user), providers=asked)
    findings = gravest_first(form.narrow(with_standing(mine)))
    page = page_of(request, sorted_by(request, findings, COLUMNS))
    return render(request, "audits/finding_list.html", {"page": page, "form": form, "names": known})


def of_run(request: PersonRequest, pk: int) -> HttpResponse:
    """The findings of one run, in their order."""
    run = get_run(request.user, pk)
    findings = with_standing(run.findings.select_related("rule_revision")).order_by("number")
    context = run_context(request, run, "findings") | {"findings": findings, "names": names()}
    return render(request, "audits/run_findings.html", context)


def detail(request: PersonRequest, pk: int) -> HttpResponse:
    """One finding in full."""
    finding = get_finding(request.user, pk)
    return _page(request, finding, DecisionForm())


def _page(request: PersonRequest, finding: Finding, form: DecisionForm, status: int = 200) -> HttpResponse:
    finding, named = finding_in_full(finding.pk), provider_names()
    context = {
        "finding": finding,
        "run": finding.run,
        "form": form,
        "read": finding_page(finding, named),
        "providers": named,
        "decisions": decisions_on(finding),
        "changes": changes_of(finding),
        "student": (finding.run.manifest.get("student") or {}).get("name") or "",
        "reads_contents": may_read_contents(request.user, finding.run.pipeline.project),
        "may_decide": may_decide(request.user, finding.run.pipeline.project),
    }
    return render(request, "audits/finding_detail.html", context, status=status)


@require_POST
def decide_finding(request: PersonRequest, pk: int) -> HttpResponse:
    """Add a decision to the finding's history."""
    finding = get_finding(request.user, pk)
    require_may_decide(request.user, finding)
    form = DecisionForm(request.POST)
    if not form.is_valid():
        return _page(request, finding, form, status=422)
    try:
        decide(finding=finding, acting_user=request.user, **form.cleaned_data)
    except ValidationError as error:
        form.add_error(None, error)
        return _page(request, finding, form, status=422)
    return redirect("finding", pk=finding.pk)
