"""What a run's calls and traced rows come to: counted over all of them, or read from what was kept of that count.

A run may hold a million of each, and its pages are read often; once it is sealed, nothing joins it any more.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, NamedTuple

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery, Sum

from audits.models import Dataset, Exchange, ModelCall, RowMatch, Run, RunCounts
from audits.queries.lineage import kept_tokens

Purpose = ModelCall.Purpose


class RowsOfModel(NamedTuple):
    """Rows of a data set that took anything from a model's answers; `texts`: that took text; `words` that those explain."""

    dataset: int
    provider: str
    model: str
    rows: int
    texts: int
    words: int
    tokens: int


class Answers(NamedTuple):
    """Calls alike in what became of their answers. `tokens`: of output, where they were told."""

    provider: str
    model: str
    host: str
    purpose: str
    source: str
    failed: bool
    calls: int
    tokens: int


class Filtered(NamedTuple):
    """Calls whose answers an intermediate data set holds and training data does not: candidates that were left out."""

    provider: str
    model: str
    host: str
    calls: int


class AskedOf(NamedTuple):
    """Calls by who answered and which model was asked; without those that stayed on the machine."""

    served_by: str
    provider: str
    model: str
    calls: int


class Traffic(NamedTuple):
    """What was recorded: exchanges, those that nobody could read, calls, and those of them that failed."""

    exchanges: int
    calls: int
    failed: int
    unparsed: int


class Counts(NamedTuple):
    """All of it, or the parts that were asked for. `accounted`: data set → its rows that derive from any answer."""

    rows: tuple[RowsOfModel, ...] = ()
    accounted: Mapping[int, int] = {}
    answers: tuple[Answers, ...] = ()
    filtered: tuple[Filtered, ...] = ()
    asked: tuple[AskedOf, ...] = ()
    traffic: tuple[Traffic, ...] = ()


def counts_of(run: Run, *parts: str) -> Counts:
    """These parts as they were kept, in one query; else each counted now, in a query or two over all calls or traced rows."""
    kept = _kept(run) if run.evidence_root else {}
    return read({name: kept[name] if name in kept else _COUNTED[name](run) for name in parts})


def _kept(run: Run) -> Mapping[str, Any]:
    return RunCounts.objects.filter(run=run).values_list("figures", flat=True).first() or {}


def read(figures: Mapping[str, Any]) -> Counts:
    """Counts from what `count` told."""
    return Counts(**{name: _SHAPES[name](rows) for name, rows in figures.items()})


def count(run: Run) -> dict[str, Any]:
    """Every part as JSON has it: name → rows, each a list in the order of its shape above."""
    return {name: counted(run) for name, counted in _COUNTED.items()}


def _rows(run: Run) -> list[list[Any]]:
    matches = RowMatch.objects.filter(dataset__run=run).order_by()
    by_text = Count("row", distinct=True, filter=~Q(kind="label"))
    counted = (
        matches.values_list("dataset_id", "call__provider", "call__request_model")
        .annotate(rows=Count("row", distinct=True), by_text=by_text, words=Sum("words"))
        .order_by("-rows", "call__request_model")
    )
    tokens = kept_tokens(run)
    return [[*row, tokens.get(row[0], {}).get(row[2], 0)] for row in counted]


def _accounted(run: Run) -> list[list[Any]]:
    matches = RowMatch.objects.filter(dataset__run=run).order_by()
    return [list(row) for row in matches.values_list("dataset_id").annotate(rows=Count("row", distinct=True))]


def _answers(run: Run) -> list[list[Any]]:
    groups = (
        ModelCall.objects.filter(run=run)
        .order_by()
        .values_list("provider", "request_model", "host", "purpose", "purpose_source", "failed")
        .annotate(calls=Count("pk"), tokens=Sum("output_tokens", default=0))
    )
    return [list(row) for row in groups]


def _filtered(run: Run) -> list[list[Any]]:
    candidate = RowMatch.objects.filter(call=OuterRef("pk"), dataset__role=Dataset.Role.INTERMEDIATE)
    calls = ModelCall.objects.filter(Exists(candidate), run=run, purpose=Purpose.UNUSED, failed=False).order_by()
    return [list(row) for row in calls.values_list("provider", "request_model", "host").annotate(calls=Count("pk"))]


def _asked(run: Run) -> list[list[Any]]:
    groups = run.calls.exclude(served_by="self").order_by().values_list("served_by", "provider", "request_model")
    return [list(row) for row in groups.annotate(n=Count("id")).order_by("served_by", "request_model")]


def _traffic(run: Run) -> list[list[Any]]:
    exchanges = Exchange.objects.filter(run=OuterRef("pk")).order_by()
    calls = ModelCall.objects.filter(run=OuterRef("pk")).order_by()
    counted: dict[str, QuerySet[Any]] = {
        "exchanges": exchanges,
        "calls": calls,
        "failed": calls.filter(failed=True),
        "unparsed": exchanges.filter(unparsed__gt=""),
    }
    each = {f"n_{name}": Subquery(number_of(rows)) for name, rows in counted.items()}
    found: Any = Run.objects.filter(pk=run.pk).values(**each)[0]
    return [[found[f"n_{name}"] or 0 for name in counted]]


def number_of(rows: QuerySet[Any]) -> QuerySet[Any]:
    """How many rows of the outer query's run there are, as its subquery."""
    return rows.values("run").annotate(n=Count("pk")).values("n")


def _each(shape: type[Any]) -> Callable[[Iterable[Iterable[Any]]], tuple[Any, ...]]:
    return lambda rows: tuple(shape(*row) for row in rows)


_COUNTED: Final[Mapping[str, Callable[[Run], list[list[Any]]]]] = {
    "rows": _rows, "accounted": _accounted, "answers": _answers, "filtered": _filtered, "asked": _asked,
    "traffic": _traffic,
}  # fmt: skip
_SHAPES: Final[Mapping[str, Callable[[Any], Any]]] = {
    "rows": _each(RowsOfModel), "accounted": dict, "answers": _each(Answers), "filtered": _each(Filtered),
    "asked": _each(AskedOf), "traffic": _each(Traffic),
}  # fmt: skip
