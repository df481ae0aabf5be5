"""Putting the context of a report on one run together."""

import datetime as dt
import json
from typing import Any

from audits.models import Report, Run
from audits.reporting.context.answers import answers
from audits.reporting.context.bounds import bounds, replay
from audits.reporting.context.evidence import calls_annex, evidence
from audits.reporting.context.findings import agreements, findings, terms_in_force
from audits.reporting.context.lineage import lineage
from audits.reporting.context.names import provider_name
from audits.reporting.context.usage import providers, usage
from audits.reporting.context.words import summary

SCHEMA = "clausetrail-report/1"
STUDENT_FACTS = ("kind", "base_model", "general_purpose", "competes_with", "distributed", "commercial")
CONNECTIONS_KEPT, UNPARSED_KEPT = 500, 200


def build_context(report: Report, *, state: str | None = None, now: dt.datetime | None = None) -> dict[str, Any]:
    """The frozen context of a report. `state`: the run's end state when it is rendered as the run's own last step.

    Every value is JSON; times are ISO 8601 in UTC, days are ISO dates, sizes are bytes.
    """
    run = Run.objects.select_related("pipeline__project", "requested_by").get(pk=report.run_id)
    context: dict[str, Any] = {
        "schema": SCHEMA,
        "report": {
            "number": report.number,
            "marking": report.marking,
            "case": f"CT-{run.pk}-{report.number}",
            "made_at": (now or dt.datetime.now(dt.UTC)).isoformat(timespec="seconds"),
            "requested_by": str(report.requested_by or ""),
            "language": "en",
        },
        "run": run_part(run, state or run.state),
        "usage": usage(run),
        "providers": providers(run),
        "lineage": lineage(run),
        "findings": findings(run),
        "terms": terms_in_force(run),
        "agreements": agreements(run),
        "connections": _connections(run),
        "gaps": [
            {"kind": gap.kind, "subject": gap.subject, "detail": gap.detail, "step": gap.step, "at": gap.at.isoformat()}
            for gap in run.gaps.order_by("pk")
        ],
        "unparsed": _unparsed(run),
        "calls": calls_annex(run),
        "evidence": evidence(run),
    }
    context["summary"] = summary(context)
    context["answers"] = answers(context)
    return context


def context_bytes(context: dict[str, Any]) -> bytes:
    """The context's one text: what is hashed and stored."""
    return json.dumps(context, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def run_part(run: Run, state: str) -> dict[str, Any]:
    """What ran, how, from which source, declared as what; `state`: the run's end state."""
    manifest = run.manifest
    return {
        "id": run.pk,
        "number": run.number,
        "project": run.pipeline.project.name,
        "pipeline": run.pipeline.name,
        "state": state,
        "reason": run.reason,
        "outcome": run.outcome,
        "record_only": run.record_only,
        "started_at": run.started_at.isoformat() if run.started_at else None,
        "finished_at": run.finished_at.isoformat() if run.finished_at else None,
        "requested_by": str(run.requested_by or ""),
        "isolation": run.isolation,
        "isolation_reasons": run.isolation_reasons,
        "simulated": sorted(run.upstreams),
        "bounds": bounds(run),
        "replay": replay(run),
        "source_sha256": run.source_sha256,
        "exit_code": run.exit_code,
        "command": manifest.get("pipeline", {}).get("command", []),
        "setup": manifest.get("pipeline", {}).get("setup", []),
        "secrets": manifest.get("pipeline", {}).get("secrets", []),
        "declared_purpose": manifest.get("purpose"),
        "declared_purpose_per_host": [
            {"host": host, "purpose": purpose}
            for host, purpose in sorted((manifest.get("purpose_per_host") or {}).items())
        ],
        "manifest_text": run.manifest_text,
        "student": _student(run),
        "scan": _scan(run),
        "steps": [
            {
                "name": step.name,
                "state": step.state,
                "seconds": (step.finished_at - step.started_at).total_seconds()
                if step.started_at and step.finished_at
                else None,
                "note": step.note,
            }
            for step in run.steps.order_by("position")
        ],
    }


def _student(run: Run) -> dict[str, Any] | None:
    student = getattr(run, "student", None)
    if student is None:
        return None
    return {
        "name": student.name,
        "kind": student.kind,
        "path": student.path,
        "sha256": student.sha256,
        "size": student.size,
        "files": student.files,
        "gap": student.gap,
        "facts": _stated(student.facts),
    }


def _stated(facts: dict[str, Any]) -> list[dict[str, Any]]:
    """What was declared of the student, in the order in which people ask for it."""
    order = [name for name in STUDENT_FACTS if name in facts]
    order += sorted(name for name in facts if name not in (*STUDENT_FACTS, "name", "path"))
    return [{"fact": name, "value": facts[name]} for name in order]


def _scan(run: Run) -> dict[str, Any]:
    scan = run.scan or {}
    return {
        "files": scan.get("files", 0),
        "providers": scan.get("providers", []),
        "uses": [
            {
                "provider": use.get("provider"),
                "name": provider_name(use.get("provider") or use.get("served_by") or ""),
                "served_by": use.get("served_by"),
                "models": use.get("models", []),
                "host": use.get("host"),
                "purpose": use.get("purpose"),
                "confidence": use.get("confidence"),
                "status": use.get("status"),
                "where": [f"{one['file']}:{one['line']}" for one in use.get("evidence", [])[:3]],
            }
            for use in scan.get("uses", [])[:60]
        ],
        "unresolved": scan.get("unresolved", [])[:40],
    }


def _connections(run: Run) -> list[dict[str, Any]]:
    """Ways out that were no recorded exchange; those alike in all but their time are one entry with sums."""
    alike: dict[tuple[Any, ...], dict[str, Any]] = {}
    for one in run.connections.order_by("disposition", "host", "address", "port", "pk"):
        where = {
            "disposition": one.disposition,
            "host": one.host,
            "address": "" if one.host else one.address,
            "port": one.port,
            "protocol": one.protocol,
            "reason": one.reason,
            "step": one.step,
        }
        entry = alike.setdefault(tuple(where.values()), where | {"count": 0, "bytes_out": 0, "bytes_in": 0})
        entry["count"] += one.count
        entry["bytes_out"] += one.bytes_out
        entry["bytes_in"] += one.bytes_in
    return list(alike.values())[:CONNECTIONS_KEPT]


def _unparsed(run: Run) -> list[dict[str, Any]]:
    found = run.exchanges.exclude(unparsed="").order_by("pk")
    return [
        {
            "seq": one.seq,
            "step": one.step,
            "host": one.host,
            "method": one.method,
            "target": one.target,
            "why": one.unparsed,
        }
        for one in found[:UNPARSED_KEPT]
    ]
