"""What a report on several runs tells where one on a single run tells of that run: the same keys, summed up or listed by run."""

from collections.abc import Sequence
from typing import Any

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Count, F, Q, Sum

from audits.matching.verdicts import strictest
from audits.models import Connection, Dataset, Exchange, Gap, Run, Seal
from audits.reporting.context.findings import decisions_on, in_full
from audits.reporting.context.lineage import kept_of, lineage
from audits.reporting.context.material import Material
from audits.reporting.context.student import student_part
from audits.reporting.wording import OUTCOME_WORDS

FINDINGS_KEPT, DATASETS_KEPT, CONNECTIONS_KEPT, GAPS_KEPT, UNPARSED_KEPT = 2_000, 60, 500, 1_000, 200
CALLS_KEPT = 20_000
RANK = {name: at for at, name in enumerate(OUTCOME_WORDS)}


def runs_list(material: Material) -> list[dict[str, Any]]:
    """Each run in one line, oldest first. One query more than the runs."""
    calls = dict(material.calls().order_by().values_list("run").annotate(n=Count("pk")))
    findings = dict(material.findings().order_by().values_list("run").annotate(n=Count("pk")))
    return [
        {
            "id": run.pk,
            "name": name_of(run),
            "project": run.pipeline.project.name,
            "pipeline": run.pipeline.name,
            "number": run.number,
            "started_at": run.started_at.isoformat() if run.started_at else None,
            "finished_at": run.finished_at.isoformat() if run.finished_at else None,
            "isolation": run.isolation,
            "simulated": sorted(run.upstreams),
            "outcome": run.outcome,
            "calls": calls.get(run.pk, 0),
            "findings": findings.get(run.pk, 0),
            "student": run.student.name if getattr(run, "student", None) else "",
            "root": run.evidence_root,
            "newest": run in material.newest,
        }
        for run in material.runs
    ]


def name_of(run: Run) -> str:
    """Support triage, run 4."""
    return f"{run.pipeline.name}, run {run.number}"


