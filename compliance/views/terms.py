"""Terms: what each provider's papers say, and which of them was in force on a chosen day. Everyone signed in reads them."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone

from compliance.models import Provider, TermsDocument
from compliance.queries.in_force import (
    documents_on,
    providers_with_counts,
    readable_revisions,
    visible_agreements,
)
from compliance.views.forms import DayForm
from compliance.views.requests import PersonRequest


def providers(request: PersonRequest) -> HttpResponse:
    """Every provider with its documents and rules, counted."""
    found: list[Any] = list(providers_with_counts())
    without = [provider for provider in found if not provider.document_count]
    return render(request, "terms/provider_list.html", {"providers": found, "without": without})


def provider(request: PersonRequest, slug: str) -> HttpResponse:
    """A provider's documents: what is in force on the chosen day, and on what its dates rest."""
    found = get_object_or_404(Provider, slug=slug)
    form = DayForm(request.GET)
    on = form.day
    context = {
        "provider": found,
        "form": form,
        "on": on,
        "develops": found.definition.get("develops", True),
        "documents": documents_on(found, on),
        "agreements": visible_agreements(request.user, found, on),
    }
    return render(request, "terms/provider_detail.html", context)


def document(request: PersonRequest, pk: int) -> HttpResponse:
    """One document through time: its versions, newest first, and its rules."""
    found = get_object_or_404(TermsDocument.objects.select_related("provider"), pk=pk)
    held = found.versions.exclude(text="").exclude(in_force__isempty=True).order_by("-in_force")
    newest = list(held.values_list("pk", flat=True)[:2])
    context = {
        "document": found,
        "newest": newest if len(newest) == 2 else None,
        "versions": found.versions.defer("text").order_by("-in_force"),
        "revisions": readable_revisions().filter(rule__document=found).order_by("rule__identifier", "-number"),
        "today": timezone.localdate(),
        "sources": found.sources.order_by("url"),
    }
    return render(request, "terms/document_detail.html", context)


def rule_revision(request: PersonRequest, pk: int) -> HttpResponse:
    """One revision of a rule, with the revisions before and after it."""
    found = get_object_or_404(readable_revisions(), pk=pk)
    context = {
        "revision": found,
        "document": found.rule.document,
        "history": readable_revisions().filter(rule=found.rule).order_by("-number"),
        "clauses": found.clauses.order_by("key"),
    }
    return render(request, "terms/rule_detail.html", context)
