"""The findings of a report in SARIF 2.1.0: each names rule, terms document and section, and the code that the scan tied to it."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from audits.reporting.forms.about import about
from audits.scan.sarif import SCHEMA, located

LEVELS: Final = {"prohibited": "error", "needs_facts": "warning"}  # as the gate tells them
KINDS: Final = {"permitted": "pass", "permitted_with_duties": "informational", "not_addressed": "notApplicable"}
SUPPRESSING: Final = frozenset({"accept_risk", "waive", "false_positive"})
MOST_PLACES: Final = 50

Row = Mapping[str, Any]


def findings_as_sarif(context: Mapping[str, Any], context_sha256: str) -> bytes:
    """One SARIF log with one run. A finding on which a standing decision accepts the risk is suppressed with its reason."""
    findings = context.get("findings") or []
    run = {
        "tool": {"driver": {"name": "Clausetrail", "rules": list(_rules(findings))}},
        "columnKind": "unicodeCodePoints",
        "automationDetails": {"id": f"{context['report']['case']}/"},
        "properties": {"contextSha256": context_sha256, **dict(about(context, context_sha256))},
        "results": [_result(one, context) for one in findings],
    }
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(log, indent=1, ensure_ascii=False).encode("utf-8", "replace")


def _rule_id(one: Row) -> str:
    return str((one.get("rule") or {}).get("id") or one.get("kind") or "finding")


def _rules(findings: list[Row]) -> Iterator[dict[str, Any]]:
    """Each rule once, in the order of the findings."""
    for key, one in {_rule_id(one): one for one in reversed(findings)}.items():
        rule = one.get("rule") or {}
        told: dict[str, Any] = {"id": key, "shortDescription": {"text": str(one.get("title") or key)}}
        if rule.get("statement"):
            told["fullDescription"] = {"text": str(rule["statement"])}
        if rule.get("guidance") or rule.get("remedy"):
            told["help"] = {"text": f"{rule.get('guidance') or ''} {rule.get('remedy') or ''}".strip()}
        yield told


def _result(one: Row, context: Mapping[str, Any]) -> dict[str, Any]:
    outcome, places = str(one["outcome"]), _places(one, context)
    kind = KINDS.get(outcome, "fail")
    told: dict[str, Any] = {
        "ruleId": _rule_id(one),
        "kind": kind,
        "level": LEVELS.get(outcome, "none"),
        "message": {"text": str(one.get("sentence") or one.get("title") or "")},
        "partialFingerprints": {"clausetrail/v1": _fingerprint(one)},
        "properties": _properties(one),
    }
    if places:
        told["locations"] = places[:1]
        told["relatedLocations"] = [{"id": at, **place} for at, place in enumerate(places[1:MOST_PLACES], start=1)]
    suppression = _suppression(one)
    return told | ({"suppressions": [suppression]} if suppression else {})


def _fingerprint(one: Row) -> str:
    """The same in each report on the same matter: what the finding is about, without its number."""
    detail = one.get("detail") or {}
    parts = [_rule_id(one), one.get("provider"), one.get("document"), one.get("section"), detail.get("activity")]
    return hashlib.sha256(json.dumps([*parts, detail.get("models")]).encode()).hexdigest()


def _properties(one: Row) -> dict[str, Any]:
    version = one.get("version") or {}
    return {
        "finding": f"F-{one['number']}", "outcome": one["outcome"], "provider": one.get("provider"),
        "document": one.get("document"), "section": one.get("section"), "version": version.get("label"),
        "calls": one.get("calls"), "rows": one.get("rows"), "missing_facts": one.get("missing_facts") or [],
    }  # fmt: skip


def _places(one: Row, context: Mapping[str, Any]) -> list[dict[str, object]]:
    """Where the code names a model of the finding, else where it names the provider; inferred, as the scan is."""
    uses = ((context.get("run") or {}).get("scan") or {}).get("uses") or []
    ours = [use for use in uses if use.get("provider") == one.get("provider")]
    models = set((one.get("detail") or {}).get("models") or [])
    closer = [use for use in ours if models & set(use.get("models") or [])]
    where = dict.fromkeys(place for use in closer or ours for place in use.get("where") or [])
    return [
        located(file, int(line)) for file, _, line in (str(place).rpartition(":") for place in where) if line.isdigit()
    ]


def _suppression(one: Row) -> dict[str, str] | None:
    standing = [row for row in one.get("decisions") or [] if row.get("still_holds")]
    if not standing or standing[-1].get("kind") not in SUPPRESSING:
        return None
    last = standing[-1]
    until = f", until {last['until']}" if last.get("until") else ""
    why = f"{last.get('words')}: {last.get('reason')} ({last.get('by')}{until})"
    return {"kind": "external", "status": "accepted", "justification": why}
