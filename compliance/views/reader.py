"""One version of terms: its text to read, with clauses marked; the bytes it was read from."""

from django.conf import settings
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from compliance.access import may_keep_clauses
from compliance.actions.clauses import is_read, read_version
from compliance.models import Version
from compliance.queries.in_force import rules_of_version
from compliance.queries.reader import neighbours, read, unplaced, waiting_here
from compliance.sources.kept import KeptProblem, kept_bytes
from compliance.views.requests import PersonRequest


@require_safe
def version(request: PersonRequest, pk: int) -> HttpResponse:
    """The reader. A text that nobody has read yet is read now: what is found is derived from it, and the same each time."""
    found = get_object_or_404(Version.objects.select_related("document__provider", "snapshot__source"), pk=pk)
    if found.text and not is_read(found):
        read_version(found)
    before, after = neighbours(found)
    context = {
        "version": found,
        "document": found.document,
        "reader": read(found) if found.text else None,
        "rules": rules_of_version(found),
        "unplaced": unplaced(found),
        "waiting": waiting_here(found),
        "before": before,
        "after": after,
        "keeps_clauses": may_keep_clauses(request.user),
    }
    return render(request, "terms/version_detail.html", context)


@require_safe
def version_bytes(request: PersonRequest, pk: int) -> HttpResponse:
    """The bytes as they were fetched or uploaded, as a file to keep: never shown by the browser, whatever they pretend to be."""
    found = get_object_or_404(Version.objects.select_related("document", "snapshot").defer("text"), pk=pk)
    if found.snapshot is None:
        raise Http404("No bytes are kept of this version.")
    try:
        content = kept_bytes(settings.EVIDENCE_URL, found.snapshot.sha256)
    except KeptProblem as problem:
        return render(request, "terms/bytes_missing.html", {"version": found, "problem": problem}, status=500)
    name = f"{found.document.identifier.replace('/', '-')}-{found.label}".replace(" ", "-")
    safe = "".join(sign for sign in name if sign.isascii() and (sign.isalnum() or sign in "-._"))
    return HttpResponse(
        content,
        content_type="application/octet-stream",
        headers={"Content-Disposition": f'attachment; filename="{safe}.{_ending(found.snapshot.media_type)}"'},
    )


def _ending(media_type: str) -> str:
    kind = media_type.partition(";")[0].strip()
    return {"text/markdown": "md", "text/html": "html", "application/pdf": "pdf", "text/plain": "txt"}.get(kind, "bin")
