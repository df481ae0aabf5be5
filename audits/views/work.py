"""Work: what engineers have to change, with where and how; remedies with an owner and a day; which changes would help."""

from typing import Any, Final

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from audits.access import (
    get_finding,
    get_remedy,
    may_assign,
    require_may_assign,
    require_may_claim,
    visible_findings,
    visible_pipelines,
    visible_remedies,
    visible_requests,
    visible_runs,
)
from audits.actions.assigning import keep_view
from audits.actions.remedies import ask_for_remedy, claim_remedy, drop_remedy, move_remedy
from audits.models import Finding, Remedy, Run, SavedView
from audits.queries.code_places import places_of
from audits.queries.people import people_of_project
from audits.queries.review import finding_in_full, providers_of
from audits.queries.ways import ways_out
from audits.queries.work import as_shown, findings_to_work_on, in_order, steps_for, work_items
from audits.views.listing import InTwoSteps, page_of
from audits.views.review_forms import ViewForm
from audits.views.work_forms import RemedyForm, WorkFilter
from compliance.access import visible_projects
from compliance.queries.names import Names, names
from compliance.views.lists import Column, Listing, field, wants_csv
from compliance.views.requests import PersonRequest

WORK: Final = Listing(
    "work",
    (
        field("project", of="finding.run.pipeline.project.name"), field("pipeline", of="finding.run.pipeline.name"),
        field("run", of="finding.run.number"), field("finding", of="finding.number"),
        field("outcome", of="finding.outcome"), field("title", of="finding.title"),
        field("provider", of="finding.provider"), Column("models", lambda item: item.finding.detail.get("models", [])),
        field("places"), Column("how", lambda item: [step.words for step in item.steps]),
        Column("owner", lambda item: [work.owner for work in item.remedies] or item.finding.assignee_name),
        field("due", of="finding.next_due"),
        Column("work", lambda item: [f"{work.get_state_display()}: {work.what}" for work in item.remedies]),
        field("calls", of="finding.calls"), field("rows", of="finding.rows"),
        Column("address", lambda item: reverse("work-finding", args=[item.finding.pk])),
    ),
)  # fmt: skip
"""Its order is that of the work itself: by pipeline, the gravest first."""


def _filtered(request: PersonRequest, known: Names) -> tuple[WorkFilter, QuerySet[Any]]:
    mine = visible_findings(request.user)
    providers = [(slug, known.providers.get(slug, slug)) for slug in providers_of(mine)]
    pipelines = [(str(pk), name) for pk, name in visible_pipelines(request.user).values_list("pk", "name")]
    form = WorkFilter(request.GET, request.user, visible_projects(request.user), pipelines, providers)
    work = findings_to_work_on(mine).select_related("rule_revision", "run__pipeline__project")
    return form, in_order(form.narrow(work)).defer("run__scan", "run__manifest", "run__manifest_text", "run__summary")


@require_GET
def listing(request: PersonRequest) -> HttpResponseBase:
    """What calls for a change, by pipeline, the gravest first."""
    if wants_csv(request):
        return export(request)
    known = names()
    form, findings = _filtered(request, known)
    page = page_of(request, InTwoSteps(WORK.chosen(request, findings), as_shown(visible_findings(request.user))))
    asked = visible_requests(request.user).filter(asked_of=request.user, replied_at=None, withdrawn_at=None)
    context = {
        "page": page,
        "as_csv": True,
        "items": work_items(list(page)),
        "form": form,
        "names": known,
        "today": timezone.localdate(),
        "views": SavedView.objects.filter(user=request.user, place=SavedView.Place.WORK),
        "query": request.GET.urlencode(),
        "asked": asked.count(),
        "mine": visible_remedies(request.user).filter(owner=request.user, state__in=Remedy.TO_DO).count(),
    }
    return render(request, "audits/work_list.html", context)


@require_GET
def export(request: PersonRequest) -> HttpResponseBase:
    """The same as CSV, everything that the filter leaves."""
    return WORK.as_csv(request, _filtered(request, names())[1], prepared=work_items)


@require_GET
def on_finding(request: PersonRequest, pk: int) -> HttpResponse:
    """One finding as an engineer works on it: where in the code, what to do, which changes would help, and its work."""
    return _on_finding(request, get_finding(request.user, pk), None)


