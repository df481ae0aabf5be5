"""What webhooks are told when something happens: names, numbers, outcomes and the address of a page.

Never what people wrote among themselves: no reasons, remarks, replies or notes. Each function is called in the transaction of
what it tells of (see audits.actions.webhooks.tell).
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from audits.actions.webhooks import listening, tell
from audits.models import (
    Approval,
    Decision,
    FactRequest,
    Finding,
    FindingChange,
    Rejudging,
    Remedy,
    Report,
    Run,
    Signature,
)
from audits.queries.review import with_gravity
from compliance.models import LibraryChange, Project

LISTED: Final = 20
"""Findings named in one event; the rest are on the page whose address it gives."""
TOLD_CHANGES: Final = frozenset(
    {LibraryChange.Kind.RULE, LibraryChange.Kind.VERSION, LibraryChange.Kind.CATALOGUE, LibraryChange.Kind.RELEASE}
)


def run_ended(run: Run) -> None:
    """A run came to an end; a completed one also tells what it found that the pipeline's last one had not."""
    project = run.pipeline.project
    if not listening(project):
        return
    told = {**_run(run), "state": run.state, "outcome": run.outcome, "findings_total": run.findings.count()}
    tell(project=project, event="run.ended", payload=told, key=f"run:{run.pk}:{run.state}")
    if run.state == Run.State.COMPLETED and not run.is_replay:
        _compared(run, project)


def _compared(run: Run, project: Project) -> None:
    before = Run.objects.filter(pipeline=run.pipeline_id, state=Run.State.COMPLETED, replay={}, pk__lt=run.pk).first()
    known = dict(before.findings.values_list("key", "outcome")) if before else {}
    found = list(with_gravity(run.findings.all()).order_by("gravity", "number"))
    new = [one for one in found if one.key not in known]
    changed = [one for one in found if known.get(one.key, one.outcome) != one.outcome]
    page = f"/runs/{run.pk}/findings/"
    for event, mine in (("finding.new", new), ("finding.changed", changed)):
        if mine:
            told = {**_run(run), **_listed(mine, known), "address": page}
            tell(project=project, event=event, payload=told, key=f"run:{run.pk}:findings")


def _listed(findings: Sequence[Finding], before: Mapping[str, str]) -> dict[str, Any]:
    rows = [{**_finding(one), "outcome_before": before.get(one.key, "")} for one in findings[:LISTED]]
    return {"total": len(findings), "findings": rows}


def findings_rejudged(done: Rejudging, changed: Iterable[tuple[Project, Sequence[FindingChange]]]) -> None:
    """What judging anew changed, once for each project; `changed`: by run."""
    by_project: dict[Project, list[FindingChange]] = {}
    for project, changes in changed:
        by_project.setdefault(project, []).extend(changes)
    for project, mine in by_project.items():
        rows = [
            {**_finding(one.finding), "what": one.what, "outcome_before": one.before.get("outcome", "")}
            for one in mine[:LISTED]
        ]
        told = {"total": len(mine), "findings": rows, "address": f"/rejudged/{done.pk}/"}
        tell(project=project, event="finding.changed", payload=told, key=f"rejudging:{done.pk}")


def decision_made(decision: Decision) -> None:
    told = {
        **_finding(decision.finding),
        "decision": decision.kind,
        "scope": decision.scope,
        "until": decision.until.isoformat() if decision.until else "",
        "by": str(decision.decided_by),
    }
    tell(project=decision.project, event="decision.made", payload=told, key=f"decision:{decision.pk}")


def decision_ends(finding: Any, step: str, words: str) -> None:
    """`finding` is annotated by `with_standing`."""
    told = {**_finding(finding), "words": words, "until": finding.decision_until.isoformat()}
    key = f"decision:{finding.decision_id}:{step}:{finding.pk}"
    tell(project=finding.run.pipeline.project, event="decision.ending", payload=told, key=key)


def fact_asked(request: FactRequest) -> None:
    told = {**_asked(request), "due": request.due_on.isoformat() if request.due_on else ""}
    tell(project=request.project, event="facts.asked", payload=told, key=f"asked:{request.pk}")


def fact_answered(request: FactRequest) -> None:
    told = {**_asked(request), "by": str(request.replied_by)}
    tell(project=request.project, event="facts.answered", payload=told, key=f"answered:{request.pk}")


def remedy_settled(remedy: Remedy, run: Run) -> None:
    """A run showed that work is done, or that it is not."""
    event = "remedy.proved" if remedy.state == Remedy.State.PROVED else "remedy.disproved"
    told = {**_finding(remedy.finding), **_run(run), "owner": str(remedy.owner), "address": f"/work/{remedy.pk}/"}
    tell(project=remedy.project, event=event, payload=told, key=f"remedy:{remedy.pk}:{run.pk}")


def approval_moved(event: str, approval: Approval, signature: Signature | None = None) -> None:
    """approval.asked, .signed, .completed or .withdrawn."""
    told = {**_run(approval.run), "approval": approval.number, "address": f"/runs/{approval.run_id}/approval/"}
    if signature is not None:
        told |= {"word": signature.word, "by": str(signature.signed_by), "step": approval.steps[signature.step]["name"]}
    key = f"approval:{approval.pk}:{signature.pk if signature else ''}"
    tell(project=approval.run.pipeline.project, event=event, payload=told, key=key)


def report_ready(report: Report) -> None:
    """Told in each project whose material it holds; what it is called may name others, and is left out."""
    told = {
        "report": report.number, "scope": report.scope, "profile": report.profile, "marking": report.marking,
        "pages": report.pages, "pipeline": report.run.pipeline.name if report.run else report.get_scope_display(),
        "address": f"/runs/{report.run_id}/report/" if report.run_id else "/reports/",
    }  # fmt: skip
    projects = [report.run.pipeline.project] if report.run else list(report.projects.all())
    for project in projects:
        tell(project=project, event="report.ready", payload=told, key=f"report:{report.pk}")


def terms_changed(changes: Sequence[LibraryChange]) -> None:
    """What verdicts rest on changed: told in every project, agreements in their own alone."""
    for project in Project.objects.filter(webhooks__stopped_at=None, webhooks__isnull=False).distinct():
        mine = [one for one in changes if one.project_id == project.pk or _for_all(one)]
        if mine:
            said = list(dict.fromkeys(one.cause for one in mine))
            told = {"total": len(said), "changes": said[:LISTED], "words": said[0], "address": "/rejudged/"}
            tell(project=project, event="terms.changed", payload=told, key=f"library:{mine[-1].pk}")


def _for_all(change: LibraryChange) -> bool:
    return change.project_id is None and change.kind in TOLD_CHANGES


def _run(run: Run) -> dict[str, Any]:
    return {
        "pipeline": run.pipeline.name,
        "run": run.number,
        "run_id": run.pk,
        "simulated": run.is_simulated,
        "address": f"/runs/{run.pk}/",
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "finding": finding.pk,
        "title": finding.title,
        "outcome": finding.outcome,
        "provider": finding.provider,
        "calls": finding.calls,
        "rows": finding.rows,
        "address": f"/findings/{finding.pk}/",
    }


def _asked(request: FactRequest) -> dict[str, Any]:
    return {
        **_finding(request.finding),
        "request": request.pk,
        "fact": request.fact,
        "form": request.form,
        "asked_of": str(request.asked_of),
        "address": "/asked/",
    }
