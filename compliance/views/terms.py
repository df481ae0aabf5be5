"""Terms: what each provider's papers say, and which of them was in force on a chosen day. Everyone signed in reads them."""

from typing import Any, Final

from django.http import HttpResponse, HttpResponseBase
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
from compliance.views.lists import Listing, field, wants_csv
from compliance.views.requests import PersonRequest

PROVIDERS: Final = Listing(
    "providers",
    (
        field("provider", "name", of="name"), field("slug"), field("documents", "document_count", of="document_count"),
        field("versions", "version_count", of="version_count"), field("rules_in_use", "rule_count", of="rule_count"),
        field("newest", "newest"),
    ),
    words=("name", "slug"),
    per_page=200,
)  # fmt: skip


def providers(request: PersonRequest) -> HttpResponseBase:
    """Every provider with its documents and rules, counted."""
    found: list[Any] = list(providers_with_counts())
    held = [provider for provider in found if provider.document_count]
    if wants_csv(request):
        return PROVIDERS.as_csv(request, held)
    without = [provider for provider in found if not provider.document_count]
    context = PROVIDERS.shown(request, held) | {"providers": found, "without": without}
    return render(request, "terms/provider_list.html", context)


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
        "used": any(found.definition.get(verb, True) for verb in ("develops", "serves")),
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
