"""Findings: across runs, of one run, and one in full with its decisions."""

from dataclasses import replace
from typing import Final

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.forms import model_to_dict
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from audits.access import (
    ASSIGNERS,
    get_finding,
    get_run,
    require_may_decide,
    visible_findings,
    visible_remarks,
    visible_remedies,
    visible_requests,
)
from audits.actions.decisions import decide
from audits.models import Assignment, FactRequest, Finding, Remedy, SavedView
from audits.queries.people import people_of, people_of_project
from audits.queries.proposing import proposed_decision
from audits.queries.review import (
    as_listed,
    changes_of,
    decisions_on,
    finding_in_full,
    for_lists,
    providers_of,
    student_of,
    with_gravity,
    with_standing,
)
from audits.queries.review_page import finding_page
from audits.queries.standing import with_assignment
from audits.views.asked_forms import AskForm
from audits.views.forms import offered_people
from audits.views.listing import InTwoSteps, page_of
from audits.views.looks import looked_at_notes
from audits.views.review_forms import AssignForm, DecisionForm, FindingFilter, in_order_of_work
from audits.views.runs import run_context
from audits.views.unsent import unsent
from compliance.access import deeds_in, may_decide_some, visible_projects
from compliance.queries.names import names, provider_names
from compliance.roles import Deed
from compliance.views.lists import Listing, field, wants_csv
from compliance.views.requests import PersonRequest, take_errors

FINDINGS: Final = Listing(
    "findings",
    (
        field("finding", of="number"), field("outcome", "gravity", of="outcome"), field("title"), field("sentence"),
        field("document"), field("version"), field("section"), field("provider", "provider"),
        field("project", "run__pipeline__project__name", of="run.pipeline.project.name"),
        field("pipeline", of="run.pipeline.name"), field("run", "run_id", of="run.number"),
        field("simulated", of="run.is_simulated"), field("calls", "calls"), field("rows", "rows"),
        field("seen_to_by", of="assignee_name"), field("due_on"), field("standing"), field("decision", of="decision_kind"),
        field("until", of="decision_until"),
    ),
)  # fmt: skip
FINDINGS_OF_ONE: Final = replace(
    FINDINGS, columns=tuple(one for one in FINDINGS.columns if one.key not in ("seen_to_by", "due_on"))
)


def listing(request: PersonRequest) -> HttpResponseBase:
    """The desk: findings of every project that the person may see, in the order of work, narrowed by the filters."""
    mine = visible_findings(request.user)
    known = names()
    asked = [(slug, known.providers.get(slug, slug)) for slug in providers_of(mine)]
    projects = visible_projects(request.user)
    people = list(people_of(projects))
    form = FindingFilter(request.GET, projects, asked, request.user, [(one.pk, one.username) for one in people])
    findings = for_lists(in_order_of_work(form.narrow(with_gravity(with_standing(mine)))))
    if wants_csv(request):
        return FINDINGS.as_csv(request, findings)
    shown = as_listed(with_assignment(with_standing(mine)))
    page = page_of(request, InTwoSteps(FINDINGS.chosen(request, findings), shown))
    decides = may_decide_some(request.user)
    context = {
        "page": page,
        "as_csv": True,
        "form": form,
        "names": known,
        "today": timezone.localdate(),
        "views": SavedView.objects.filter(user=request.user, place=SavedView.Place.FINDINGS),
        "query": request.GET.urlencode(),
        "decision": DecisionForm(many=True, decided=False) if decides else None,
        "people": people,
    }
    return render(request, "audits/finding_list.html", context)


def of_run(request: PersonRequest, pk: int) -> HttpResponseBase:
    """The findings of one run, in their order."""
    run = get_run(request.user, pk)
    findings = with_standing(run.findings.defer("because", "detail")).order_by("number")
    if wants_csv(request):
        whole = for_lists(findings.select_related("run__pipeline__project"))
        return FINDINGS_OF_ONE.as_csv(request, whole, f"{run.pipeline.slug}-{run.number}-findings")
    shown = {"page": page_of(request, findings), "as_csv": True, "searches": False, "names": names()}
    return render(request, "audits/run_findings.html", run_context(request, run, "findings") | shown)


def detail(request: PersonRequest, pk: int) -> HttpResponse:
    """One finding in full."""
    finding = get_finding(request.user, pk)
    return _page(request, finding, None)


def _page(request: PersonRequest, finding: Finding, form: DecisionForm | None, status: int = 200) -> HttpResponse:
    finding, named = finding_in_full(finding), provider_names()
    decisions = decisions_on(finding)
    project = finding.run.pipeline.project
    deeds = deeds_in(request.user, project)
    proposed = proposed_decision(finding) if Deed.DECIDE in deeds else None
    form = form or DecisionForm(
        has_rule=finding.rule_revision is not None, decided=bool(decisions),
        initial={"kind": proposed.kind, "reason": proposed.reason} if proposed else None,
    )  # fmt: skip
    held = Assignment.objects.filter(project=project, finding_key=finding.key).select_related("assignee").first()
    remarks = list(visible_remarks(request.user, finding, deeds))
    looked_at_notes(request, finding, remarks)
    typed = unsent(request, finding.pk)
    people = people_of_project(project)
    asking = AskForm(finding=finding, people=people, initial=typed.get("ask")) if Deed.DECIDE in deeds else None
    assigning = AssignForm(people=people, initial=held and model_to_dict(held)) if deeds & ASSIGNERS else None
    offered_people(people, asking["asked_of"] if asking else None, assigning["assignee"] if assigning else None)
    context = {
        "finding": finding,
        "run": finding.run,
        "form": form,
        "proposed": proposed,
        "read": finding_page(finding, named),
        "providers": named,
        "decisions": decisions,
        "assignment": held,
        "assigning": assigning,
        "today": timezone.localdate(),
        "changes": changes_of(finding),
        "student": student_of(finding),
        "reads_contents": Deed.READ_CONTENTS in deeds,
        "may_decide": Deed.DECIDE in deeds,
        "may_assign": bool(deeds & ASSIGNERS),
        "remarks": remarks,
        "may_remark": Deed.COMMENT in deeds,
        "may_note": Deed.WRITE_PRIVILEGED in deeds,
        "asked": _asked_about(request, finding),
        "asking": asking,
        "typed": typed,
        "remedies": _work_on(request, finding),
    }
    return render(request, "audits/finding_detail.html", context, status=status)


def _asked_about(request: PersonRequest, finding: Finding) -> QuerySet[FactRequest]:
    people = ("asked_by", "asked_of", "replied_by", "withdrawn_by")
    asked = visible_requests(request.user).select_related(None).select_related(*people, "answer")
    return asked.filter(project=finding.run.pipeline.project_id, finding__key=finding.key)


def _work_on(request: PersonRequest, finding: Finding) -> QuerySet[Remedy]:
    work = visible_remedies(request.user).select_related(None).select_related("owner", "settled_run")
    return work.filter(project=finding.run.pipeline.project_id, finding_key=finding.key)


@require_POST
def decide_finding(request: PersonRequest, pk: int) -> HttpResponse:
    """Add a decision to the finding's history."""
    finding = get_finding(request.user, pk)
    require_may_decide(request.user, finding)
    decided = bool(decisions_on(finding))
    form = DecisionForm(request.POST, has_rule=finding.rule_revision is not None, decided=decided)
    if not form.is_valid():
        return _page(request, finding, form, status=422)
    try:
        decide(finding=finding, acting_user=request.user, **form.cleaned_data)
    except ValidationError as error:
        take_errors(form, error)
        return _page(request, finding, form, status=422)
    return redirect("finding", pk=finding.pk)
