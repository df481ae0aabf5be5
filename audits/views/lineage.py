"""Lineage of a run: from the teachers' answers to the dataset's rows to the student."""

from collections.abc import Mapping
from typing import Final

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render

from audits.access import get_run, require_may_read_contents
from audits.charts import Share, shares_of_dataset
from audits.models import Finding, Look
from audits.pictures import DatasetPart, picture_of_lineage
from audits.queries.answers_became import COLUMNS, answers_became
from audits.queries.run_view import DatasetLineage, lineage_of, matches_of
from audits.views.looks import looked
from audits.views.runs import run_context
from compliance.queries.names import provider_names
from compliance.views.lists import Listing, field, wants_csv
from compliance.views.requests import PersonRequest

ROWS: Final = Listing(
    "rows",
    (
        field("row", "row", "id"), field("field"), field("how_told", "kind", "row", of="kind"),
        field("similarity", "similarity", "row"), field("model", "call__request_model", "row", of="call.request_model"),
        field("answer", of="call.output_excerpt"), field("answer_sha256", of="call.output_sha256"), field("words"),
        field("exchange", of="call.exchange_id"),
    ),
)  # fmt: skip


def lineage(request: PersonRequest, pk: int) -> HttpResponse:
    """Each dataset with its rows by model, the whole as a picture, and what contradicts the declaration."""
    run = get_run(request.user, pk)
    datasets, named = lineage_of(run), provider_names()
    student = getattr(run, "student", None)
    became = answers_became(run)
    columns = {name: title for name, title in COLUMNS.items() if any(one.counts[name] for one in became)}
    context = run_context(request, run, "lineage") | {
        "became": [(one, [(title, one.counts[name]) for name, title in columns.items()]) for one in became],
        "became_columns": list(columns.values()),
        "datasets": [(held, _chart(held)) for held in datasets],
        "student": student,
        "comparisons": student.comparisons.all()[:5] if student else (),
        "competes_with": [named.get(slug, slug) for slug in student.facts.get("competes_with") or ()]
        if student
        else (),
        "providers": named,
        "picture": picture_of_lineage([_part(held, named) for held in datasets], student.name if student else ""),
        "contradictions": run.findings.filter(kind=Finding.Kind.CONTRADICTION),
    }
    return render(request, "audits/run_lineage.html", context)


def _chart(held: DatasetLineage) -> object:
    if not held.dataset.rows:
        return None
    shares = [Share(share.model, share.rows) for share in held.shares]
    return shares_of_dataset(held.dataset.path, held.dataset.rows, shares, own=held.undetermined)


def _part(held: DatasetLineage, named: Mapping[str, str]) -> DatasetPart:
    dataset = held.dataset
    shares = {share.model or named.get(share.provider, share.provider): share.rows for share in held.shares}
    return DatasetPart(dataset.path, dataset.get_role_display(), dataset.rows, held.undetermined, shares)


def rows(request: PersonRequest, pk: int, dataset_pk: int) -> HttpResponseBase:
    """A dataset row by row: which answer each derives from, and how that was told."""
    run = get_run(request.user, pk)
    require_may_read_contents(request.user, run)
    dataset = get_object_or_404(run.datasets, pk=dataset_pk)
    looked(request, Look.What.ROWS, dataset.path, run=run, sha256=dataset.sha256)
    found = matches_of(dataset)
    if wants_csv(request):
        return ROWS.as_csv(request, found.prefetch_related(None), f"{run.pipeline.slug}-{run.number}-rows")
    context = run_context(request, run, "lineage") | ROWS.shown(request, found) | {"dataset": dataset}
    return render(request, "audits/run_lineage_rows.html", context)
