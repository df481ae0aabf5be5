"""Charts: one question each, drawn once as SVG for page and paper alike.

Every chart says its question in its title and its period and number of records beneath, labels its marks directly, starts
its bars at zero and shows at most six series (what is beyond that is gathered as "others"). Drawing needs no browser and no
network (Vega-Lite inside vl-convert). What pipelines call their models goes in as data, which Vega escapes and never
evaluates. The colours are those of static/css/tokens.css; on a page charts.css lets them follow the theme.
"""

import datetime as dt
import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import vl_convert
from django.conf import settings

from compliance.templatetags.unseen import with_names

INK, SOFT, LINE, EDGE, TINT = "#1B1F27", "#4A5160", "#D9DDE4", "#8A92A0", "#EEF0F3"
SERIES = ("#1F4FD8", "#B4531A", "#0B6B57", "#7A3FB0", "#8A5A00", "#565D6B")
OTHERS = "others"
UNKNOWN = "provider unknown"
WIDTH = 640
# The weeks of a year at most stand beside each other; a longer period is counted by month.
DAYS_BY_DAY, DAYS_BY_WEEK = 45, 370

Spec = dict[str, Any]


@dataclass(frozen=True)
class DailyUse:
    """Calls to one provider on one day."""

    day: dt.date
    provider: str
    calls: int


@dataclass(frozen=True)
class ProviderUse:
    """Calls to one provider in a stated period."""

    provider: str
    calls: int


@dataclass(frozen=True)
class Share:
    """How many rows of a dataset derive from one source (a model, or the pipeline's own material)."""

    source: str
    rows: int


@dataclass(frozen=True)
class Chart:
    """A drawn chart: SVG markup, the question it answers, and the same in words for who can't see it."""

    svg: str
    title: str
    words: str


def _long(day: dt.date) -> str:
    return f"{day.day} {day:%B %Y}"


def _period(days: Iterable[dt.date]) -> str:
    known = sorted(set(days))
    if not known:
        return "no days"
    first, last = known[0], known[-1]
    return _long(first) if first == last else f"{_long(first)} to {_long(last)}"


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _config() -> Spec:
    return {
        "font": "Inter",
        "view": {"stroke": None},
        "axis": {
            "labelColor": SOFT, "labelFontSize": 12, "labelFont": "Inter", "titleColor": SOFT, "titleFontSize": 12,
            "titleFontWeight": "normal", "gridColor": LINE, "domainColor": EDGE, "tickColor": EDGE, "labelPadding": 6,
        },
        "title": {
            "anchor": "start", "color": INK, "fontSize": 14, "fontWeight": 600, "subtitleColor": SOFT,
            "subtitleFontSize": 12, "subtitlePadding": 4, "offset": 14, "frame": "bounds",
        },
        "text": {"font": "Inter", "fontSize": 12, "color": INK},
    }  # fmt: skip


@lru_cache(maxsize=1)
def warm_up() -> None:
    """Draw something: the drawing engine takes its seconds at the first picture, and then holds up the whole process."""
    shares_of_dataset("warm-up", 1, [Share("nothing", 1)])


@lru_cache(maxsize=1)
def _register_fonts() -> None:
    for folder in settings.FONT_DIRS.values():
        vl_convert.register_font_directory(str(folder))


@lru_cache(maxsize=256)
def _svg(spec: str) -> str:
    _register_fonts()
    svg = str(vl_convert.vegalite_to_svg(spec, vl_version="6.4"))
    return svg.replace('class="marks"', 'class="chart"', 1)


def _draw(spec: Spec, title: str, subtitle: str, words: str) -> Chart:
    whole = {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "background": None,
        "title": {"text": title, "subtitle": subtitle},
        "config": _config(),
        "padding": {"left": 2, "top": 2, "bottom": 2, "right": 12},
        **spec,
    }
    svg = _svg(json.dumps(_named(whole), sort_keys=True))
    return Chart(svg=svg, title=with_names(title), words=with_names(f"{title.rstrip('?')}: {subtitle}. {words}"))


def _named(value: Any) -> Any:
    """Every string without unseen characters: the drawing library ends the whole process on one that XML does not allow."""
    if isinstance(value, dict):
        return {key: _named(held) for key, held in value.items()}
    if isinstance(value, list | tuple):
        return [_named(held) for held in value]
    return with_names(value) if isinstance(value, str) else value


