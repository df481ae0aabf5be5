"""Reading lineage: how much of each dataset came from which model."""

from typing import TypedDict

from django.db.models import BooleanField, Count, ExpressionWrapper, Q

from audits.models import Run


class Share(TypedDict):
    """One dataset of a run; `by_model`: model → rows that took text from it (a row may count for several)."""

    dataset: str
    role: str
    rows: int
    derived_rows: int
    label_rows: int
    by_model: dict[str, int]
    labels_by_model: dict[str, int]


def shares(run: Run) -> list[Share]:
    """For each dataset of a run: its rows, and how many of them took text, or a label, from which model. Two queries."""
    by_dataset: dict[int, dict[bool, dict[str, int]]] = {}
    is_label = ExpressionWrapper(Q(matches__kind="label"), output_field=BooleanField())
    groups = (
        run.datasets.filter(matches__isnull=False)
        .values_list("pk", "matches__call__request_model", is_label)
        .annotate(rows=Count("matches__row", distinct=True))
        .order_by("matches__call__request_model")
    )
    for dataset, model, label, rows in groups:
        by_dataset.setdefault(dataset, {True: {}, False: {}})[label][model] = rows
    nothing: dict[bool, dict[str, int]] = {True: {}, False: {}}
    return [
        Share(
            dataset=dataset.path,
            role=dataset.role,
            rows=dataset.rows,
            derived_rows=dataset.derived_rows,
            label_rows=dataset.label_rows,
            by_model=by_dataset.get(dataset.pk, nothing)[False],
            labels_by_model=by_dataset.get(dataset.pk, nothing)[True],
        )
        for dataset in run.datasets.order_by("path")
    ]
