"""Use by provider: calls, tokens, models, days, rate. The database adds up; no call is read one by one."""

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from django.db.models import Count, Max, Min, QuerySet, Sum
from django.db.models.functions import Coalesce, TruncDate, TruncMinute

from audits.models import ModelCall, Run
from audits.reporting.context.names import known_names, named

Group = dict[str, Any]
_ALIKE = (
    "day", "host", "provider", "served_by", "request_model", "operation", "failed", "streamed", "purpose", "purpose_source",
)  # fmt: skip


def calls_of(runs: Sequence[Run], providers: Sequence[str] = ()) -> QuerySet[ModelCall]:
    """The calls of models of these runs; `providers`: only theirs."""
    calls = ModelCall.objects.filter(run__in=[run.pk for run in runs])
    return calls.filter(provider__in=providers) if providers else calls


def usage(*runs: Run, providers: Sequence[str] = ()) -> dict[str, Any]:
    """Totals of the runs, and calls by day and provider for the chart. Three queries."""
    return shaped(calls_of(runs, providers), runs)[0]


def providers(*runs: Run, providers: Sequence[str] = ()) -> list[dict[str, Any]]:
    """One entry for each provider, busiest first, with a row for each model and what the calls were for. Three queries."""
    return shaped(calls_of(runs, providers), runs)[1]


def shaped(calls: QuerySet[ModelCall], runs: Sequence[Run]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Both from the same sums. Three queries, however many calls there are."""
    groups = [row | {"provider": row["provider"] or "unknown"} for row in _groups(calls)]
    minutes, names = _minutes(calls), known_names()
    by_provider: defaultdict[str, list[Group]] = defaultdict(list)
    for row in groups:
        by_provider[row["provider"]].append(row)
    busiest = sorted(by_provider, key=lambda slug: (-_calls(by_provider[slug]), slug))
    by_day: Counter[tuple[str, str]] = Counter()
    for row in groups:
        by_day[row["day"].isoformat(), row["provider"]] += row["calls"]
    total = _totals(groups) | {"peak_per_minute": minutes[""]}
    told = {
        **total,
        "by_day": [
            {"day": day, "provider": slug, "calls": number, "name": named(slug, names)}
            for (day, slug), number in sorted(by_day.items())
        ],
        "by_provider": [
            {"provider": slug, "name": named(slug, names), "calls": _calls(by_provider[slug])} for slug in busiest
        ],
    }
    return told, [_provider(slug, by_provider[slug], minutes, names, runs) for slug in busiest]


def _groups(calls: QuerySet[ModelCall]) -> Iterable[Group]:
    """Calls alike in all that is told of them, with their sums."""
    tokens = {f"{side}_tokens_sum": Coalesce(Sum(f"{side}_tokens"), 0) for side in ("input", "output")}
    found = calls.annotate(day=TruncDate("at", tzinfo=dt.UTC))
    rows = found.order_by().values(*_ALIKE).annotate(calls=Count("pk"), first=Min("at"), last=Max("at"), **tokens)
    return rows.order_by(*_ALIKE)


def _minutes(calls: QuerySet[ModelCall]) -> Counter[str]:
    """Most calls in one minute: of each provider, and of all together under the empty name."""
    rows = calls.order_by().annotate(minute=TruncMinute("at", tzinfo=dt.UTC)).values_list("minute", "provider")
    most: Counter[str] = Counter({"": 0})
    together: Counter[Any] = Counter()
    for minute, provider, number in rows.annotate(number=Count("pk")):
        slug = provider or "unknown"
        most[slug] = max(most[slug], number)
        together[minute] += number
    most[""] = max(together.values(), default=0)
    return most


def _calls(groups: Iterable[Group]) -> int:
    return sum(row["calls"] for row in groups)


def _provider(
    slug: str, groups: list[Group], minutes: Counter[str], names: dict[str, str], runs: Sequence[Run]
) -> dict[str, Any]:
    hosts = sorted({row["host"] for row in groups})
    models: defaultdict[str, list[Group]] = defaultdict(list)
    purposes: Counter[tuple[str, str]] = Counter()
    for row in groups:
        models[row["request_model"]].append(row)
        if not row["failed"]:
            purposes[row["purpose"], row["purpose_source"]] += row["calls"]
    return {
        "provider": slug,
        "name": named(slug, names),
        "hosts": hosts,
        "served_by": sorted({row["served_by"] for row in groups} - {""}),
        **_totals(groups),
        "peak_per_minute": minutes[slug],
        "models": [_model(model, models[model]) for model in sorted(models)],
        "purposes": [
            {"purpose": purpose, "source": source, "calls": number}
            for (purpose, source), number in sorted(purposes.items())
        ],
        "prompts": [_prompts(host, run.prompts[host]) for run in runs for host in hosts if host in run.prompts],
    }


def _prompts(host: str, profile: dict[str, Any]) -> dict[str, Any]:
    """What a host was asked; topic words in the order of how many prompts hold them."""
    topics = sorted(profile["topics"].items(), key=lambda one: (-one[1], one[0]))
    return {
        "host": host,
        "prompts": profile["prompts"],
        "distinct": profile["distinct"],
        "median_words": profile["median_words"],
        "covered_by_topics": profile["covered_by_topics"],
        "topics": [{"word": word, "prompts": prompts} for word, prompts in topics],
    }


def _model(model: str, groups: list[Group]) -> dict[str, Any]:
    operations = sorted({row["operation"] for row in groups})
    return {"model": model or "not named", "operations": operations, **_totals(groups)}


def _totals(groups: list[Group]) -> dict[str, Any]:
    return {
        "calls": _calls(groups),
        "failed": _calls(row for row in groups if row["failed"]),
        "streamed": _calls(row for row in groups if row["streamed"]),
        "input_tokens": sum(row["input_tokens_sum"] for row in groups),
        "output_tokens": sum(row["output_tokens_sum"] for row in groups),
        "first_at": min(row["first"] for row in groups).isoformat() if groups else None,
        "last_at": max(row["last"] for row in groups).isoformat() if groups else None,
        "days": len({row["day"] for row in groups}),
    }
