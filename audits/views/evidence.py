"""Evidence of a run: the chain, its root and seal, and the bundle to take away."""

from typing import Final

from django.contrib import messages
from django.http import FileResponse, Http404, HttpResponseBase
from django.shortcuts import redirect, render

from audits.access import get_run, require_may_read_contents
from audits.models import Look, Report, Run, Seal
from audits.procedures.bundling import NoBundle, is_sealed, open_bundle
from audits.views.looks import looked
from audits.views.runs import run_context
from compliance.models import ApiToken
from compliance.views.lists import Listing, field, wants_csv
from compliance.views.programs import for_programs
from compliance.views.requests import PersonRequest

ENTRIES: Final = Listing(
    "evidence",
    (
        field("number", "seq", of="seq"), field("at", "at", "seq"), field("kind", "kind", "seq"),
        field("of_what", "reference", of="reference"), field("size", "size", "seq"), field("sha256"),
        field("chained", of="hash"),
    ),
    words=("kind", "reference"),
)  # fmt: skip


def entries(request: PersonRequest, pk: int) -> HttpResponseBase:
    """The chain, entry by entry, and the seal over it."""
    run = get_run(request.user, pk)
    chain = run.evidence.defer("line").order_by("seq")
    if wants_csv(request):
        return ENTRIES.as_csv(request, chain, f"{run.pipeline.slug}-{run.number}-evidence")
    context = (
        run_context(request, run, "evidence")
        | ENTRIES.shown(request, chain)
        | {
            "seal": Seal.objects.filter(run=run).prefetch_related("proofs").first(),
            "erasures": run.erasures.order_by("id"),
        }
    )
    return render(request, "audits/run_evidence.html", context)


@for_programs(ApiToken.Scope.CONTENTS)
def bundle(request: PersonRequest, pk: int) -> HttpResponseBase:
    """The evidence bundle, made now; with the newest report that is ready."""
    run = get_run(request.user, pk)
    require_may_read_contents(request.user, run)
    try:
        return opened_bundle(request, run)
    except NoBundle as problem:
        messages.error(request, str(problem))
        return redirect("run-evidence", pk=pk)


def opened_bundle(request: PersonRequest, run: Run) -> FileResponse:
    """The bundle as an answer, and the look on record. Http404 while nothing is sealed; raises NoBundle."""
    if not is_sealed(run):
        raise Http404("the run's evidence is not sealed")
    looked(request, Look.What.BUNDLE, "evidence bundle", run=run)
    made = open_bundle(run, run.reports.filter(state=Report.State.READY).order_by("-number").first())
    return FileResponse(made.file, as_attachment=True, filename=made.name, content_type="application/zip")
