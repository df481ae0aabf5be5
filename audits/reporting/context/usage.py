"""Use by provider: calls, tokens, models, days, rate; shaped by pandas from one query."""

from typing import Any

import pandas as pd

from audits.models import ModelCall, Run
from audits.reporting.context.names import provider_name

COLUMNS = [
    "at", "host", "provider", "served_by", "request_model", "operation", "input_tokens", "output_tokens", "failed",
    "streamed", "purpose", "purpose_source",
]  # fmt: skip


def _frame(run: Run) -> pd.DataFrame:
    rows = ModelCall.objects.filter(run=run).order_by("at", "pk").values_list(*COLUMNS)
    frame = pd.DataFrame.from_records(list(rows), columns=COLUMNS)
    frame["provider"] = frame["provider"].replace("", "unknown")
    frame["at"] = pd.to_datetime(frame["at"], utc=True)
    frame["day"] = frame["at"].dt.strftime("%Y-%m-%d")
    for column in ("input_tokens", "output_tokens"):
        frame[column] = pd.to_numeric(frame[column]).fillna(0).astype("int64")
    return frame


def usage(run: Run) -> dict[str, Any]:
    """Totals of the run, and calls by day and provider for the chart."""
    frame = _frame(run)
    by_day = frame.groupby(["day", "provider"]).size().reset_index(name="calls")
    return {
        **_totals(frame),
        "by_day": [row | {"name": provider_name(row["provider"])} for row in by_day.to_dict("records")],
        "by_provider": [
            {"provider": slug, "name": provider_name(slug), "calls": calls} for slug, calls in _busiest(frame)
        ],
    }


def providers(run: Run) -> list[dict[str, Any]]:
    """One entry for each provider, busiest first, with a row for each model and what the calls were for."""
    frame = _frame(run)
    return [_provider(run, slug, frame[frame["provider"] == slug]) for slug, _ in _busiest(frame)]


def _busiest(frame: pd.DataFrame) -> list[tuple[str, int]]:
    """Providers with their calls, most calls first, then by name: the same order whatever the order of the rows."""
    counts = [(str(slug), int(calls)) for slug, calls in frame["provider"].value_counts().items()]
    return sorted(counts, key=lambda one: (-one[1], one[0]))


def _provider(run: Run, slug: str, frame: pd.DataFrame) -> dict[str, Any]:
    hosts = sorted(frame["host"].unique().tolist())
    return {
        "provider": slug,
        "name": provider_name(slug),
        "hosts": hosts,
        "served_by": sorted(value for value in frame["served_by"].unique().tolist() if value),
        **_totals(frame),
        "models": [_model(str(model), group) for model, group in frame.groupby("request_model")],
        "purposes": [
            {"purpose": purpose, "source": source, "calls": int(count)}
            for (purpose, source), count in frame[~frame["failed"]]
            .groupby(["purpose", "purpose_source"])
            .size()
            .items()
        ],
        "prompts": [_prompts(host, run.prompts[host]) for host in hosts if host in run.prompts],
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


def _model(model: str, frame: pd.DataFrame) -> dict[str, Any]:
    return {"model": model or "not named", "operations": sorted(frame["operation"].unique().tolist()), **_totals(frame)}


def _totals(frame: pd.DataFrame) -> dict[str, Any]:
    empty = frame.empty
    return {
        "calls": len(frame),
        "failed": int(frame["failed"].sum()),
        "streamed": int(frame["streamed"].sum()),
        "input_tokens": int(frame["input_tokens"].sum()),
        "output_tokens": int(frame["output_tokens"].sum()),
        "first_at": None if empty else frame["at"].min().isoformat(),
        "last_at": None if empty else frame["at"].max().isoformat(),
        "days": int(frame["day"].nunique()),
        "peak_per_minute": 0 if empty else int(frame.groupby(frame["at"].dt.floor("min")).size().max()),
    }
