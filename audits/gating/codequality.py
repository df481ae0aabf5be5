"""The verdicts on a tree as a Code Quality report, which GitLab shows beside the changed lines of a merge request."""

import hashlib

from audits.gating.judging import GateFinding, GateResult

SEVERITIES = {"prohibited": "blocker", "needs_facts": "major"}


def gate_as_code_quality(result: GateResult) -> list[dict[str, object]]:
    """One entry for each finding that counts and for each place a person must look at; line 1 where a whole file is meant."""
    entries = [_of_finding(finding) for finding in result.findings if finding.counts and finding.evidence]
    return entries + [
        _entry("unresolved", item.reason, "minor", item.file, item.line, f"{item.file}:{item.reason}")
        for item in result.unresolved
    ]


def _of_finding(finding: GateFinding) -> dict[str, object]:
    place = finding.evidence[0]
    text = f"{finding.title}. {finding.sentence} To mend it: {finding.fix} (To waive it: {finding.id})"
    return _entry(finding.rule or finding.id, text, SEVERITIES[finding.outcome], place.file, place.line, finding.id)


def _entry(name: str, text: str, severity: str, file: str, line: int, identity: str) -> dict[str, object]:
    return {
        "description": text,
        "check_name": name,
        "fingerprint": hashlib.sha256(identity.encode("utf-8", "replace")).hexdigest(),
        "severity": severity,
        "location": {"path": file, "lines": {"begin": max(1, line)}},
    }
