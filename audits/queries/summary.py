"""A run in figures: the answer of the `audit` command (CONTRACTS, "audit: run a pipeline under audit")."""

from collections.abc import Iterable
from typing import Any

from django.db.models import Count, Q, Sum

from audits.gap_kinds import gap_kind
from audits.models import Connection, Finding, ModelCall, Report, Run, Seal
from audits.queries.code_and_run import code_and_run
from audits.queries.lineage import shares


def summary_of(run: Run) -> dict[str, Any]:
    """The run's answer as programs read it: calls, refused connections, gaps, lineage, findings, evidence.

    `evidence.bundle` and `report` are paths: whoever writes those files fills them in.
    """
    return {
        "run": run.pk,
        "pipeline": run.pipeline.slug,
        "state": run.state,
        "reason": run.reason,
        "isolation": run.isolation,
        "simulated_upstreams": sorted(run.upstreams),
        "replay": _replay(run),
        "limits": {"set": run.limits, "used": run.limits_used, "met": _limits_met(run)},
        "content": run.content or None,
        "calls": _calls(run),
        "refused": _refused(run),
        "gaps": _gaps(run),
        "code": code_and_run(run).as_json(),
        "lineage": shares(run),
        "contradictions": _contradictions(run),
        "outcome": run.outcome or None,
        "findings": findings_of(run),
        "evidence": {
            "exchanges": run.exchanges.count(),
            "root": run.evidence_root or None,
            "key": _sealing_key(run),
            "bundle": None,
        },
        "report": None,
        "reports_ready": run.reports.filter(state=Report.State.READY).count(),
    }


def _replay(run: Run) -> dict[str, Any] | None:
    """What a replay replayed, how its calls went, and the findings that it has again; None: the run was no replay."""
    if not run.is_replay:
        return None
    shown = ("name", "root", "recorded_at", "source_sha256", "counts", "findings_compared")
    return {key: run.replay[key] for key in shown if key in run.replay}


def _limits_met(run: Run) -> list[dict[str, Any]]:
    met = run.limit_events.order_by("id").values("limit", "what", "why", "host", "model", "answer")
    return [dict(one) for one in met[:200]]


def findings_of(run: Run) -> list[dict[str, Any]]:
    """The findings in their order, each as programs read it."""
    return [_finding(one) for one in run.findings.select_related("rule_revision__rule").order_by("number")]


def _calls(run: Run) -> dict[str, Any]:
    groups = (
        ModelCall.objects.filter(run=run)
        .values("provider", "request_model")
        .annotate(
            calls=Count("id"),
            failed=Count("id", filter=Q(failed=True)),
            tokens_in=Sum("input_tokens"),
            tokens_out=Sum("output_tokens"),
        )
        .order_by("provider", "request_model")
    )
    by_provider: dict[str, dict[str, Any]] = {}
    total = failed = 0
    for group in groups:
        entry = by_provider.setdefault(
            group["provider"] or "unknown", {"total": 0, "models": {}, "input_tokens": 0, "output_tokens": 0}
        )
        entry["total"] += group["calls"]
        entry["models"][group["request_model"] or "unknown"] = group["calls"]
        entry["input_tokens"] += group["tokens_in"] or 0
        entry["output_tokens"] += group["tokens_out"] or 0
        total, failed = total + group["calls"], failed + group["failed"]
    unparsed = run.exchanges.exclude(unparsed="").count()
    return {"total": total, "by_provider": by_provider, "unparsed": unparsed, "failed": failed}


def _refused(run: Run) -> list[dict[str, Any]]:
    groups: Iterable[dict[str, Any]] = (
        run.connections.filter(disposition=Connection.Disposition.REFUSED)
        .values("host", "address", "port", "protocol")
        .annotate(total=Sum("count"))
        .order_by("host", "address", "port")
    )
    return [
        {
            "host": group["host"] or group["address"],
            "port": group["port"],
            "protocol": group["protocol"],
            "count": group["total"],
        }
        for group in groups
    ]


def _gaps(run: Run) -> list[dict[str, Any]]:
    alike = run.gaps.values("kind", "subject", "detail").annotate(count=Count("id"))
    return [
        one | {"words": gap_kind(one["kind"]).sentence, "remedy": gap_kind(one["kind"]).remedy}
        for one in alike.order_by("kind", "subject", "detail")
    ]


def _contradictions(run: Run) -> list[dict[str, Any]]:
    found = run.findings.filter(kind=Finding.Kind.CONTRADICTION).order_by("number")
    return [{"finding": one.number, "title": one.title, "sentence": one.sentence, **one.detail} for one in found]


def _finding(finding: Finding) -> dict[str, Any]:
    rule = finding.rule_revision.rule.identifier if finding.rule_revision else finding.key.split("|")[0]
    return {
        "id": finding.pk,
        "number": finding.number,
        "kind": finding.kind,
        "outcome": finding.outcome,
        "provider": finding.provider,
        "rule": rule,
        "document": finding.document,
        "version": finding.version,
        "section": finding.section,
        "title": finding.title,
        "sentence": finding.sentence,
        "calls": finding.calls,
        "rows": finding.rows,
        "level": finding.level,
    }


def _sealing_key(run: Run) -> str | None:
    """The fingerprint of the key that sealed the evidence: the root says what, the key says who."""
    stored = Seal.objects.filter(run=run).first()
    return stored.definition["signatures"][0]["keyid"] if stored else None
