"""Model names that nobody could place: which, where they were seen, and what people have said of a name."""

from dataclasses import dataclass

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Count, Max, Min, QuerySet, Sum

from audits.models import Run, UsageSignature
from compliance.engine.catalogue import canonical_name
from compliance.models import ModelCorrection


@dataclass(frozen=True)
class UnresolvedModel:
    """A requested name whose developer is not known. `served_by`: the channels that answered, "" for one nobody knows."""

    name: str
    served_by: tuple[str, ...]
    calls: int
    runs: int
    first_on: object
    last_on: object


def unresolved_models(runs: QuerySet[Run]) -> list[UnresolvedModel]:
    """The names in the calls of `runs` whose developer is unknown, most calls first. One query."""
    names = (
        UsageSignature.objects.filter(run__in=runs, provider="")
        .exclude(model="")
        .order_by()
        .values("model")
        .annotate(
            made=Sum("calls"), seen_in=Count("run", distinct=True), channels=ArrayAgg("served_by", distinct=True),
            first=Min("day"), last=Max("day"),
        )
        .order_by("-made", "model")
    )  # fmt: skip
    return [
        UnresolvedModel(
            row["model"], tuple(filter(None, row["channels"])), row["made"], row["seen_in"], row["first"], row["last"]
        )
        for row in names
    ]


def words_on(name: str) -> QuerySet[ModelCorrection]:
    """What people said of a name, newest first."""
    return ModelCorrection.objects.filter(name=canonical_name(name)).select_related("corrected_by")
