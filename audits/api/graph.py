"""The graph of teachers and students: its data, one node, exports, a clean data set."""

import datetime as dt
import tempfile
from typing import Any, Literal

from django.http import FileResponse, Http404, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from ninja import Field, Query, Router, Schema

from audits.access import require_may_read_contents, visible_runs
from audits.api.told import GraphTold, NodeInFull
from audits.graph.exports import EXPORTS
from audits.models import Dataset
from audits.procedures.cleaning import CannotClean, write_clean
from audits.queries.charges import clauses
from audits.queries.graph import read_graph, runs_of_graph
from audits.queries.graph_answers import Answer, answer, keys_without
from audits.queries.graph_data import as_json, steps_of_node
from audits.views.graph_forms import STEPS, GraphFilter
from compliance.access import visible_projects
from compliance.api.openings import CONTENTS, READING
from compliance.api.shapes import Asked, Json, Key, a_file, cleaned, said
from compliance.problems import Problem
from compliance.views.requests import PersonRequest

router = Router()


class GraphAsked(Schema):
    """Which part of the graph, and which question."""

    q: str | None = Field(None, max_length=200)
    project: str | None = Field(None, max_length=60, description="Slug of a project.")
    runs: Literal["all"] | None = Field(None, description="all: older runs too.")
    run: Key | None = Field(None, description="One run alone.")
    clause: str | None = Field(None, max_length=200, description="Only what a clause touches: a rule’s identifier.")
    since: dt.date | None = None
    focus: str | None = Field(None, max_length=900, description="A node’s id: what leads to it and from it.")
    steps: int | None = Field(None, ge=1, le=STEPS)
    without: str | None = Field(None, max_length=900, description="A node’s id: what if its answers had to go.")


class NodeAsked(Schema):
    """Which node, in which part of the graph."""

    id: str = Field(max_length=900)
    project: str | None = Field(None, max_length=60)
    runs: Literal["all"] | None = None
    run: Key | None = None
    since: dt.date | None = None


class CleanAsked(Asked):
    """A data set, and whose answers go from it."""

    dataset: Key
    without: list[str] = Field(min_length=1, max_length=50, description="Ids of nodes: models or providers.")
    further: bool = Field(False, description="What was derived from them in further steps, too.")


def _found(request: PersonRequest, asked: Schema) -> Answer:
    seen = visible_runs(request.user)
    form = GraphFilter(said(asked), visible_projects(request.user), clauses(seen))
    cleaned(form)
    found = answer(form.narrow(seen), form.question())
    question = form.question()
    for field, keys in (("without", question.without), ("focus", (question.focus,) if question.focus else ())):
        for key in keys:
            if key not in found.whole.nodes:
                detail = f"There is no node {key} in this part of the graph."
                raise Problem(422, detail, errors=[{"field": field, "detail": detail}])
    return found


@router.get("/graph", auth=READING, response=GraphTold)
def get_graph(request: PersonRequest, asked: Query[GraphAsked]) -> Json:
    """Nodes with places, edges, and the answer to the question: the same that the page draws."""
    return as_json(_found(request, asked), None)


@router.get("/graph/node", auth=READING, response=NodeInFull)
def get_node(request: PersonRequest, asked: Query[NodeAsked]) -> Json:
    """One node: what it is, what leads to it and from it, and why."""
    form = GraphFilter(said(asked, id=None), visible_projects(request.user))
    cleaned(form)
    question = form.question()
    graph = read_graph(runs_of_graph(form.narrow(visible_runs(request.user)), every=question.every), question.since)
    found = graph.nodes.get(asked.id)
    if found is None:
        raise Http404
    steps = steps_of_node(graph, found)
    return {
        "id": found.id,
        "kind": found.kind,
        "facts": dict(found.facts),
        **{
            side: [vars(one) if hasattr(one, "__dict__") else one for one in steps[side]]
            for side in ("before", "after")
        },
    }


@router.get("/graph/exports/{form}", auth=READING, openapi_extra=a_file("application/json"))
def export_graph(request: PersonRequest, form: Literal[tuple(EXPORTS)], asked: Query[GraphAsked]) -> HttpResponse:  # type: ignore[valid-type]
    """The part of the graph that is asked for, in a published format."""
    exporter = EXPORTS[form]
    return JsonResponse(exporter.write(_found(request, asked).part, timezone.now()), safe=False)


@router.post("/graph/clean", auth=CONTENTS, openapi_extra=a_file("application/zip"))
def clean_dataset(request: PersonRequest, asked: CleanAsked) -> HttpResponseBase:
    """A data set without the rows of some model's answers, as a ZIP with its manifest. 409 when it can't be made."""
    seen = visible_runs(request.user)
    dataset = get_object_or_404(Dataset.objects.filter(run__in=seen), pk=asked.dataset)
    require_may_read_contents(request.user, dataset.run)
    keys = keys_without(read_graph(runs_of_graph(seen, every=True)), asked.without, further=asked.further)
    file = tempfile.TemporaryFile()  # noqa: SIM115 - the response closes it
    try:
        manifest: dict[str, Any] = write_clean(dataset, keys, file, request.user)
    except CannotClean as error:
        raise Problem(409, str(error)) from error
    file.seek(0)
    name = manifest["result"]["file"].rpartition(".")[0] + ".zip"
    return FileResponse(file, as_attachment=True, filename=name, content_type="application/zip")
