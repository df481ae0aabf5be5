"""What the builder shows before a report is made: the whole context where that is quick, else what its first pages would say."""

import datetime as dt
from typing import Any, Final

from django.db.models import Count, Max, Min, Sum

from audits.models import Dataset, UsageSignature
from audits.reporting.context.audience import for_audience
from audits.reporting.context.build import SCHEMA, about_report, build, run_part
from audits.reporting.context.findings import decisions_on, in_full
from audits.reporting.context.material import Material
from audits.reporting.context.names import known_names, named
from audits.reporting.context.several import run_like, runs_list
from audits.reporting.context.words import summary
from audits.reporting.wording import OUTCOME_WORDS

MANY_CALLS, MANY_RUNS, MANY_FINDINGS = 3_000, 12, 25
SHOWN_PARTS: Final = ("summary", "findings")
RANK: Final = {name: at for at, name in enumerate(OUTCOME_WORDS)}
Context = dict[str, Any]


def preview(material: Material) -> tuple[Context, bool]:
    """The context, and whether it is the whole one; of a large report: the summary and the first finding of each outcome."""
    about = about_report(material, None, dt.datetime.now(dt.UTC).isoformat(timespec="seconds"))
    if not _is_large(material):
        return build(material, about), True
    return _first_pages(material, about), False


def _is_large(material: Material) -> bool:
    if len(material.runs) > MANY_RUNS or material.findings().count() > MANY_FINDINGS:
        return True
    return (_signatures(material).aggregate(n=Sum("calls"))["n"] or 0) > MANY_CALLS


def _signatures(material: Material) -> Any:
    held = UsageSignature.objects.filter(run__in=[run.pk for run in material.runs]).order_by()
    return held.filter(provider__in=material.providers) if material.providers else held


def _first_pages(material: Material, about: Context) -> Context:
    found = _findings(material)
    used, by_provider = _usage(material)
    run = run_like(material, found) if material.several else run_part(material.runs[0], material.runs[0].state)
    context: Context = {
        "schema": SCHEMA,
        "report": about | {"parts": [part for part in SHOWN_PARTS if part in about["parts"]] or ["summary"]},
        "run": run,
        "usage": used,
        "providers": by_provider,
        "lineage": {"datasets": _datasets(material), "kept": [], "comparisons": []},
        "findings": found,
        "terms": [],
        "agreements": [],
        "connections": [],
        "gaps": [],
        "unparsed": [],
        "calls": {"total": used["calls"], "rows": []},
        "evidence": {
            "root": "",
            "exchanges": 0,
            "exchange_bytes": 0,
            "entries_total": 0,
            "entries": [],
            "sealed_at": None,
        }
        | {"key": ""},
    }
    if material.several:
        context["runs"] = runs_list(material)
    context = for_audience(context, material.options)
    return context | {"summary": _counted(material, context), "answers": []}


def _findings(material: Material) -> list[dict[str, Any]]:
    """The newest finding of each outcome."""
    newest = material.findings().order_by("outcome", "-run_id", "number").distinct("outcome")
    held = list(newest.select_related("rule_revision__rule", "use", "run__pipeline__project"))
    held.sort(key=lambda one: RANK.get(one.outcome, 9))
    told = in_full(held, decisions_on(held, material.projects))
    return [one | {"number": at} for at, one in enumerate(told, 1)] if material.several else told


def _counted(material: Material, context: Context) -> Context:
    """The summary of what is shown, with the counts of all."""
    told = summary(context)
    counts = dict(material.findings().order_by().values_list("outcome").annotate(n=Count("key", distinct=True)))
    return told | {"counts": [{"outcome": name, "findings": counts.get(name, 0)} for name in OUTCOME_WORDS]}


def _usage(material: Material) -> tuple[Context, list[Context]]:
    """Sums from the roll-up by signature; hosts and rates are not in it, and not in the parts that are shown."""
    rows = _signatures(material)
    total = rows.aggregate(
        calls=Sum("calls"), failed=Sum("failed"), input_tokens=Sum("input_tokens"), output_tokens=Sum("output_tokens"),
        first=Min("first_at"), last=Max("last_at"), days=Count("day", distinct=True),
    )  # fmt: skip
    names = known_names()
    by_provider = [
        {"provider": slug or "unknown", "name": named(slug, names), "calls": calls}
        for slug, calls in rows.values_list("provider").annotate(n=Sum("calls")).order_by("-n", "provider")
    ]
    first, last = total.pop("first"), total.pop("last")
    told = {key: value or 0 for key, value in total.items()} | {
        "streamed": 0,
        "peak_per_minute": 0,
        "first_at": first.isoformat() if first else None,
        "last_at": last.isoformat() if last else None,
        "by_day": [],
        "by_provider": by_provider,
    }
    return told, []


def _datasets(material: Material) -> list[Context]:
    """Data sets by their own counts, without reading one match."""
    held = Dataset.objects.filter(run__in=[run.pk for run in material.newest]).order_by("run", "path")
    return [
        {
            "dataset": one.path,
            "role": one.role,
            "rows": one.rows,
            "derived_rows": one.derived_rows,
            "by_model": [],
            "gap": "",
        }
        for one in held[:60]
    ]
