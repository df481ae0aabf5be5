"""Two versions side by side: chosen among the versions of one document, or of the provider's other documents."""

from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from compliance.actions.clauses import is_read, read_version
from compliance.models import TermsDocument, Version
from compliance.queries.comparing import compare_versions
from compliance.views.requests import PersonRequest


@require_safe
def compare(request: PersonRequest) -> HttpResponse:
    """What changed from one version to another. Texts that nobody has read yet are read first."""
    old = get_object_or_404(_held(), pk=_number(request, "old"))
    new = get_object_or_404(_held(), pk=_number(request, "new"))
    building = request.GET.get("only") == "building"
    for version in (old, new):
        if not is_read(version):
            read_version(version)
    choices = TermsDocument.objects.filter(provider=old.document.provider_id).order_by("title", "identifier")
    context = {
        "old": old,
        "new": new,
        "document": new.document,
        "comparison": compare_versions(old, new, building),
        "building": building,
        "choices": _choices(choices, new),
    }
    return render(request, "terms/compare.html", context)


def _held() -> QuerySet[Version]:
    return Version.objects.exclude(text="").select_related("document__provider")


def _number(request: PersonRequest, name: str) -> int:
    asked = request.GET.get(name, "")
    return int(asked) if asked.isdecimal() and len(asked) < 12 else 0


def _choices(documents: QuerySet[TermsDocument], new: Version) -> list[tuple[TermsDocument, list[Version]]]:
    """Held versions, document by document, that of the new version first. One query."""
    held = Version.objects.exclude(text="").filter(document__in=documents).defer("text").order_by("-label")
    by_document: dict[int, list[Version]] = {}
    for version in held:
        by_document.setdefault(version.document_id, []).append(version)
    ordered = sorted(documents, key=lambda one: (one.pk != new.document_id, one.title))
    return [(one, by_document[one.pk]) for one in ordered if one.pk in by_document]
