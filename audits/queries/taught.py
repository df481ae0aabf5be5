"""Which rows which calls taught, read from the roll-up (audits.actions.taught); from the matches only where that can't tell."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, Final

from django.db.models import Count, Q, QuerySet, Sum

from audits.graph.records import RowsRecord
from audits.models import RowMatch, Run, TaughtCalls, TaughtRows

CallsKey = tuple[int, str, str, str, str]
"""What alike calls have in common: run, provider, served by, model, purpose (see CallsRecord.key)."""

_KEY: Final = ("provider", "served_by", "model", "purpose")
_LABEL: Final = "label"


def read_rows(runs: QuerySet[Run], since: dt.date | None = None) -> tuple[RowsRecord, ...]:
    """Rows by data set and by the calls they derive from, for some runs. Two queries.

    With `since`, rows that took something from an answer of that day or later.
    """
    texts = Q(text_day__gte=since) if since else Q(text_day__isnull=False)
    held = TaughtRows.objects.filter(Q(last_day__gte=since) if since else Q(), dataset__run__in=runs)
    keys = ("dataset", "dataset__run", *_KEY)
    grouped = held.order_by().values_list(*keys, "kind").annotate(all=Sum("rows"), texts=Sum("rows", filter=texts))
    found: dict[tuple[Any, ...], list[tuple[str, int, int]]] = {}
    for *key, kind, all_rows, with_text in grouped.order_by(*keys, "kind"):
        found.setdefault(tuple(key), []).append((kind, all_rows, with_text or 0))
    answers = _answers(runs, since)
    return tuple(_record(key, kinds, answers.get((key[0], *key[2:]), {})) for key, kinds in found.items())


def _answers(runs: QuerySet[Run], since: dt.date | None) -> Mapping[tuple[Any, ...], Mapping[bool, tuple[int, int]]]:
    """(data set, and what calls have in common) → whether only labels were taken → (output tokens, bytes of responses)."""
    days = Q(day__gte=since) if since else Q()
    calls = TaughtCalls.objects.filter(days, run__in=runs, dataset__isnull=False).order_by()
    found: defaultdict[tuple[Any, ...], dict[bool, tuple[int, int]]] = defaultdict(dict)
    for *key, kind, tokens, size in calls.values_list("dataset", *_KEY, "kind").annotate(
        tokens=Sum("output_tokens"), size=Sum("answer_bytes")
    ):
        known = found[tuple(key)].get(kind == _LABEL, (0, 0))
        found[tuple(key)][kind == _LABEL] = (known[0] + tokens, known[1] + size)
    return found


def _record(
    key: tuple[Any, ...], kinds: list[tuple[str, int, int]], answers: Mapping[bool, tuple[int, int]]
) -> RowsRecord:
    dataset, run, provider, served_by, model, purpose = key
    rows, texts = sum(one[1] for one in kinds), sum(one[2] for one in kinds)
    return RowsRecord(
        dataset, run, provider, served_by, model, purpose, rows=rows, labels=rows - texts,
        techniques=tuple((kind, with_text) for kind, _, with_text in kinds if with_text),
        text_answers=answers.get(False, (0, 0)), label_answers=answers.get(True, (0, 0)),
    )  # fmt: skip


def rows_touched(datasets: Iterable[int], calls: Iterable[CallsKey], since: dt.date | None = None) -> dict[int, int]:
    """Data set → its distinct rows that derive from any of these calls. One query, and a second one where rows are shared."""
    datasets, calls = list(datasets), list(calls)
    wanted = {key: set(runs) for key, runs in by_signature(calls).items()}
    held = TaughtRows.objects.filter(Q(last_day__gte=since) if since else Q(), dataset__in=datasets).order_by()
    counted: defaultdict[int, int] = defaultdict(int)
    sharing: defaultdict[int, set[tuple[str, ...]]] = defaultdict(set)
    for dataset, run, *key, rows, shared in held.values_list("dataset", "dataset__run", *_KEY).annotate(
        all=Sum("rows"), shared=Sum("shared_rows")
    ):
        if run in wanted.get((key[0], key[1], key[2], key[3]), ()):
            counted[dataset] += rows
            if shared:
                sharing[dataset].add(tuple(key))
    unsure = [dataset for dataset, keys in sharing.items() if len(keys) > 1]
    return dict(counted) | (_rows_matched(unsure, calls, since) if unsure else {})


def _rows_matched(datasets: list[int], calls: list[CallsKey], since: dt.date | None) -> dict[int, int]:
    """The same, counted over the matches themselves: rows that several of the calls share count once."""
    matches = matches_of_calls(datasets, calls, since).order_by()
    return dict(matches.values_list("dataset").annotate(n=Count("row", distinct=True)))


def matches_of_calls(datasets: Any, calls: Iterable[CallsKey], since: dt.date | None = None) -> QuerySet[RowMatch]:
    """The matches of rows of some data sets with the answers of some calls, from a day on."""
    mine = Q(pk__in=())
    for (provider, served_by, model, purpose), runs in by_signature(calls).items():
        mine |= Q(
            call__provider=provider, call__served_by=served_by, call__request_model=model, call__purpose=purpose,
            call__run__in=runs,
        )  # fmt: skip
    if since:
        mine &= Q(call__at__date__gte=since)
    return RowMatch.objects.filter(mine, dataset__in=datasets)


def answers_kept(calls: Iterable[CallsKey], since: dt.date | None = None) -> list[tuple[CallsKey, int, int, int]]:
    """Of each of these calls that taught: (key, calls, input tokens, output tokens), each call once. One query."""
    wanted = {key: set(runs) for key, runs in by_signature(calls).items()}
    runs = {run for held in wanted.values() for run in held}
    kept = TaughtCalls.objects.filter(Q(day__gte=since) if since else Q(), run__in=runs, dataset=None).order_by()
    summed = kept.values_list("run", *_KEY).annotate(
        n=Sum("calls"), asked=Sum("input_tokens"), told=Sum("output_tokens")
    )
    return [
        ((run, provider, served_by, model, purpose), made, tokens_in, tokens_out)
        for run, provider, served_by, model, purpose, made, tokens_in, tokens_out in summed.order_by("run", *_KEY)
        if run in wanted.get((provider, served_by, model, purpose), ())
    ]


def by_signature(calls: Iterable[CallsKey]) -> dict[tuple[str, str, str, str], list[int]]:
    """What calls have in common besides the run → their runs."""
    found: dict[tuple[str, str, str, str], list[int]] = {}
    for run, provider, served_by, model, purpose in calls:
        found.setdefault((provider, served_by, model, purpose), []).append(run)
    return found
