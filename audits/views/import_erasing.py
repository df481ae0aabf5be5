"""Erasing what was imported, because somebody asked for it: what goes is shown first, and a person says so once more."""

from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import redirect, render

from audits.access import get_import, require_may_keep
from audits.actions.erasing import UnderHold
from audits.models import Erasure, Import, RejectedLine, UsageEntry
from audits.procedures.erasing import erase_import_on_request, finish_erasures
from audits.queries.erasable import hold_on, removable
from audits.views.keeping_forms import ImportErasureForm
from compliance.views.requests import PersonRequest


def page(request: PersonRequest, pk: int) -> HttpResponse:
    """What of the import would go, and the form that asks; POST erases it."""
    imported = get_import(request.user, pk)
    project = imported.pipeline.project
    require_may_keep(request.user, project)
    form = ImportErasureForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            done = erase_import_on_request(
                imported=imported, acting_user=request.user, reason=form.cleaned_data["reason"]
            )
        except UnderHold as problem:
            form.add_error(None, str(problem))
        else:
            finish_erasures()
            sentence = f"Erased: {done.contents:,} contents and the excerpts of the entries. Hashes, counts and this record stay."
            messages.success(request, sentence)
            return redirect("import", pk=pk)
    context = {
        "imported": imported,
        "form": form,
        "erased": Erasure.objects.filter(project=project, run=None, scope__import=imported.pk).order_by("-id"),
        **what_would_go(imported),
    }
    return render(request, "audits/import_erase.html", context, status=422 if form.is_bound else 200)


def what_would_go(imported: Import) -> dict[str, Any]:
    """How much erasing the import would take away, and the hold that stands against it (None: none does)."""
    sizes = removable([], [imported], Erasure.Cause.REQUEST)
    entries = UsageEntry.objects.filter(imported=imported).exclude(Q(prompt_excerpt="") & Q(output_excerpt=""))
    return {
        "hold": hold_on(imported.pipeline.project),
        "kept": len(sizes),
        "size": sum(sizes.values()),
        "shared": len(imported.parts) - len(sizes),
        "entry_count": entries.count(),
        "lines": RejectedLine.objects.filter(imported=imported).exclude(raw="").count(),
    }
