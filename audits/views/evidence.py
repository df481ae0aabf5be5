"""Evidence of a run: the chain, its root and seal, and the bundle to take away."""

import tempfile
from pathlib import Path

from django.contrib import messages
from django.http import FileResponse, Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render

from audits.access import get_run, require_may_read_contents
from audits.evidence.bundle import IncompleteBundle
from audits.evidence.keys import KeyProblem
from audits.evidence.links import Broken
from audits.evidence.store import Damaged, Missing, StoreProblem
from audits.models import Look, Report, Run, Seal
from audits.procedures.concluding import write_run_bundle
from audits.views.listing import page_of
from audits.views.looks import looked
from audits.views.runs import run_context
from compliance.models import ApiToken
from compliance.views.programs import for_programs
from compliance.views.requests import PersonRequest


def entries(request: PersonRequest, pk: int) -> HttpResponse:
    """The chain, entry by entry, and the seal over it."""
    run = get_run(request.user, pk)
    context = run_context(request, run, "evidence") | {
        "page": page_of(request, run.evidence.order_by("seq")),
        "seal": Seal.objects.filter(run=run).prefetch_related("proofs").first(),
        "erasures": run.erasures.order_by("id"),
    }
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


class NoBundle(Exception):
    """No bundle can be made of a run; the message says why."""


def opened_bundle(request: PersonRequest, run: Run) -> FileResponse:
    """The bundle as an answer, and the look on record. Http404 while nothing is sealed; raises NoBundle."""
    if not Seal.objects.filter(run=run).exists():
        raise Http404("the run's evidence is not sealed")
    looked(request, Look.What.BUNDLE, "evidence bundle", run=run)
    report = run.reports.filter(state=Report.State.READY).order_by("-number").first()
    with tempfile.TemporaryDirectory() as folder:
        try:
            path = write_run_bundle(run, Path(folder) / "bundle.zip", report).path
        except (Broken, IncompleteBundle, KeyProblem, Missing, Damaged, StoreProblem) as problem:
            raise NoBundle(f"No bundle was made: {problem}.") from problem
        file = path.open("rb")  # stays readable when the folder is gone
    return FileResponse(file, as_attachment=True, filename=_bundle_name(run), content_type="application/zip")


def _bundle_name(run: Run) -> str:
    return f"{run.pipeline.slug}-run-{run.number}-evidence.zip"
