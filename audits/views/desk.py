"""The desk's deeds: decide several findings, give findings to people, keep a filter under a name."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from audits.access import get_finding, require_may_assign, require_may_decide, visible_findings
from audits.actions.assigning import assign, keep_view
from audits.actions.decisions import MOST_AT_ONCE, decide_many
from audits.models import Finding, SavedView
from audits.queries.people import people_of, people_of_project
from audits.views.review_forms import AssignForm, DecisionForm, ViewForm
from compliance.access import visible_projects
from compliance.templatetags.looks import counted
from compliance.views.requests import PersonRequest


def _back(request: HttpRequest, otherwise: str) -> HttpResponse:
    address = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(address, {request.get_host()}, require_https=request.is_secure())
    return redirect(address if safe else otherwise)


def _chosen(request: PersonRequest) -> list[Finding]:
    """The ticked findings that the person sees; what is not theirs to see does not exist."""
    keys = [key for key in request.POST.getlist("finding") if key.isdigit()][: MOST_AT_ONCE + 1]
    seen = visible_findings(request.user).filter(pk__in=keys).select_related("rule_revision__rule")
    return list(seen.order_by("pk"))


def _complain(request: HttpRequest, error: ValidationError) -> None:
    messages.error(request, " ".join(error.messages))


@require_POST
def together(request: PersonRequest) -> HttpResponse:
    """What is done with the ticked findings: the same decision on each, or all of them given to one person."""
    findings = _chosen(request)
    if "assign" in request.POST:
        for project in {finding.run.pipeline.project for finding in findings}:
            require_may_assign(request.user, project)
        _assign_all(request, findings)
    else:
        for finding in findings:
            require_may_decide(request.user, finding)
        _decide_all(request, findings)
    return _back(request, reverse("findings"))


def _decide_all(request: PersonRequest, findings: list[Finding]) -> None:
    form = DecisionForm(request.POST, many=True)
    if not form.is_valid():
        messages.error(request, " ".join(str(one) for held in form.errors.values() for one in held))
        return
    try:
        made = decide_many(findings=findings, acting_user=request.user, **form.cleaned_data)
    except ValidationError as error:
        _complain(request, error)
        return
    messages.info(request, f"The decision stands on {counted(len(made), 'finding')}.")


def _assign_all(request: PersonRequest, findings: list[Finding]) -> None:
    form = AssignForm(request.POST, people=people_of(visible_projects(request.user)))
    if not form.is_valid():
        messages.error(request, "Choose one of the people offered, and a day as year-month-day.")
        return
    try:
        assign(findings=findings, acting_user=request.user, **form.cleaned_data)
    except ValidationError as error:
        _complain(request, error)
        return
    who = form.cleaned_data["assignee"] or "Nobody"
    messages.info(request, f"{who} sees to {counted(len(findings), 'finding')}.")


@require_POST
def assign_one(request: PersonRequest, pk: int) -> HttpResponse:
    """Give one finding to a person, until a day."""
    finding = get_finding(request.user, pk)
    project = finding.run.pipeline.project
    require_may_assign(request.user, project)
    form = AssignForm(request.POST, people=people_of_project(project))
    try:
        if not form.is_valid():
            raise ValidationError([str(one) for held in form.errors.values() for one in held])
        assign(findings=[finding], acting_user=request.user, **form.cleaned_data)
    except ValidationError as error:
        _complain(request, error)
    return redirect("finding", pk=pk)


@require_POST
def keep(request: PersonRequest) -> HttpResponse:
    """Keep the filter that is set under a name, for oneself."""
    form = ViewForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Give the view a name of at most 80 characters.")
        return _back(request, f"{reverse('findings')}?{request.POST.get('query', '')}")
    try:
        keep_view(acting_user=request.user, **form.cleaned_data)
    except ValidationError as error:
        _complain(request, error)
    return redirect(f"{reverse('findings')}?{form.cleaned_data['query']}")


@require_POST
def forget(request: PersonRequest, pk: int) -> HttpResponse:
    """Remove one of one's own views."""
    view = get_object_or_404(SavedView, pk=pk)
    if view.user_id != request.user.pk:
        raise PermissionDenied("This view is somebody else’s.")
    view.delete()
    return redirect(view.place)
