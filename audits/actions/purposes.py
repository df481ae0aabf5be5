"""What each call was for: from lineage first, from audit.toml second; unknown where neither tells."""

from collections.abc import Collection

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from audits.manifest import declared_purpose
from audits.models import Dataset, ModelCall, RowMatch, Run

Purpose = ModelCall.Purpose


@transaction.atomic
def decide_purposes(run: Run, judging: Collection[int] = (), behind: Collection[int] = ()) -> None:
    """Set purpose and its source on every call of a run.

    `judging`: calls whose prompts held answers that were candidates for training data (they chose among them). `behind`: calls
    whose answers went into prompts, and so into the answers that stand in training data: they taught through others.
    """
    calls = ModelCall.objects.filter(run=run)
    calls.update(purpose=Purpose.UNKNOWN, purpose_source="")
    open_calls = calls.filter(purpose=Purpose.UNKNOWN, failed=False)  # a failed call gave no answer to use
    _set(open_calls.filter(_stands_in("training")), Purpose.TRAIN, "observed")
    _set(open_calls.filter(pk__in=behind), Purpose.TRAIN, "inferred")
    _set(open_calls.filter(pk__in=judging), Purpose.FILTER, "inferred")
    _set(open_calls.filter(_stands_in("evaluation")), Purpose.EVALUATE, "observed")
    for host in list(open_calls.values_list("host", flat=True).distinct().order_by()):
        _by_declaration(run, open_calls.filter(host=host), declared_purpose(run.manifest, host))


def _stands_in(role: str) -> Exists:
    return Exists(RowMatch.objects.filter(call=OuterRef("pk"), dataset__role=role))


def _set(calls: QuerySet[ModelCall], purpose: str, source: str) -> None:
    calls.update(purpose=purpose, purpose_source=source)


def _by_declaration(run: Run, calls: QuerySet[ModelCall], declared: str | None) -> None:
    if declared in (Purpose.EVALUATE, Purpose.FILTER):
        _set(calls, str(declared), "declared")
    elif _training_data_was_read(run):
        _set(calls, Purpose.UNUSED, "observed")


def _training_data_was_read(run: Run) -> bool:
    """Only whole, readable training data shows that an answer is not in it."""
    training = Dataset.objects.filter(run=run, role=Dataset.Role.TRAINING)
    return training.exists() and not training.exclude(gap="").exists()
