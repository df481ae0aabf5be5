"""Reading lineage: how much of each dataset came from which model."""

from typing import TypedDict

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
    """For each dataset of a run: its rows, and how many of them took text, or a label, from which model."""
    datasets = run.datasets.order_by("path")
    by_dataset: dict[int, dict[bool, dict[str, set[int]]]] = {}
    matches = run.datasets.values_list("pk", "matches__row", "matches__kind", "matches__call__request_model")
    for dataset, row, kind, model in matches.filter(matches__isnull=False).distinct().order_by():
        by_dataset.setdefault(dataset, {}).setdefault(kind == "label", {}).setdefault(model, set()).add(row)
    return [
        Share(
            dataset=dataset.path,
            role=dataset.role,
            rows=dataset.rows,
            derived_rows=dataset.derived_rows,
            label_rows=dataset.label_rows,
            by_model=_counted(by_dataset.get(dataset.pk, {}).get(False, {})),
            labels_by_model=_counted(by_dataset.get(dataset.pk, {}).get(True, {})),
        )
        for dataset in datasets
    ]


def _counted(rows: dict[str, set[int]]) -> dict[str, int]:
    return {model: len(found) for model, found in sorted(rows.items())}
