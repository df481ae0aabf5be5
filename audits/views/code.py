"""A run's code beside the run: what was seen in one and not in the other."""

from django.http import HttpResponse
from django.shortcuts import render

from audits.access import get_run
from audits.queries.code_and_run import code_and_run
from audits.views.runs import run_context
from compliance.queries.names import provider_names
from compliance.views.requests import PersonRequest


def code(request: PersonRequest, pk: int) -> HttpResponse:
    """Three lists: seen in both, in the code alone, in the run alone; then what came in and what a person must look at."""
    run = get_run(request.user, pk)
    scan = run.scan or {}
    context = run_context(request, run, "code") | {
        "compared": code_and_run(run),
        "names": provider_names(),
        "datasets": scan.get("datasets", []),
        "unresolved": scan.get("unresolved", [])[:200],
        "files": scan.get("files", 0),
    }
    return render(request, "audits/run_code.html", context)
