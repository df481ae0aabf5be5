"""Where answers went: shares of each dataset by model, kinds of matches, and what was kept."""

from typing import Any

from django.db.models import Count, Q, QuerySet

from audits.models import AnswerComparison, Dataset, ModelCall, RowMatch, Run
from audits.queries.lineage import shares
from audits.reporting.context.names import known_names, named

KINDS = ("exact", "normalised", "contained", "near", "label")  # as sure as they are, surest first


def lineage(run: Run) -> dict[str, Any]:
    """Datasets with their shares, how the matches were told, and the teachers' answers kept and not kept."""
    datasets = {dataset.path: dataset for dataset in run.datasets.all()}
    return {
        "datasets": [
            {
                **share,
                "by_model": _ordered(share["by_model"]),
                "labels_by_model": _ordered(share["labels_by_model"]),
                "format": datasets[share["dataset"]].format,
                "sha256": datasets[share["dataset"]].sha256,
                "size": datasets[share["dataset"]].size,
                "malformed": datasets[share["dataset"]].malformed,
                "gap": datasets[share["dataset"]].gap,
                "kinds": _kinds(datasets[share["dataset"]]),
                **_accounted(datasets[share["dataset"]]),
            }
            for share in shares(run)
        ],
        "kept": kept_of(ModelCall.objects.filter(run=run)),
        "comparisons": _comparisons(run),
    }


def _comparisons(run: Run) -> list[dict[str, Any]]:
    """The student's answers beside its teacher's, as they were compared until now: indicators, newest first."""
    made = AnswerComparison.objects.filter(student__run=run)
    columns = ("teacher", "baseline", "prompts", "difference", "low", "high", "files")
    return [{**{name: getattr(one, name) for name in columns}, "words": one.result["reading_words"]} for one in made]


def _accounted(dataset: Dataset) -> dict[str, int]:
    """Rows that took a label and no text, and rows in which no recorded answer was found: with the rest, all rows."""
    by_text = Count("row", distinct=True, filter=~Q(kind="label"))
    told = RowMatch.objects.filter(dataset=dataset).aggregate(rows=Count("row", distinct=True), text=by_text)
    own = dataset.rows - told["rows"] - dataset.malformed
    return {"label_only_rows": told["rows"] - told["text"], "own_rows": own}


def _ordered(rows: dict[str, int]) -> list[dict[str, Any]]:
    """Models with their rows, most rows first."""
    return [{"model": name, "rows": rows[name]} for name in sorted(rows, key=lambda name: (-rows[name], name))]


def _kinds(dataset: Dataset) -> list[dict[str, Any]]:
    found = RowMatch.objects.filter(dataset=dataset).values_list("kind").annotate(rows=Count("row", distinct=True))
    rows = dict(found.order_by("kind"))
    return [{"kind": kind, "rows": rows[kind]} for kind in KINDS if kind in rows]


def kept_of(calls: QuerySet[ModelCall]) -> list[dict[str, Any]]:
    """By model: answers given, and answers that stand in training data. Two queries."""
    groups = (
        calls.filter(failed=False, outputs__gt=0)
        .order_by()
        .values("provider", "request_model")
        .annotate(answers=Count("id"), kept=Count("id", filter=Q(purpose=ModelCall.Purpose.TRAIN)))
        .order_by("provider", "request_model")
    )
    names = known_names()
    return [
        {
            "provider": one["provider"],
            "name": named(one["provider"], names),
            "model": one["request_model"],
            "answers": one["answers"],
            "kept": one["kept"],
        }
        for one in groups
    ]
