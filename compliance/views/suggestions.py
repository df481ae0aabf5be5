"""Suggested clauses and clauses that changed: accepted, rejected, settled, and drafted into rules by those who keep clauses."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models.functions import Lower
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from compliance.access import may_edit_rules, may_keep_clauses, require
from compliance.actions.anchoring import settle
from compliance.actions.clauses import ClauseRefused, accept_suggestion, mark_passage, reject_suggestion
from compliance.actions.drafting import draft_from_clause
from compliance.actions.rules import RuleRefused
from compliance.models import Anchoring, ClauseText, Provider, Suggestion, TermsDocument, Version
from compliance.queries.clauses import (
    around,
    clauses_to_choose,
    free_key,
    open_suggestions,
    waiting_anchorings,
    with_marks,
    with_words,
)
from compliance.tasks import follow_clauses
from compliance.text.labels import clause_key
from compliance.views.clause_forms import ClauseForm, RejectForm, SettleForm
from compliance.views.requests import PersonRequest

ON_A_PAGE = 20
_REFUSAL = "Clauses are accepted by legal or by an administrator."


@require_http_methods(["GET", "POST"])
def suggestion(request: PersonRequest, pk: int) -> HttpResponse:
    """One suggestion: why it was found, and the clause that a person makes of it."""
    require(may_keep_clauses(request.user), _REFUSAL)
    found = get_object_or_404(Suggestion.objects.select_related("version__document__provider", "decided_by"), pk=pk)
    text = found.version.text
    wanted = free_key(found.version, clause_key(found.labels, found.section))
    given = {"wording": text[found.start : found.end], "labels": found.labels, "key": wanted, "section": found.section}
    form = ClauseForm(request.POST or None, initial=given, clauses=clauses_to_choose(found.version))
    if request.method == "POST" and form.is_valid():
        try:
            place = accept_suggestion(acting_user=request.user, suggestion=found, **form.said())
        except ClauseRefused as refused:
            form.add_error(None, str(refused))
        else:
            return _accepted(request, place)
    return _suggestion_page(request, found, form, RejectForm())


def _suggestion_page(request: HttpRequest, found: Suggestion, form: ClauseForm, reject: RejectForm) -> HttpResponse:
    context = {
        "version": found.version,
        "document": found.version.document,
        "suggestion": found,
        "form": form,
        "reject": reject,
        "around": around(found.version.text, found.start, found.end),
    }
    status = 422 if form.errors or reject.errors else 200
    return render(request, "terms/suggestion_detail.html", context, status=status)


def _accepted(request: HttpRequest, place: ClauseText) -> HttpResponse:
    follow_clauses.delay_on_commit(place.clause.document_id)
    messages.success(request, f"“{place.clause.key}” is a clause now, and is followed through the other versions.")
    return redirect(f"{reverse('terms-version', args=[place.version_id])}#c-{place.clause.key}")


@require_POST
def suggestion_reject(request: PersonRequest, pk: int) -> HttpResponse:
    """Say that a suggestion is no clause."""
    require(may_keep_clauses(request.user), _REFUSAL)
    found = get_object_or_404(Suggestion.objects.select_related("version__document__provider"), pk=pk)
    form = RejectForm(request.POST)
    if form.is_valid():
        try:
            reject_suggestion(acting_user=request.user, suggestion=found, reason=form.cleaned_data["reason"])
        except ClauseRefused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, "Rejected. The passage stays marked so, with your reason.")
            return redirect(f"{reverse('terms-version', args=[found.version_id])}#s-{found.pk}")
    text = found.version.text
    given = {"wording": text[found.start : found.end], "labels": found.labels, "section": found.section}
    return _suggestion_page(request, found, ClauseForm(initial=given, clauses=clauses_to_choose(found.version)), form)


@require_http_methods(["GET", "POST"])
def mark(request: PersonRequest, pk: int) -> HttpResponse:
    """Make a clause of a passage that nobody suggested: `at` is the offset from which it is sought."""
    require(may_keep_clauses(request.user), _REFUSAL)
    version = get_object_or_404(Version.objects.select_related("document__provider").exclude(text=""), pk=pk)
    at = request.GET.get("at", "")
    near = int(at) if at.isdecimal() and len(at) < 9 else 0
    form = ClauseForm(request.POST or None, clauses=clauses_to_choose(version))
    if request.method == "POST" and form.is_valid():
        try:
            place = mark_passage(acting_user=request.user, version=version, near=near, **form.said())
        except ClauseRefused as refused:
            form.add_error(None, str(refused))
        else:
            return _accepted(request, place)
    context = {"version": version, "document": version.document, "form": form}
    return render(request, "terms/mark.html", context, status=422 if form.errors else 200)


@require_safe
def review(request: PersonRequest) -> HttpResponse:
    """Accepted clauses that read differently in a version, or are gone."""
    require(may_keep_clauses(request.user), _REFUSAL)
    asked = request.GET.get("document", "")
    document = TermsDocument.objects.filter(pk=int(asked)).first() if asked.isdecimal() else None
    rows = waiting_anchorings(document.pk if document else None)
    page = Paginator(rows, ON_A_PAGE).get_page(request.GET.get("page"))
    context = _tabs(request) | {"page": page, "waiting": with_marks(list(page.object_list)), "document": document}
    return render(request, "terms/review.html", context)


@require_safe
def suggestions(request: PersonRequest) -> HttpResponse:
    """Suggestions across the library that nobody has decided on."""
    require(may_keep_clauses(request.user), _REFUSAL)
    provider, building = request.GET.get("provider", ""), request.GET.get("all") != "1"
    rows = open_suggestions(provider=provider, building=building)
    page = Paginator(rows, ON_A_PAGE).get_page(request.GET.get("page"))
    providers = (
        Provider.objects.filter(documents__versions__suggestions__isnull=False).distinct().order_by(Lower("name"))
    )
    context = _tabs(request) | {
        "page": page,
        "rows": with_words(list(page.object_list)),
        "narrowed_to": provider,
        "building": building,
        "providers": providers,
    }
    return render(request, "terms/suggestion_list.html", context)


def _tabs(request: HttpRequest) -> dict[str, Any]:
    here = request.resolver_match.url_name if request.resolver_match else ""
    return {"here": here, "waiting_count": Anchoring.objects.filter(state=Anchoring.State.WAITING).count()}


@require_POST
def settle_clause(request: PersonRequest, pk: int) -> HttpResponse:
    """A person's word on a clause that changed."""
    require(may_keep_clauses(request.user), _REFUSAL)
    anchoring = get_object_or_404(Anchoring.objects.select_related("clause"), pk=pk)
    form = SettleForm(request.POST)
    back = redirect("terms-review")
    if not form.is_valid():
        messages.error(request, "Say whether the clause means the same, goes on in the new words, or is gone.")
        return back
    try:
        settled = settle(acting_user=request.user, anchoring=anchoring, **form.cleaned_data)
    except ClauseRefused as refused:
        messages.error(request, str(refused))
        return back
    follow_clauses.delay_on_commit(settled.clause.document_id)
    messages.success(
        request, f"“{settled.clause.key}”, {settled.version.label}: {settled.get_state_display().lower()}."
    )
    return back


@require_POST
def draft(request: PersonRequest, pk: int) -> HttpResponse:
    """A draft rule from a clause; its conditions are proposed, and wait for a lawyer in the editor."""
    require(may_edit_rules(request.user), "Rules are drafted by legal or by an administrator.")
    place = get_object_or_404(ClauseText.objects.select_related("clause__document", "version"), pk=pk)
    try:
        revision = draft_from_clause(place, acting_user=request.user)
    except RuleRefused as refused:
        messages.error(request, str(refused))
        return redirect(f"{reverse('terms-version', args=[place.version_id])}#c-{place.clause.key}")
    return redirect("admin:compliance_rulerevision_change", revision.pk)
