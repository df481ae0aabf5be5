"""Recorded use of providers, from the roll-up by signature: what pages and charts count."""

import datetime as dt
from dataclasses import dataclass

from django.db.models import Count, Max, Min, Q, QuerySet, Sum
from django.db.models.functions import Coalesce

from audits.models import Run, UsageSignature


@dataclass(frozen=True)
class DayUse:
    """Calls to one provider on one day; `simulated` of them were answered by a stand-in."""

    day: dt.date
    provider: str
    calls: int
    simulated: int


@dataclass(frozen=True)
class ModelUse:
    """One provider's model in one run: calls, tokens and days."""

    provider: str
    served_by: str
    model: str
    calls: int
    failed: int
    input_tokens: int
    output_tokens: int
    first_on: dt.date
    last_on: dt.date
    simulated: bool


def uses_by_day(runs: QuerySet[Run]) -> tuple[DayUse, ...]:
    """Calls per day and provider over these runs. One query on the roll-up."""
    rows = (
        UsageSignature.objects.filter(run__in=runs)
        .order_by("day", "provider")
        .values_list("day", "provider", "simulated")
        .annotate(n=Sum("calls"))
    )
    sums: dict[tuple[dt.date, str], list[int]] = {}
    for day, provider, simulated, calls in rows:
        both = sums.setdefault((day, provider), [0, 0])
        both[0] += calls
        both[1] += calls if simulated else 0
    return tuple(DayUse(day, provider, calls, stood_in) for (day, provider), (calls, stood_in) in sums.items())


def models_used(run: Run) -> tuple[ModelUse, ...]:
    """What a run asked of which model, most calls first. One query on the roll-up; of a replay, which has none, on calls."""
    if run.is_replay:
        return _models_replayed(run)
    rows = (
        UsageSignature.objects.filter(run=run)
        .order_by()
        .values_list("provider", "served_by", "model", "simulated")
        .annotate(
            n=Sum("calls"), bad=Sum("failed"), asked=Sum("input_tokens"), answered=Sum("output_tokens"),
            first=Min("day"), last=Max("day"),
        )
        .order_by("-n", "provider", "model")
    )  # fmt: skip
    return tuple(
        ModelUse(provider, served_by, model, n, bad, asked, answered, first, last, simulated)
        for provider, served_by, model, simulated, n, bad, asked, answered, first, last in rows
    )


def _models_replayed(run: Run) -> tuple[ModelUse, ...]:
    rows = (
        run.calls.order_by()
        .values_list("provider", "served_by", "request_model", "simulated")
        .annotate(
            n=Count("id"), bad=Count("id", filter=Q(failed=True)), asked=Coalesce(Sum("input_tokens"), 0),
            answered=Coalesce(Sum("output_tokens"), 0), first=Min("at__date"), last=Max("at__date"),
        )
        .order_by("-n", "provider", "request_model")
    )  # fmt: skip
    return tuple(
        ModelUse(provider, served_by, model, n, bad, asked, answered, first, last, simulated)
        for provider, served_by, model, simulated, n, bad, asked, answered, first, last in rows
    )