def _on_finding(request: PersonRequest, finding: Finding, form: RemedyForm | None, status: int = 200) -> HttpResponse:
    finding = finding_in_full(finding)
    project, run = finding.run.pipeline.project, finding.run
    may = may_assign(request.user, project)
    work = visible_remedies(request.user).filter(project=project, finding_key=finding.key).order_by("state", "due_on")
    context = {
        "finding": finding,
        "run": run,
        "names": names(),
        "places": places_of(finding, run.scan),
        "steps": steps_for(finding),
        "ways": ways_out(finding, visible_runs(request.user)),
        "remedies": work,
        "form": form or (RemedyForm(people=people_of_project(project)) if may else None),
        "may": may,
        "today": timezone.localdate(),
    }
    return render(request, "audits/work_finding.html", context, status=status)


@require_POST
def add(request: PersonRequest, pk: int) -> HttpResponse:
    """Give somebody work on a finding."""
    finding = get_finding(request.user, pk)
    project = finding.run.pipeline.project
    require_may_assign(request.user, project)
    form = RemedyForm(request.POST, people=people_of_project(project))
    if form.is_valid():
        try:
            made = ask_for_remedy(finding=finding, acting_user=request.user, **form.cleaned_data)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            return redirect("work-remedy", pk=made.pk)
    return _on_finding(request, finding, form, status=422)


@require_GET
def remedy(request: PersonRequest, pk: int) -> HttpResponse:
    """One piece of work with its history."""
    return _remedy(request, get_remedy(request.user, pk), None)


def _remedy(request: PersonRequest, held: Remedy, form: RemedyForm | None, status: int = 200) -> HttpResponse:
    project = held.project
    may = may_assign(request.user, project)
    initial = {"what": held.what, "owner": held.owner_id, "due_on": held.due_on}
    run = Run.objects.only("scan").get(pk=held.finding.run_id)
    open_ones = (*Remedy.TO_DO, Remedy.State.CLAIMED)
    context = {
        "remedy": held,
        "finding": held.finding,
        "run": held.finding.run,
        "places": places_of(held.finding, run.scan),
        "steps": steps_for(held.finding),
        "history": held.history.select_related("by", "run__pipeline"),
        "decisions": held.decisions.select_related("decided_by"),
        "to_do": held.state in Remedy.TO_DO,
        "is_open": held.state in open_ones,
        "mine": held.owner_id == request.user.pk,
        "may": may,
        "form": form or (RemedyForm(people=people_of_project(project), initial=initial) if may else None),
        "today": timezone.localdate(),
    }
    return render(request, "audits/work_remedy.html", context, status=status)


@require_POST
def claim(request: PersonRequest, pk: int) -> HttpResponse:
    """The owner says that it is changed; the next run shows whether it is."""
    held = get_remedy(request.user, pk)
    require_may_claim(request.user, held)
    return _done(request, held, lambda: claim_remedy(
        remedy=held, acting_user=request.user, words=request.POST.get("words", "")
    ))  # fmt: skip


@require_POST
def drop(request: PersonRequest, pk: int) -> HttpResponse:
    """Give the work up, with a reason."""
    held = get_remedy(request.user, pk)
    require_may_assign(request.user, held.project)
    return _done(request, held, lambda: drop_remedy(
        remedy=held, acting_user=request.user, reason=request.POST.get("reason", "")
    ))  # fmt: skip


@require_POST
def move(request: PersonRequest, pk: int) -> HttpResponse:
    """Another owner, day or words."""
    held = get_remedy(request.user, pk)
    require_may_assign(request.user, held.project)
    form = RemedyForm(request.POST, people=people_of_project(held.project))
    if not form.is_valid():
        return _remedy(request, held, form, status=422)
    return _done(request, held, lambda: move_remedy(remedy=held, acting_user=request.user, **form.cleaned_data))


def _done(request: PersonRequest, held: Remedy, act: Any) -> HttpResponse:
    try:
        act()
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    return redirect("work-remedy", pk=held.pk)


@require_POST
def keep(request: PersonRequest) -> HttpResponse:
    """Keep the filter that is set under a name, for oneself."""
    form = ViewForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Give the view a name of at most 80 characters.")
        return redirect(f"{reverse('work')}?{request.POST.get('query', '')}")
    try:
        keep_view(acting_user=request.user, place=SavedView.Place.WORK, **form.cleaned_data)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    return redirect(f"{reverse('work')}?{form.cleaned_data['query']}")
