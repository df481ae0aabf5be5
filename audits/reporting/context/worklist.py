"""The findings as work: what to change, in which file and line, and how; with nothing that lawyers keep among themselves."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from audits.models import Assignment, Finding, Remedy, Run
from audits.reporting.context.material import Material
from audits.reporting.wording import OUTCOME_WORDS
from compliance.engine.vocabulary import FACTS

PLACES_SHOWN: Final = 12
TO_WORK_ON: Final = ("prohibited", "needs_facts", "permitted_with_duties")
HOW: Final = {
    "prohibited": "Take these answers out of what the student learns from, or have the provider allow the use in writing.",
    "needs_facts": "Have the questions below answered by somebody who knows; the verdict follows from the answers.",
    "permitted_with_duties": "See that the condition is met, and where that can be shown.",
}
RANK: Final = {name: at for at, name in enumerate(OUTCOME_WORDS)}


def worklist(material: Material, found: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """One entry for each finding that asks for work, gravest first. Three queries."""
    ids = {one["id"]: one["number"] for one in found}
    stored = {one.pk: one for one in Finding.every.filter(pk__in=ids).select_related("run__pipeline")}
    keys = {one.key for one in stored.values()}
    assigned = _by_key(
        Assignment.objects.filter(project__in=material.projects, finding_key__in=keys).select_related("assignee")
    )
    remedies = _by_key(
        Remedy.objects.filter(project__in=material.projects, finding_key__in=keys)
        .select_related("owner")
        .order_by("pk")
    )
    told = []
    for one in sorted(found, key=lambda one: (RANK.get(one["outcome"], 9), one["number"])):
        if one["outcome"] in TO_WORK_ON or one["kind"] == Finding.Kind.CONTRADICTION:
            finding = stored[one["id"]]
            key = (finding.run.pipeline.project_id, finding.key)
            told.append(_entry(one, finding.run, assigned.get(key, []), remedies.get(key, [])))
    return told


def _by_key(rows: Iterable[Any]) -> dict[tuple[int, str], list[Any]]:
    held: dict[tuple[int, str], list[Any]] = {}
    for row in rows:
        held.setdefault((row.project_id, row.finding_key), []).append(row)
    return held


def _entry(one: dict[str, Any], run: Run, assigned: list[Assignment], remedies: list[Remedy]) -> dict[str, Any]:
    return {
        "finding": one["number"],
        "outcome": one["outcome"],
        "title": one["title"],
        "pipeline": run.pipeline.name,
        "what": one["sentence"],
        "how": (one["rule"] or {}).get("remedy")
        or HOW.get(one["outcome"], "Bring what is declared and what happens together."),
        "models": [str(name) for name in one["detail"].get("models") or []],
        "where": places(run, one),
        "questions": [FACTS[path].question for path in one["missing_facts"] if path in FACTS],
        "seen_to_by": [str(held.assignee) for held in assigned if held.assignee],
        "due": [held.due_on.isoformat() for held in assigned if held.due_on],
        "remedies": [
            {
                "what": held.what,
                "owner": str(held.owner),
                "due": held.due_on.isoformat(),
                "state": held.get_state_display(),
            }
            for held in remedies
        ],
    }


def places(run: Run, one: dict[str, Any]) -> list[dict[str, Any]]:
    """Files and lines in which the static scan saw the models or the host of a finding; of its provider where none fits."""
    uses = [use for use in (run.scan or {}).get("uses", []) if isinstance(use, dict)]
    models, host = set(one["detail"].get("models") or []), one["detail"].get("host")
    exact = [use for use in uses if models & set(use.get("models") or ()) or (host and use.get("host") == host)]
    near = [use for use in uses if one["provider"] and use.get("provider") == one["provider"]]
    told: dict[tuple[str, int], dict[str, Any]] = {}
    for use in exact or near:
        for seen in use.get("evidence", []):
            place = {
                "file": str(seen.get("file", "")),
                "line": seen.get("line", 0),
                "code": str(seen.get("snippet", ""))[:160],
            }
            told.setdefault((place["file"], place["line"]), place)
    return list(told.values())[:PLACES_SHOWN]
