"""The search box's page."""

from django.http import HttpResponse
from django.shortcuts import render

from audits.access import visible_findings, visible_pipelines, visible_runs
from audits.queries.searching import search
from compliance.views.requests import PersonRequest

LONGEST = 200


def search_page(request: PersonRequest) -> HttpResponse:
    """What fits the typed words, among what the person may see."""
    words = request.GET.get("q", "").replace("\x00", "")[:LONGEST]
    user = request.user
    hits = search(words, visible_pipelines(user), visible_runs(user), visible_findings(user))
    return render(request, "audits/search.html", {"words": words.strip(), "hits": hits})
