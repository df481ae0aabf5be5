"""Putting the context of a report together, part by part."""

import datetime as dt
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from audits.models import Report, Run
from audits.reporting.changes import compare
from audits.reporting.context import around, exhibits, several
from audits.reporting.context.answers import answers
from audits.reporting.context.audience import for_audience
from audits.reporting.context.bounds import bounds, replay
from audits.reporting.context.evidence import calls_annex, evidence
from audits.reporting.context.findings import agreements, findings, terms_in_force
from audits.reporting.context.lineage import lineage
from audits.reporting.context.logo import logo_of
from audits.reporting.context.material import Material, material_of
from audits.reporting.context.names import known_names, named
from audits.reporting.context.student import student_part
from audits.reporting.context.usage import shaped
from audits.reporting.context.words import summary
from audits.reporting.context.worklist import worklist

SCHEMA = "clausetrail-report/1"
Told = Callable[[str], None]
Context = dict[str, Any]


def build_context(
    report: Report,
    *,
    state: str | None = None,
    now: dt.datetime | None = None,
    tell: Told | None = None,
    earlier: Mapping[str, Any] | None = None,
) -> Context:
    """The frozen context of a report. `state`: the run's end state when it is rendered as the run's own last step.

    `tell` is called with a part's name before the part is read; `earlier` is the context of the report that this one is held
    against. Every value is JSON; times are ISO 8601 in UTC, days are ISO dates, sizes are bytes.
    """
    material = material_of(report)
    made = (now or dt.datetime.now(dt.UTC)).isoformat(timespec="seconds")
    about = about_report(material, report, made)
    return build(material, about, state=state, tell=tell, earlier=earlier)


def build(
    material: Material,
    about: dict[str, Any],
    *,
    state: str | None = None,
    tell: Told | None = None,
    earlier: Mapping[str, Any] | None = None,
) -> Context:
    """The same from its material: what the preview shows before anybody asked for a report."""
    tell = tell or (lambda part: None)
    for part in ("summary", "usage"):
        tell(part)
    context = _of_several(material) if material.several else _of_run(material, state)
    context["schema"], context["report"] = SCHEMA, about
    for part, put in EXHIBITS.items():
        if material.shows(part):
            tell(part)
            put(material, context)
    context = for_audience(context, material.options)
    context["summary"] = summary(context)
    context["answers"] = answers(context)
    if material.shows("changes"):
        tell("changes")
        context["changes"] = compare(earlier, context) if earlier else None
    return context


def about_report(material: Material, report: Report | None, made_at: str) -> dict[str, Any]:
    """What the report says of itself. Without a report: of its preview, number 0."""
    options = material.options
    first, last = material.days
    number = report.number if report else 0
    return {
        "number": number,
        "marking": report.marking if report else "draft",
        "case": _case(material, report, number),
        "made_at": made_at,
        "requested_by": str((report.requested_by if report else material.reader) or ""),
        "language": options.language,
        "title": material.title,
        "profile": options.profile,
        "depth": options.depth,
        "parts": list(options.parts),
        "brand": options.brand.as_json() | {"logo": logo_of(material)},
        "scope": options.scope.as_json()
        | {"first": first.isoformat() if first else None, "last": last.isoformat() if last else None},
        "privileged": options.privileged,
        "since": options.since,
    }


def _case(material: Material, report: Report | None, number: int) -> str:
    """CT-7-1 for run 7; CT-P3-1 for project 3; CT-ALL-1 for more than one project."""
    if not material.several:
        return f"CT-{material.runs[0].pk}-{number}"
    project = report.project_id if report else material.projects[0].pk if len(material.projects) == 1 else None
    return f"CT-P{project}-{number}" if project else f"CT-ALL-{number}"


def _of_run(material: Material, state: str | None) -> Context:
    run = material.runs[0]
    used, by_provider = shaped(material.calls(), material.runs)
    return {
        "run": run_part(run, state or run.state),
        "usage": used,
        "providers": by_provider,
        "lineage": lineage(run),
        "findings": findings(run),
        "terms": terms_in_force(run),
        "agreements": agreements(run),
        "connections": several.connections_of([run]),
        "gaps": several.gaps_of(material),
        "unparsed": several.unparsed_of(material),
        "calls": calls_annex(run),
        "evidence": evidence(run),
    }


def _of_several(material: Material) -> Context:
    runs, only = material.runs, material.providers
    found = several.findings_of_several(material)
    used, by_provider = shaped(material.calls(), material.newest)
    return {
        "run": several.run_like(material, found),
        "runs": several.runs_list(material),
        "usage": used,
        "providers": by_provider,
        "lineage": several.lineage_of_several(material),
        "findings": found,
        "terms": terms_in_force(*runs, providers=only),
        "agreements": agreements(*runs, providers=only),
        "connections": several.connections_of(runs),
        "gaps": several.gaps_of(material),
        "unparsed": several.unparsed_of(material),
        "calls": several.calls_of_several(material, found, rows=material.shows("annex-calls")),
        "evidence": several.evidence_of_several(material),
    }


def _put(name: str, read: Callable[[Material, Context], Any]) -> Callable[[Material, Context], None]:
    def put(material: Material, context: Context) -> None:
        context[name] = read(material, context)

    return put


def _decisions(material: Material, context: Context) -> None:
    context["decisions"] = exhibits.decisions(context["findings"])
    context["rejudged"] = exhibits.rejudged(context["findings"])


EXHIBITS: dict[str, Callable[[Material, Context], None]] = {
    "worklist": _put("worklist", lambda material, context: worklist(material, context["findings"])),
    "graph": _put("graph", lambda material, _: around.graph(material)),
    "decisions": _decisions,
    "clauses": _put("clauses", lambda _, context: exhibits.clauses(context["findings"])),
    "questionnaire": _put("questionnaire", lambda material, _: exhibits.questionnaire(material)),
    "reconciliation": _put("reconciliation", lambda material, _: around.reconciliation(material)),
    "patterns": _put("patterns", lambda material, _: around.patterns(material)),
    "traffic": _put("traffic", lambda material, _: around.traffic(material)),
    "approvals": _put("approvals", lambda material, _: exhibits.approvals(material.runs)),
    "remarks": _put("remarks", lambda material, context: exhibits.remarks(material, context["findings"])),
    "annex-rows": _put("rows", lambda material, _: exhibits.rows(material)),
}
"""Parts that are read only when they were chosen, each under a key of its own."""


def context_bytes(context: Context) -> bytes:
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
        "student": student_part(run),
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


def _scan(run: Run) -> dict[str, Any]:
    scan, names = run.scan or {}, known_names()
    return {
        "files": scan.get("files", 0),
        "providers": scan.get("providers", []),
        "uses": [_seen(use, names) for use in scan.get("uses", [])[:60]],
        "unresolved": scan.get("unresolved", [])[:40],
    }


def _seen(use: Mapping[str, Any], names: dict[str, str]) -> dict[str, Any]:
    evidence_of: Sequence[Mapping[str, Any]] = use.get("evidence", [])
    return {
        "provider": use.get("provider"),
        "name": named(use.get("provider") or use.get("served_by") or "", names),
        "served_by": use.get("served_by"),
        "models": use.get("models", []),
        "host": use.get("host"),
        "purpose": use.get("purpose"),
        "confidence": use.get("confidence"),
        "status": use.get("status"),
        "where": [f"{one['file']}:{one['line']}" for one in evidence_of[:3]],
    }
