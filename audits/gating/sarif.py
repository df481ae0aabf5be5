"""The verdicts on a tree in SARIF 2.1.0: each names the clause, the places in the code and how to mend it."""

import hashlib
from collections.abc import Iterable
from typing import Any

from audits.gating.judging import GateFinding, GateResult
from audits.scan.sarif import SCHEMA, located

LEVELS = {"prohibited": "error", "needs_facts": "warning"}
_UNRESOLVED = {
    "id": "unresolved",
    "shortDescription": {"text": "A person must look at this"},
    "fullDescription": {"text": "The scan could not tell who is called, or could not read the file."},
}


def gate_as_sarif(result: GateResult) -> dict[str, Any]:
    """One SARIF log with one run. Waived findings are suppressed with their reason; known ones are marked unchanged."""
    results = [_result(finding) for finding in result.findings]
    results += [_unresolved(item.file, item.line, item.reason) for item in result.unresolved]
    run = {
        "tool": {"driver": {"name": "Clausetrail", "rules": [*_rules(result.findings), _UNRESOLVED]}},
        "columnKind": "unicodeCodePoints",
        "properties": {"on": result.on.isoformat(), "outcome": result.outcome},
        "results": results,
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _rules(findings: Iterable[GateFinding]) -> list[dict[str, Any]]:
    found = {_rule_id(one): one for one in findings}
    return [
        {"id": key, "shortDescription": {"text": one.title}, "fullDescription": {"text": one.sentence}}
        for key, one in found.items()
    ]


def _rule_id(finding: GateFinding) -> str:
    return finding.rule or finding.id


def _result(finding: GateFinding) -> dict[str, Any]:
    places = [located(place.file, place.line) for place in finding.evidence]
    told: dict[str, Any] = {
        "ruleId": _rule_id(finding),
        "level": LEVELS[finding.outcome],
        "message": {"text": f"{finding.sentence} {finding.fix} (To waive it: {finding.id})"},
        "locations": places[:1],
        "relatedLocations": [{"id": number, **place} for number, place in enumerate(places[1:50], start=1)],
        "partialFingerprints": {"clausetrail/v1": hashlib.sha256(finding.id.encode()).hexdigest()},
        "baselineState": "unchanged" if finding.known else "new",
        "properties": {"id": finding.id, "outcome": finding.outcome, "missing_facts": list(finding.missing_facts)},
    }
    if finding.waiver:
        why = f"{finding.waiver.reason} ({finding.waiver.by}, until {finding.waiver.until.isoformat()})"
        told["suppressions"] = [{"kind": "external", "status": "accepted", "justification": why}]
    return told


def _unresolved(file: str, line: int, reason: str) -> dict[str, Any]:
    return {
        "ruleId": "unresolved",
        "level": "warning",
        "message": {"text": reason},
        "locations": [located(file, line)],
    }
