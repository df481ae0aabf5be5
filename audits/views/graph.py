"""The graph of teachers and students: its page, the data behind the picture, one node, a clean data set, and exports."""

import tempfile
from collections import Counter
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import FileResponse, Http404, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from audits.access import require_may_read_contents, visible_runs
from audits.graph.exports import EXPORTS
from audits.graph.model import KINDS, Node
from audits.models import Dataset
from audits.procedures.cleaning import CannotClean, write_clean
from audits.procedures.lifecycle import AuditErrored
from audits.procedures.regenerating import Regenerating, regenerating
from audits.queries.charges import clauses
from audits.queries.graph import read_graph, runs_of_graph
from audits.queries.graph_answers import Answer, answer, keys_without
from audits.queries.graph_data import HOW, as_json, node_rows, steps_of_node
from audits.views.graph_forms import GraphFilter
from compliance.access import visible_projects
from compliance.models import ApiToken
from compliance.queries.names import names
from compliance.views.programs import for_programs
from compliance.views.requests import PersonRequest

MOST_IN_TABLE = 300
NO_NODE = "There is no node {} in this part of the graph."
SCOPE = ("project", "runs", "run", "since")


@dataclass(frozen=True)
class Cost:
    """What making answers again would cost, when that was asked for; `refused`: why it can't be told."""

    told: Regenerating | None = None
    refused: str = ""


def _cost(form: GraphFilter, found: Answer) -> Cost:
    if not (form.asked("prices") and found.what_if and found.what_if.kept):
        return Cost()
    try:
        return Cost(regenerating(found.what_if.kept, timezone.localdate()))
    except AuditErrored as error:
        return Cost(refused=str(error))


def _complaints(form: GraphFilter, found: Answer) -> dict[str, list[str]]:
    """What of the address could not be followed, by name: it narrowed nothing, and nobody should take that for an answer."""
    said = {name: [str(text) for text in texts] for name, texts in form.errors.items()}
    question = form.question()
    asked = {"without": question.without, "focus": (question.focus,) if question.focus else ()}
    unknown = {name: [key for key in keys if key not in found.whole.nodes] for name, keys in asked.items()}
    return said | {name: [NO_NODE.format(key) for key in keys] for name, keys in unknown.items() if keys}


def _asked(request: PersonRequest) -> tuple[GraphFilter, Answer]:
    seen, projects = visible_runs(request.user), visible_projects(request.user)
    form = GraphFilter(request.GET, projects, clauses(seen))
    return form, answer(form.narrow(seen), form.question())


@require_GET
def page(request: PersonRequest) -> HttpResponse:
    """The picture, the question's answer in words and tables, and the same nodes as a table."""
    form, found = _asked(request)
    rows = node_rows(found)
    context = {
        "form": form,
        "fields": [form[name] for name in form.shown],
        "answer": found,
        "rows": rows[:MOST_IN_TABLE],
        "more_rows": max(0, len(rows) - MOST_IN_TABLE),
        "counts": [(words, len(found.part.of_kind(kind))) for kind, words in KINDS.items()],
        "names": names(),
        "query": request.GET.urlencode(),
        "asked": form.question(),
        "tallest": max(Counter(place.x for place in found.places.values()).values(), default=0),
        "how": HOW,
        "cost": _cost(form, found),
        "complaints": _complaints(form, found),
        "exports": [(name, one.title) for name, one in EXPORTS.items()],
        "focused": found.whole.nodes.get(form.question().focus),
    }
    return render(request, "audits/graph.html", context)


@for_programs(ApiToken.Scope.READ)
@require_GET
def data(request: PersonRequest) -> HttpResponse:
    """The same answer for programs, and for the picture: nodes with places, edges, and the answer to the question."""
    form, found = _asked(request)
    cost = _cost(form, found)
    told = cost.told.as_json() if cost.told else {"refused": cost.refused} if cost.refused else None
    return JsonResponse({**as_json(found, told), "errors": _complaints(form, found)})


@require_GET
def node(request: PersonRequest) -> HttpResponse:
    """One node: what it is, what leads to it and from it and why, and what can be asked about it."""
    form = GraphFilter(request.GET, visible_projects(request.user))
    question = form.question()
    graph = read_graph(runs_of_graph(form.narrow(visible_runs(request.user)), every=question.every), question.since)
    found = graph.nodes.get(request.GET.get("id", ""))
    if found is None:
        raise Http404("no such node in this part of the graph")
    steps = steps_of_node(graph, found)
    context = {
        "node": found,
        "kind": KINDS[found.kind],
        "sides": [("From", steps["before"]), ("To", steps["after"])],
        "names": names(),
        "elsewhere": graph.elsewhere.get(found.id, 0),
        "runs": visible_runs(request.user).filter(pk__in=found.facts.get("runs", ())[:12]),
        "links": _links(request, found),
    }
    return render(request, "audits/_graph_node.html", context)


def _links(request: PersonRequest, found: Node) -> list[tuple[str, str]]:
    """What can be asked about a node, as (words, address), in the part of the graph that is looked at."""
    scope = {name: request.GET[name] for name in SCOPE if request.GET.get(name)}
    asked = [
        ("Show what leads here and from here", {"focus": found.id}),
        ("Show its neighbours", {"focus": found.id, "steps": "1"}),
    ]
    if found.kind in ("provider", "model"):
        asked.append(("What if its answers had to go", {"without": found.id}))
    elif found.facts.get("public"):
        asked.append(("Who is downstream of it", {"without": found.id}))
    address = reverse("graph")
    return [(words, f"{address}?{urlencode({**scope, **query})}") for words, query in asked]


@require_POST
def clean(request: PersonRequest) -> HttpResponseBase:
    """A data set without the rows of some model's answers, as a ZIP with its manifest."""
    seen = visible_runs(request.user)
    dataset = get_object_or_404(Dataset.objects.filter(run__in=seen), pk=request.POST.get("dataset"))
    require_may_read_contents(request.user, dataset.run)
    graph = read_graph(runs_of_graph(seen, every=True))
    keys = keys_without(graph, request.POST.getlist("without"), further=bool(request.POST.get("further")))
    file = tempfile.TemporaryFile()  # noqa: SIM115 - the response closes it
    try:
        manifest: dict[str, Any] = write_clean(dataset, keys, file, request.user)
    except CannotClean as error:
        return HttpResponse(str(error), status=409, content_type="text/plain; charset=utf-8")
    file.seek(0)
    name = manifest["result"]["file"].rpartition(".")[0] + ".zip"
    return FileResponse(file, as_attachment=True, filename=name, content_type="application/zip")


@for_programs(ApiToken.Scope.READ)
@require_GET
def export(request: PersonRequest, form: str) -> HttpResponse:
    """The part of the graph that is asked for, in a published format."""
    exporter = EXPORTS.get(form)
    if exporter is None:
        raise Http404("no such format")
    _, found = _asked(request)
    response = JsonResponse(exporter.write(found.part, timezone.now()), safe=False, json_dumps_params={"indent": 1})
    response.headers["Content-Disposition"] = f'attachment; filename="{exporter.filename}"'
    return response