def _short(name: str, most: int = 26) -> str:
    """A name cut in its middle. Vega must never cut one: it halves characters beyond U+FFFF and then fails."""
    named = with_names(name)
    return named if len(named) <= most else f"{named[: most - 9]}…{named[-8:]}"


def _told_apart(names: Sequence[str]) -> list[str]:
    """The names cut; those that the cut made alike are numbered."""
    cut = [_short(name) for name in names]
    return [f"{name} ({at + 1})" if cut.count(name) > 1 else name for at, name in enumerate(cut)]


def _gathered(totals: dict[str, int], most: int = len(SERIES)) -> list[str]:
    """The series to show, greatest first; beyond `most` the rest is gathered under OTHERS."""
    names = sorted(totals, key=lambda name: (-totals[name], name))
    return names if len(names) <= most else [*names[: most - 1], OTHERS]


def _bucket(day: dt.date, span: int) -> dt.date:
    if span <= DAYS_BY_DAY:
        return day
    return day - dt.timedelta(days=day.weekday()) if span <= DAYS_BY_WEEK else day.replace(day=1)


def _unit(span: int) -> str:
    return "day" if span <= DAYS_BY_DAY else "week" if span <= DAYS_BY_WEEK else "month"


def _bucketed(rows: Sequence[DailyUse], names: Sequence[str], span: int) -> list[Spec]:
    sums: dict[tuple[dt.date, str], int] = defaultdict(int)
    for row in rows:
        name = row.provider or UNKNOWN
        sums[_bucket(row.day, span), name if name in names else OTHERS] += row.calls
    return [{"day": day.isoformat(), "provider": name, "calls": calls} for (day, name), calls in sorted(sums.items())]


def uses_per_provider_over_time(rows: Iterable[DailyUse]) -> Chart:
    """Stacked bars: calls to each provider per day, week or month (by the length of the period), labelled at the right."""
    uses = tuple(rows)
    totals: dict[str, int] = defaultdict(int)
    for row in uses:
        totals[row.provider or UNKNOWN] += row.calls
    days = [row.day for row in uses]
    span = (max(days) - min(days)).days if days else 0
    names = _gathered(totals)
    values = _bucketed(uses, names, span)
    title = f"Calls to each provider per {_unit(span)}"
    subtitle = f"{_period(days)}; {_counted(sum(totals.values()), 'call')}"
    labels = _labels(names, totals)
    return _draw(_columns(values, names, labels, _unit(span)), title, subtitle, "; ".join(labels) + ".")


def _labels(names: Sequence[str], totals: dict[str, int]) -> list[str]:
    rest = sum(calls for name, calls in totals.items() if name not in names)
    return [
        f"{short} {(rest if name == OTHERS else totals[name]):,}"
        for name, short in zip(names, _told_apart(names), strict=True)
    ]


def _columns(values: list[Spec], names: Sequence[str], labels: Sequence[str], unit: str) -> Spec:
    shown = {"day": "%-d %b", "week": "%-d %b", "month": "%b %Y"}[unit]
    order = {name: at for at, name in enumerate(names)}
    days = sorted({value["day"] for value in values})
    for value in values:
        value["order"] = order[value["provider"]]
    x = {
        "field": "day", "type": "ordinal", "title": None,
        "axis": {"labelExpr": f"utcFormat(toDate(datum.value), '{shown}')", "labelAngle": 0,
                 "labelOverlap": "greedy", "labelSeparation": 8, "grid": False},
    }  # fmt: skip
    colour = {"field": "provider", "type": "nominal", "legend": None, "scale": {"domain": list(names), "range": SERIES}}
    bars: Spec = {
        "data": {"values": values},
        "width": WIDTH - 170,
        "height": 200,
        "mark": {"type": "bar", "width": {"band": 0.78} if len(days) > 4 else 36, "stroke": "#FFFFFF", "strokeWidth": 0.5},
        "encoding": {
            "x": x,
            "y": {"field": "calls", "type": "quantitative", "title": None,
                  "axis": {"tickCount": 4, "format": ",d", "domain": False, "ticks": False}},
            "color": colour,
            "order": {"field": "order", "type": "quantitative", "sort": "descending"},
        },
    }  # fmt: skip
    return {"hconcat": [bars, _legend(names, labels)], "spacing": 18}


