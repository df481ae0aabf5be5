"""Matching a run's recorded use to the terms in force, and storing what that finds."""

from dataclasses import replace

from audits.actions.findings import store_findings
from audits.actions.purposes import decide_purposes
from audits.actions.taught import roll_lineage_up
from audits.actions.usage import refresh_signatures
from audits.matching.contradictions import contradictions
from audits.matching.facts import distinct_rows, recorded_uses
from audits.matching.verdicts import STRICTNESS, FindingDraft, JudgedUse, drafts, merge_days
from audits.models import Finding, Outcome, Run
from audits.procedures.tracing import Lineage
from compliance.engine.assessment import assess
from compliance.engine.library import Library


def decide_what_calls_were_for(run: Run, lineage: Lineage) -> None:
    """Purposes from lineage and declaration, and the roll-ups that pages, matching and the graph read."""
    decide_purposes(run, lineage.judging, lineage.behind)
    declared = run.manifest.get("access") or {}
    access = {
        provider: (entry.get("kind") or "api", entry.get("account") or "") for provider, entry in declared.items()
    }
    if run.is_replay:
        return  # nothing of a replay is usage, and nobody was taught by it
    refresh_signatures(run.pk, access)
    roll_lineage_up(run.pk)


def judge(run: Run, library: Library) -> list[Finding]:
    """Assess every distinct use and store uses and findings, contradictions among them, strictest first."""
    judged, found = worked_out(run, library)
    return store_findings(run=run, judged=judged, drafts=found)


def worked_out(run: Run, library: Library) -> tuple[list[JudgedUse], list[FindingDraft]]:
    """The assessed uses and what is found of them, strictest first; nothing is stored."""
    merged = merge_days((use, assess(use.as_use(), library).as_json()) for use in recorded_uses(run))
    judged = [replace(one, use=replace(one.use, rows=distinct_rows(run, [(one.use, one.last_on)]))) for one in merged]
    student = (run.manifest.get("student") or {}).get("name") or ""
    found = [_with_rows(run, judged, draft) for draft in drafts(judged, student, library.title)]
    found += contradictions(run, student)
    found.sort(key=lambda draft: (STRICTNESS.index(Outcome(draft.outcome)), draft.kind != Finding.Kind.RULE))
    return judged, found


def _with_rows(run: Run, judged: list[JudgedUse], draft: FindingDraft) -> FindingDraft:
    uses = ((judged[position].use, judged[position].last_on) for position in draft.uses)
    return replace(draft, rows=distinct_rows(run, uses))
