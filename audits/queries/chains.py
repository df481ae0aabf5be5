"""Answers behind answers: who taught through whom, for pages, for the evidence, and for the graph."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple, TypedDict

from django.db.models import Count, F

from audits.models import AnswerInPrompt, ChainShare, Run


class Behind(TypedDict):
    """Rows of a data set behind whose answers this model's answers stand; `only_rows` of them hold none of it directly."""

    provider: str
    model: str
    rows: int
    only_rows: int
    calls: int
    output_tokens: int


class CallsAlike(NamedTuple):
    """What calls of one kind have in common; the first four of audits.queries.taught's keys after the run."""

    provider: str
    served_by: str
    model: str
    purpose: str


@dataclass(frozen=True)
class Chained:
    """Calls of a run whose answers went into the prompts of other calls of it. `sources`, `calls`: earlier and later ones."""

    run: int
    source: CallsAlike
    target: CallsAlike
    sources: int
    calls: int


def behind(run: Run) -> dict[int, list[Behind]]:
    """Data set → the models behind its answers, most rows first. One query."""
    found: dict[int, list[Behind]] = {}
    columns = ("provider", "model", "rows", "only_rows", "calls", "output_tokens")
    shares = ChainShare.objects.filter(dataset__run=run).order_by("dataset", "-rows", "model")
    for dataset, *values in shares.values_list("dataset_id", *columns):
        found.setdefault(dataset, []).append(Behind(**dict(zip(columns, values, strict=True))))  # type: ignore[typeddict-item]
    return found


def chained_calls(runs: Iterable[int]) -> tuple[Chained, ...]:
    """Which calls of these runs were shown the answers of which, alike ones together. One query.

    Only links behind what data sets hold are kept: an answer that was shown to a call whose own answer was thrown away is none.
    """
    sides = [f"{side}__{name}" for side in ("source", "call") for name in _ALIKE]
    counted = (
        AnswerInPrompt.objects.filter(call__run__in=list(runs))
        .order_by()
        .values_list("call__run_id", *sides)
        .annotate(sources=Count("source", distinct=True), calls=Count("call", distinct=True))
        .order_by("call__run_id", *sides)
    )
    return tuple(
        Chained(run, CallsAlike(*names[:4]), CallsAlike(*names[4:]), sources, calls)
        for run, *names, sources, calls in counted
    )


_ALIKE = ("provider", "served_by", "request_model", "purpose")


def shown_to(calls: Iterable[int]) -> dict[int, list[AnswerInPrompt]]:
    """Call → the answers that stood in its prompt, those that explain most of it first, each with its call. One query."""
    found: dict[int, list[AnswerInPrompt]] = {}
    links = AnswerInPrompt.objects.filter(call__in=list(calls)).select_related("source")
    for link in links.order_by("call", -F("words"), "source"):
        found.setdefault(link.call_id, []).append(link)
    return found