def _legend(names: Sequence[str], labels: Sequence[str]) -> Spec:
    """Names and totals in the order of the stack, beside the marks that they name."""
    rows = [
        {"provider": name, "label": label, "at": at} for at, (name, label) in enumerate(zip(names, labels, strict=True))
    ]
    y = {"field": "at", "type": "ordinal", "axis": None, "sort": None}
    colour = {"field": "provider", "type": "nominal", "legend": None, "scale": {"domain": list(names), "range": SERIES}}
    return {
        "data": {"values": rows},
        "width": 150,
        "height": 22 * max(1, len(names)),
        "layer": [
            {"mark": {"type": "square", "size": 90, "opacity": 1}, "encoding": {"x": {"value": 6}, "y": y, "color": colour}},
            {"mark": {"type": "text", "align": "left", "limit": 0},
             "encoding": {"x": {"value": 18}, "y": y, "text": {"field": "label"}}},
        ],
    }  # fmt: skip


def calls_by_provider(rows: Iterable[ProviderUse], period: Iterable[dt.date] = ()) -> Chart:
    """Bars from zero: calls to each provider in the period, with their number at the end of each."""
    uses = sorted(rows, key=lambda row: (-row.calls, row.provider))
    total = sum(row.calls for row in uses)
    days = tuple(period)
    subtitle = _counted(total, "call") + (f"; {_period(days)}" if days else "")
    values = _bar_values([(row.provider or UNKNOWN, row.calls) for row in uses], total)
    words = "; ".join(f"{value['name']}: {value['label']}" for value in values) + "."
    return _draw(_bars(values), "How many calls went to each provider?", subtitle, words)


def shares_of_dataset(dataset: str, rows: int, shares: Iterable[Share], own: int | None = None) -> Chart:
    """Bars from zero to the dataset's rows: how many derive from each model, and `own`, how many from no recorded answer.

    A row may derive from two models and then counts under both; `own` left out is what the shares leave of the rows.
    """
    known = sorted(shares, key=lambda share: (-share.rows, share.source))
    values = _bar_values([(share.source or "model unknown", share.rows) for share in known], rows)
    own = rows - sum(share.rows for share in known) if own is None else own
    if own > 0:
        values.append(_bar("no recorded answer", own, rows) | {"colour": EDGE})
    words = "; ".join(f"{value['name']}: {value['label']}" for value in values) + "."
    return _draw(
        _bars(values, rows), f"Where do the rows of {_short(dataset, 48)} come from?", _counted(rows, "row"), words
    )


def _bar_values(numbers: Sequence[tuple[str, int]], whole: int) -> list[Spec]:
    """One bar for each, greatest first; beyond six the rest is one bar."""
    shown = list(numbers) if len(numbers) <= len(SERIES) else list(numbers[: len(SERIES) - 1])
    rest = sum(number for _, number in numbers[len(shown) :])
    return [_bar(name, number, whole) for name, number in [*shown, *([(OTHERS, rest)] if rest else [])]]


def _bar(name: str, number: int, whole: int) -> Spec:
    share = f"{100 * number / whole:.1f} %" if whole else "–"
    return {"name": name, "number": number, "label": f"{number:,} ({share})", "colour": SERIES[0]}


def _bars(values: list[Spec], whole: int | None = None) -> Spec:
    top = max([whole or 0, *(value["number"] for value in values), 1])
    values = [
        value | {"name": name}
        for value, name in zip(values, _told_apart([value["name"] for value in values]), strict=True)
    ]
    y = {"field": "name", "type": "nominal", "sort": None, "title": None,
         "axis": {"labelLimit": 0, "domain": False, "ticks": False, "labelColor": INK}}  # fmt: skip
    x = {"field": "number", "type": "quantitative", "scale": {"domain": [0, top]}, "axis": None}
    return {
        "data": {"values": values},
        "width": WIDTH - 300,
        "height": {"step": 28},
        "layer": [
            {"mark": {"type": "bar", "height": 14, "color": TINT}, "encoding": {"y": y, "x": {"datum": top, "axis": None}}},
            {"mark": {"type": "bar", "height": 14}, "encoding": {"y": y, "x": x, "color": {"field": "colour", "scale": None}}},
            {"mark": {"type": "text", "align": "left", "baseline": "middle"},
             "encoding": {"y": y, "x": {"value": WIDTH - 292}, "text": {"field": "label"}}},
        ],
    }  # fmt: skip
