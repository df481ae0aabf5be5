"""Reading lineage: how much of each dataset came from which model."""

from typing import Any, TypedDict

from django.db.models import BooleanField, Count, ExpressionWrapper, Min, Q, Sum

from audits.models import RowMatch, Run
from audits.queries.chains import Behind, behind


class Share(TypedDict):
    """One dataset of a run; `by_model`: model → rows that took text from it (a row may count for several).

    `tokens_by_model`: output tokens, as the model's own service counted them, of the calls whose text stands in those rows.
    `words`: of all texts of the data set; `words_by_model`: of them, those that a model's answers explain. `behind`: models whose
    answers stand behind those answers; `chains`: the ways from a first teacher to the row, by rows.
    """

    dataset: str
    role: str
    rows: int
    derived_rows: int
    label_rows: int
    by_model: dict[str, int]
    labels_by_model: dict[str, int]
    tokens_by_model: dict[str, int]
    words: int
    words_by_model: dict[str, int]
    behind: list[Behind]
    chains: list[dict[str, Any]]


def kept_tokens(run: Run) -> dict[int, dict[str, int]]:
    """Dataset → model → output tokens of its calls whose text the dataset holds, each call once. One query.

    A call counts whole, also when a row took a part of its answer; calls that told no number of tokens count for none.
    """
    held = RowMatch.objects.filter(dataset__run=run).exclude(kind="label").order_by()
    once = held.values("dataset_id", "call_id").annotate(first=Min("pk")).values("first")
    tokens: dict[int, dict[str, int]] = {}
    summed = (
        RowMatch.objects.filter(pk__in=once)
        .values_list("dataset_id", "call__request_model")
        .annotate(tokens=Sum("call__output_tokens"))
        .order_by("call__request_model")
    )
    for dataset, model, count in summed:
        tokens.setdefault(dataset, {})[model] = count or 0
    return tokens


def explained_words(run: Run) -> dict[int, dict[str, int]]:
    """Dataset → model → words of its rows that the model's answers explain. One query."""
    words: dict[int, dict[str, int]] = {}
    summed = (
        RowMatch.objects.filter(dataset__run=run)
        .exclude(kind="label")
        .order_by()
        .values_list("dataset_id", "call__request_model")
        .annotate(words=Sum("words"))
        .order_by("call__request_model")
    )
    for dataset, model, count in summed:
        words.setdefault(dataset, {})[model] = count
    return words


def shares(run: Run) -> list[Share]:
    """For each dataset of a run: its rows, and how many of them took text, or a label, from which model. Five queries."""
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
    tokens, words, chained = kept_tokens(run), explained_words(run), behind(run)
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
            tokens_by_model=tokens.get(dataset.pk, {}),
            words=dataset.words,
            words_by_model=words.get(dataset.pk, {}),
            behind=chained.get(dataset.pk, []),
            chains=dataset.chains,
        )
        for dataset in run.datasets.order_by("path")
    ]