def run_like(material: Material, findings: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The keys of a single run's part, for all of them together."""
    runs = material.runs
    students = {run.student.name: run for run in material.newest if getattr(run, "student", None)}
    isolation = {run.isolation for run in runs}
    one_student = next(iter(students.values())) if len(students) == 1 else None
    began, ended = (
        [getattr(run, name) for run in runs if getattr(run, name)] for name in ("started_at", "finished_at")
    )
    return {
        "id": None,
        "number": len(runs),
        "several": True,
        "project": ", ".join(one.name for one in material.projects),
        "pipeline": material.title,
        "state": "completed",
        "reason": "",
        "outcome": strictest(one["outcome"] for one in findings) or "",
        "record_only": bool(runs) and all(run.record_only for run in runs),
        "started_at": min(began).isoformat() if began else None,
        "finished_at": max(ended).isoformat() if ended else None,
        "requested_by": "",
        "isolation": "enforced" if isolation == {"enforced"} else "proxy_only" if "proxy_only" in isolation else "",
        "isolation_reasons": [],
        "simulated": sorted({host for run in runs for host in run.upstreams}),
        "bounds": {"limits": [], "used": {}, "met": [], "met_total": 0, "content": ""},
        "replay": None,
        "source_sha256": "",
        "exit_code": None,
        "command": [],
        "setup": [],
        "secrets": [],
        "declared_purpose": None,
        "declared_purpose_per_host": [],
        "manifest_text": "",
        "student": student_part(one_student) if one_student else None,
        "scan": {"files": 0, "providers": [], "uses": [], "unresolved": []},
        "steps": [],
    }


def findings_of_several(material: Material) -> list[dict[str, Any]]:
    """Each finding once, as the newest run has it, strictest first and numbered anew; calls and rows of all runs added up.

    `in_runs`: how many of the runs have it, the first and the last; `stands`: whether its pipeline's newest run still has it.
    """
    keys = ("run__pipeline__project_id", "key")
    newest = material.findings().order_by(*keys, "-run_id").distinct(*keys)
    shown = newest.select_related("rule_revision__rule", "use", "run__pipeline__project")
    found = sorted(shown, key=lambda one: (RANK.get(one.outcome, 9), one.provider, one.key))[:FINDINGS_KEPT]
    sums = {
        (row[keys[0]], row["key"]): row
        for row in material.findings()
        .order_by()
        .values(*keys)
        .annotate(runs=ArrayAgg("run_id", order_by="run_id"), all_calls=Sum("calls"), all_rows=Sum("rows"))
    }
    named = {run.pk: name_of(run) for run in material.runs}
    current = {run.pk for run in material.newest}
    told = in_full(found, decisions_on(found, material.projects))
    return [
        part
        | {"number": at, "calls": row["all_calls"], "rows": row["all_rows"], "run": named[one.run_id]}
        | {
            "in_runs": {"count": len(row["runs"]), "first": named[row["runs"][0]], "last": named[row["runs"][-1]]},
            "stands": one.run_id in current,
        }
        for at, (one, part) in enumerate(zip(found, told, strict=True), 1)
        for row in [sums[one.run.pipeline.project_id, one.key]]
    ]


def lineage_of_several(material: Material) -> dict[str, Any]:
    """Data sets of each pipeline's newest run in full, every run's training data in one line, and what was kept in all."""
    full = [(run, lineage(run)) for run in material.newest[-DATASETS_KEPT:]]
    training = Q(role=Dataset.Role.TRAINING)
    rows = Dataset.objects.filter(training, run__in=[run.pk for run in material.runs]).order_by().values_list("run")
    sums = {
        run: (rows_, derived, labels)
        for run, rows_, derived, labels in rows.annotate(r=Sum("rows"), d=Sum("derived_rows"), n=Sum("label_rows"))
    }
    return {
        "datasets": [
            one | {"dataset": f"{one['dataset']} ({name_of(run)})", "run": run.pk}
            for run, part in full
            for one in part["datasets"]
        ][:DATASETS_KEPT],
        "kept": kept_of(material.calls()),
        "comparisons": [one for _, part in full for one in part["comparisons"]],
        "by_run": [
            {"run": name_of(run), "rows": held[0], "derived_rows": held[1], "label_rows": held[2]}
            for run in material.runs
            if (held := sums.get(run.pk))
        ],
    }


def calls_of_several(material: Material, findings: list[dict[str, Any]], *, rows: bool) -> dict[str, Any]:
    """Calls in the order of runs and times, numbered through; the findings' references are given those numbers.

    `line` is the line of the recorder's log in the run that `run` names.
    """
    named = {run.pk: name_of(run) for run in material.runs}
    columns = (
        "run", "exchange__seq", "at", "host", "request_model", "operation", "status", "input_tokens", "output_tokens",
        "purpose", "output_sha256", "failed", "simulated",
    )  # fmt: skip
    calls = material.calls()
    held = list(calls.order_by("run", "at", "pk").values(*columns)[:CALLS_KEPT]) if rows else []
    numbers: dict[tuple[str, int], int] = {}
    told = []
    for at, row in enumerate(held, 1):
        run, line = named[row.pop("run")], row.pop("exchange__seq")
        numbers.setdefault((run, line), at)
        told.append({"seq": at, **row, "at": row["at"].isoformat(), "run": run, "line": line})
    for one in findings:
        one["call_references"] = [
            reference | {"seq": numbers[one["run"], reference["seq"]]}
            for reference in one["call_references"]
            if (one["run"], reference["seq"]) in numbers
        ]
    return {"total": calls.count(), "rows": told}


def evidence_of_several(material: Material) -> dict[str, Any]:
    """Every run's seal in one line; their logs lie in the evidence bundle of each. Three queries."""
    ids = [run.pk for run in material.runs]
    exchanges = Exchange.objects.filter(run__in=ids).order_by()
    sums = {
        run: (number, size)
        for run, number, size in exchanges.values_list("run").annotate(
            n=Count("pk"), size=Sum(F("request_size") + F("response_size"))
        )
    }
    seals = {seal.run_id: seal for seal in Seal.objects.filter(run__in=ids)}
    by_run = [
        {
            "run": name_of(run),
            "root": run.evidence_root,
            "sealed_at": seals[run.pk].sealed_at.isoformat() if run.pk in seals else None,
            "exchanges": sums.get(run.pk, (0, 0))[0],
            "exchange_bytes": sums.get(run.pk, (0, 0))[1] or 0,
        }
        for run in material.runs
    ]
    return {
        "root": "",
        "exchanges": sum(one["exchanges"] for one in by_run),
        "exchange_bytes": sum(one["exchange_bytes"] for one in by_run),
        "entries_total": 0,
        "entries": [],
        "sealed_at": None,
        "key": "",
        "by_run": by_run,
    }


def connections_of(runs: Sequence[Run]) -> list[dict[str, Any]]:
    """Ways out that were no recorded exchange; those alike in all but their time are one entry with sums. One query."""
    alike = ("disposition", "host", "address", "port", "protocol", "reason", "step")
    found = Connection.objects.filter(run__in=[run.pk for run in runs]).order_by()
    sums = {"times": Sum("count"), "out": Sum("bytes_out"), "back": Sum("bytes_in")}
    told: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in found.values(*alike).annotate(**sums).order_by("disposition", "host", "address", "port", "protocol"):
        where = {name: row[name] for name in alike} | {"address": "" if row["host"] else row["address"]}
        entry = told.setdefault(tuple(where.values()), where | {"count": 0, "bytes_out": 0, "bytes_in": 0})
        entry["count"] += row["times"]
        entry["bytes_out"] += row["out"]
        entry["bytes_in"] += row["back"]
    return list(told.values())[:CONNECTIONS_KEPT]


def gaps_of(material: Material) -> list[dict[str, Any]]:
    """What could not be observed, with the run that it is of where there are several."""
    found = Gap.objects.filter(run__in=[run.pk for run in material.runs]).order_by("run", "pk")
    named = {run.pk: name_of(run) for run in material.runs}
    return [
        {"kind": one.kind, "subject": one.subject, "detail": one.detail, "step": one.step, "at": one.at.isoformat()}
        | ({"run": named[one.run_id]} if material.several else {})
        for one in (found[:GAPS_KEPT] if material.several else found)
    ]


def unparsed_of(material: Material) -> list[dict[str, Any]]:
    """Exchanges that no parser could read."""
    found = (
        Exchange.objects.filter(run__in=[run.pk for run in material.runs]).exclude(unparsed="").order_by("run", "pk")
    )
    named = {run.pk: name_of(run) for run in material.runs}
    return [
        {
            "seq": one.seq,
            "step": one.step,
            "host": one.host,
            "method": one.method,
            "target": one.target,
            "why": one.unparsed,
        }
        | ({"run": named[one.run_id]} if material.several else {})
        for one in found[:UNPARSED_KEPT]
    ]
