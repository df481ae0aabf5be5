"""The report's charts and pictures, drawn from the context; the same as on the pages."""

import base64
import datetime as dt
from collections.abc import Mapping, Set
from typing import Any

from audits.charts import (
    Chart,
    DailyUse,
    ProviderUse,
    Share,
    calls_by_provider,
    shares_of_dataset,
    uses_per_provider_over_time,
)
from audits.pictures import DatasetPart, picture_of_lineage
from audits.reporting.glyphs import by_number
from audits.reporting.graph_picture import picture_of_graph


def drawings(context: Mapping[str, Any], missing: Set[str] = frozenset()) -> dict[str, Any]:
    """Named figures: `src` (a data: address), `title`, `words`; None where there is nothing to draw.

    `missing`: characters without a glyph, drawn by their numbers.
    """
    drawn = _drawn(context)
    shares = {name: _figure(chart, missing) for name, chart in drawn.pop("shares").items()}
    return {name: _figure(chart, missing) for name, chart in drawn.items()} | {"shares": shares}


def _drawn(context: Mapping[str, Any]) -> dict[str, Any]:
    usage, datasets = context["usage"], context["lineage"]["datasets"]
    days = [dt.date.fromisoformat(row["day"]) for row in usage["by_day"]]
    daily = [DailyUse(day, row["name"], row["calls"]) for day, row in zip(days, usage["by_day"], strict=True)]
    calls = [ProviderUse(row["name"], row["calls"]) for row in usage["by_provider"]]
    student, graph = (context["run"]["student"] or {}).get("name", ""), context.get("graph")
    return {
        "calls_by_provider": calls_by_provider(calls, days) if calls else None,
        "over_time": uses_per_provider_over_time(daily) if len(set(days)) > 1 else None,
        "lineage": picture_of_lineage([_part(one) for one in datasets if one["rows"]], student),
        "graph": picture_of_graph(graph["nodes"], graph["edges"]) if graph else None,
        "shares": {one["dataset"]: _shares(one) for one in datasets if one["by_model"] and not one["gap"]},
    }


def _shares(dataset: Mapping[str, Any]) -> Chart:
    shares = [Share(one["model"] or "not named", one["rows"]) for one in dataset["by_model"]]
    return shares_of_dataset(dataset["dataset"], dataset["rows"], shares, dataset["rows"] - dataset["derived_rows"])


def _part(dataset: Mapping[str, Any]) -> DatasetPart:
    return DatasetPart(
        path=dataset["dataset"],
        role=dataset["role"],
        rows=dataset["rows"],
        undetermined=dataset["rows"] - dataset["derived_rows"],
        shares={one["model"]: one["rows"] for one in dataset["by_model"]},
    )


def _figure(chart: Chart | None, missing: Set[str]) -> dict[str, str] | None:
    if chart is None:
        return None
    encoded = base64.b64encode(by_number(chart.svg, missing).encode()).decode()
    return {"src": f"data:image/svg+xml;base64,{encoded}", "title": chart.title, "words": chart.words}
