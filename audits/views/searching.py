"""The search box's page."""

from collections.abc import Iterator
from typing import Final

from django.http import HttpResponseBase
from django.shortcuts import render

from audits.access import visible_findings, visible_pipelines, visible_runs
from audits.queries.searching import Hits, search
from compliance.views.lists import Column, Listing, wants_csv
from compliance.views.requests import PersonRequest

LONGEST = 200
Hit = tuple[str, object, object, object]
HITS: Final = Listing(
    "search",
    (
        Column("kind", lambda one: one[0]), Column("name", lambda one: one[1]), Column("where", lambda one: one[2]),
        Column("project", lambda one: one[3]),
    ),
    per_page=1000,
)  # fmt: skip


def search_page(request: PersonRequest) -> HttpResponseBase:
    """What fits the typed words, among what the person may see."""
    words = request.GET.get("q", "").replace("\x00", "")[:LONGEST]
    user = request.user
    hits = search(words, visible_pipelines(user), visible_runs(user), visible_findings(user))
    told = list(_rows(hits))
    if wants_csv(request):
        return HITS.as_csv(request, told)
    context = HITS.shown(request, told) | {"words": words.strip(), "hits": hits}
    return render(request, "audits/search.html", context)


def _rows(hits: Hits) -> Iterator[Hit]:
    """Every hit in the order of the page: what it is, its name, where it is, in which project."""
    for pipeline in hits.pipelines:
        yield "pipeline", pipeline.name, pipeline.slug, pipeline.project
    for run in hits.runs:
        yield "run", run.number, run.pipeline, run.pipeline.project
    for finding in hits.findings:
        yield "finding", finding.title, finding.run, finding.run.pipeline.project
    for model in hits.models:
        yield "model", model.model, model.run, model.run.pipeline.project
    for host in hits.hosts:
        yield "host", host.host, host.run, host.run.pipeline.project
