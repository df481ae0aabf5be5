"""What the graph is built from, read for some runs: as many queries for many runs as for few."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.contrib.postgres.aggregates import BoolOr
from django.db.models import Count, Max, Min, Q, QuerySet, Sum

from audits.graph.building import build
from audits.graph.model import Graph
from audits.graph.records import (
    CallsRecord,
    DatasetRecord,
    ModelRecord,
    PublicRecord,
    Records,
    RunRecord,
    StudentRecord,
)
from audits.models import Dataset, Run, Student, UsageSignature
from audits.queries.review import newest_runs
from audits.queries.taught import read_rows
from compliance.engine.catalogue import ModelIdentity, resolve_model
from compliance.queries.library_kept import kept_library
from compliance.queries.names import provider_names

FEW = 300
FOUND_BEFORE = "It was in the source tree before the run"


def runs_of_graph(runs: QuerySet[Run], *, every: bool = False) -> QuerySet[Run]:
    """Ended runs; of each pipeline the newest completed one, unless `every`. One query.

    When they are few they come named one by one: each of the dozen queries over them then finds them by an index.
    """
    chosen = runs.filter(state__in=Run.ENDED) if every else runs.filter(pk__in=newest_runs().values("pk"))
    few = list(chosen.order_by().values_list("pk", flat=True)[: FEW + 1])
    return Run.objects.filter(pk__in=few) if len(few) <= FEW else chosen


def read_graph(runs: QuerySet[Run], since: dt.date | None = None) -> Graph:
    """The graph of some runs. With `since`, calls before that day are left out, and the rows that derive from them."""
    return build(read_records(runs, since))


def read_records(runs: QuerySet[Run], since: dt.date | None = None) -> Records:
    """The records of some runs. Twelve queries, whatever the number of runs."""
    chosen = list(
        runs.order_by("id").values_list(
            "id", "number", "pipeline__name", "pipeline__project__name", "started_at", "finished_at", "outcome",
            "upstreams", "scan__datasets",
        )
    )  # fmt: skip
    ids = Run.objects.filter(
        pk__in=runs.order_by().values("pk")
    ).order_by()  # a part of each query: lists of numbers are slow
    library = kept_library()
    students, signatures = _students(ids), _signatures(ids, since)
    public = [record for row in chosen for record in _public(row[0], row[8])]
    asked = [(row["model"], row["provider"]) for row in signatures]
    asked += [(student["base_model"], "") for student in students] + [(n, "") for one in public for n in one.models]
    known = {name: resolve_model(name, provider, library) for name, provider in dict.fromkeys(asked) if name}
    return Records(
        runs=tuple(RunRecord(*row[:7], simulated=bool(row[7])) for row in chosen),
        calls=tuple(CallsRecord(**row, catalogued=_catalogued(known, row["model"])) for row in signatures),
        datasets=_datasets(ids),
        rows=read_rows(ids, since),
        students=tuple(StudentRecord(**row, base_catalogued=_catalogued(known, row["base_model"])) for row in students),
        public=tuple(public),
        models=_models(known),
        providers=provider_names(),
        elsewhere=_elsewhere(ids),
    )


def _catalogued(known: Mapping[str, ModelIdentity], name: str) -> bool:
    return name in known and bool(known[name].family)


def _models(known: Mapping[str, ModelIdentity]) -> dict[str, ModelRecord]:
    return {
        name: ModelRecord(
            one.requested.strip().casefold() if not one.family else one.canonical or name,
            one.developer,
            one.licences,
            one.open_weights,
        )
        for name, one in known.items()
    }


def _signatures(runs: QuerySet[Run], since: dt.date | None) -> list[dict[str, Any]]:
    """Calls by what they have in common, over days and operations, from the roll-up; failed ones are counted apart."""
    days = Q(day__gte=since) if since else Q()
    rows = (
        UsageSignature.objects.filter(days, run__in=runs)
        .exclude(operation__in=("count_tokens", "file_upload", "list_models"))
        .values("run", "provider", "served_by", "model", "purpose")
        .annotate(
            any_simulated=BoolOr("simulated"),
            made=Sum("calls"), failed_calls=Sum("failed"), tokens_in=Sum("input_tokens"), tokens_out=Sum("output_tokens"),
            first=Min("first_at"), last=Max("last_at"),
        )
        .order_by("run", "provider", "model", "purpose")
    )  # fmt: skip
    return [
        {
            **{key: row[key] for key in ("run", "provider", "served_by", "model", "purpose")},
            "simulated": row["any_simulated"],
            "calls": row["made"],
            "failed": row["failed_calls"],
            "input_tokens": row["tokens_in"],
            "output_tokens": row["tokens_out"],
            "first_at": row["first"],
            "last_at": row["last"],
        }
        for row in rows
    ]


def _datasets(runs: QuerySet[Run]) -> tuple[DatasetRecord, ...]:
    columns = ("id", "run_id", "path", "role", "sha256", "rows", "size", "format", "malformed")
    rows = Dataset.objects.filter(run__in=runs).order_by("run_id", "path").values(*columns, "gap")
    return tuple(
        DatasetRecord(
            run=row["run_id"],
            found=row["gap"].startswith(FOUND_BEFORE),
            **{key: row[key] for key in columns if key != "run_id"},
        )
        for row in rows
    )


def _students(runs: QuerySet[Run]) -> list[dict[str, Any]]:
    columns = ("run_id", "name", "path", "sha256", "kind", "size", "facts__base_model")
    rows = Student.objects.filter(run__in=runs).order_by("run_id").values(*columns)
    return [
        {
            "run": row["run_id"],
            **{key: row[key] for key in ("name", "path", "sha256", "kind", "size")},
            "base_model": row["facts__base_model"] if isinstance(row["facts__base_model"], str) else "",
        }
        for row in rows
    ]


def _public(run: int, found: object) -> list[PublicRecord]:
    """Public data sets that the scan saw coming in. What the scan says is of others' making: only its known shapes are read."""
    entries = [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
    return [
        PublicRecord(
            run,
            str(one["id"])[:200],
            tuple(str(name)[:200] for name in one.get("models") or () if isinstance(name, str)),
            str(one.get("source") or "")[:200],
            _place(one.get("evidence")),
        )
        for one in entries
        if one.get("id")
    ]


def _place(evidence: object) -> str:
    """The first place in the code that names it: file and line."""
    first = evidence[0] if isinstance(evidence, list) and evidence else None
    return f"{first.get('file')}:{first.get('line')}"[:200] if isinstance(first, dict) else ""


def _elsewhere(runs: QuerySet[Run]) -> dict[str, int]:
    """Node id → how many runs other than these hold the same content: counted, and nothing else said of them. Two queries."""
    found: dict[str, int] = {}
    for prefix, model in (("data", Dataset), ("student", Student)):
        mine = model._default_manager.filter(run__in=runs).exclude(sha256="").values("sha256")
        others = model._default_manager.filter(sha256__in=mine).exclude(run__in=runs).order_by()
        counted = others.values_list("sha256").annotate(n=Count("run", distinct=True))
        found |= {f"{prefix}:{sha256}": n for sha256, n in counted}
    return found
