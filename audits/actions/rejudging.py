"""Storing what judging anew found: what findings said before is kept, and decisions re-open where their basis changed."""

import json
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.db import connection, transaction
from django.db.models import Max, Q
from django.utils import timezone

from audits.actions.events import findings_rejudged
from audits.actions.findings import finding_row, published_revisions, use_row
from audits.actions.remedies import settle_remedies
from audits.matching.answers import Answers, answers_on_record
from audits.matching.contradictions import ANSWERED_OTHERWISE, declared_against_answers
from audits.matching.facts import distinct_rows
from audits.matching.outcomes import outcome_of
from audits.matching.recorded import judged_runs
from audits.matching.rejudging import RunReread, reread
from audits.matching.verdicts import FindingDraft, JudgedUse, Title, drafts, strictest
from audits.models import (
    AssessedUse,
    Decision,
    Finding,
    FindingChange,
    ModelCall,
    Rejudging,
    Remedy,
    Run,
    UsageSignature,
)
from compliance.actions.trail import record
from compliance.models import RuleRevision, User
from compliance.queries.library import library_from_database

# Session-wide name of the lock: two re-judgings at once would each store what the other has not seen.
LOCK = 0x52454A55
WRITTEN = (
    "use", "kind", "outcome", "level", "provider", "title", "sentence", "rule_revision", "document", "version", "section",
    "because", "missing_facts", "detail", "calls", "rows", "basis_sha256", "gone_at",
)  # fmt: skip
TOLD = (
    "outcome",
    "title",
    "sentence",
    "document",
    "version",
    "section",
    "because",
    "missing_facts",
    "calls",
    "rows",
    "basis_sha256",
)
COLUMNS = [{"use": "use_id", "rule_revision": "rule_revision_id"}.get(name, name) for name in WRITTEN]
BATCH = 500


@dataclass
class _Plan:
    """What has to be written for one run."""

    run: Run
    judged: list[JudgedUse]
    drafts: list[FindingDraft]
    uses: list[AssessedUse] = field(default_factory=list)


@transaction.atomic
def rejudge(*, cause: str, caused_by: User | None, projects: Iterable[int] | None = None) -> Rejudging:
    """Judge everything recorded (of some projects, when named) anew, and store what comes out otherwise. Idempotent.

    `cause`: what changed, as a sentence. Uses that come out as before are not touched, nor are reports, which are frozen.
    """
    began = time.perf_counter()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
    library = library_from_database()
    every = list(reread(library, runs=judged_runs(projects)))
    differing = [one for one in every if one.differs]
    for one in differing:
        _name_developers(one)
    answers = answers_on_record()
    plans = [_plan(one, library.title, answers) for one in differing]
    _store_uses(plans, differing)
    changes = _store_findings(plans)
    _store_outcomes(plans, differing)
    changed = [use for one in differing for use in one.uses if use.changed]
    done = Rejudging.objects.create(
        cause=cause, caused_by=caused_by, at=timezone.now(), seconds=time.perf_counter() - began, runs=len(every),
        uses=sum(len(one.uses) for one in every), calls=sum(use.stored.calls for one in every for use in one.uses),
        changed_runs=len({change.finding.run_id for change in changes}), changed_uses=len(changed),
        changed_calls=sum(day.calls for use in changed for day, _ in use.changed),
        changed_findings=len({change.finding.pk for change in changes}),
    )  # fmt: skip
    _tell(done, changes)
    return done


def _name_developers(one: RunReread) -> None:
    """Write the developer of a model that somebody named since into the run's calls and their roll-up."""
    for use in one.uses:
        provider = use.days[0][0].provider if use.days else use.stored.provider
        if provider != use.stored.provider:
            for model, column in ((ModelCall, "request_model"), (UsageSignature, "model")):
                alike = {"run": one.run.pk, column: use.stored.model, "provider": use.stored.provider}
                model._default_manager.filter(**alike).update(provider=provider)


def _plan(one: RunReread, title: Title, answers: Answers) -> _Plan:
    judged = [_counted(one.run, use) for use in one.judged()]
    made = drafts(judged, one.student, title)
    used = [(use.provider, use.day, use.calls) for reread in one.uses for use, _ in reread.days]
    disputed = declared_against_answers(one.run, used, answers)
    return _Plan(one.run, judged, [*(_with_rows(one.run, judged, draft) for draft in made), *disputed])


def _counted(run: Run, one: JudgedUse) -> JudgedUse:
    if one.use.rows >= 0:
        return one
    return replace(one, use=replace(one.use, rows=distinct_rows(run, [(one.use, one.last_on)])))


def _with_rows(run: Run, judged: Sequence[JudgedUse], draft: FindingDraft) -> FindingDraft:
    """Rows of one use are known; those of several are counted, since a row may hold answers of more than one."""
    uses = [judged[position] for position in draft.uses]
    if len(uses) == 1:
        return replace(draft, rows=uses[0].use.rows)
    if not any(one.use.rows for one in uses):
        return replace(draft, rows=0)
    return replace(draft, rows=distinct_rows(run, ((one.use, one.last_on) for one in uses)))


def _store_uses(plans: Sequence[_Plan], differing: Sequence[RunReread]) -> None:
    """Add uses that are judged otherwise; keep the rows of those that are not; mark the replaced ones."""
    kept: set[int] = set()
    added: list[AssessedUse] = []
    for plan, one in zip(plans, differing, strict=True):
        stored = {_identity(use.stored): use.stored.id for use in one.uses}
        for judged in plan.judged:
            row = use_row(plan.run, judged)
            same = stored.get(_identity(row))
            if same is None:
                added.append(row)
            else:
                row.pk = same
                kept.add(same)
            plan.uses.append(row)
    replaced = [use.stored.id for one in differing for use in one.uses if use.stored.id not in kept]
    AssessedUse.objects.filter(pk__in=replaced).update(superseded_at=timezone.now())
    AssessedUse.objects.bulk_create(added, batch_size=BATCH)


def _identity(use: Any) -> tuple[Any, ...]:
    told = json.dumps([use.facts, use.days], sort_keys=True)
    return use.provider, use.served_by, use.model, use.activity, use.simulated, use.law_sha256, told


def _store_findings(plans: Sequence[_Plan]) -> list[FindingChange]:
    """Bring the findings to what was found. A finding keeps its number and its row; what it said before goes into the change."""
    runs = [plan.run.pk for plan in plans]
    revisions = published_revisions(draft.rule for plan in plans for draft in plan.drafts)
    standing: defaultdict[int, dict[str, Finding]] = defaultdict(dict)
    observed = Q(kind=Finding.Kind.CONTRADICTION) & ~Q(key__startswith=ANSWERED_OTHERWISE)  # rests on lineage alone
    for finding in Finding.every.filter(run__in=runs).exclude(observed):
        standing[finding.run_id][finding.key] = finding
    numbered = Finding.every.filter(run__in=runs).values("run").annotate(last=Max("number")).order_by()
    last = {row["run"]: row["last"] for row in numbered}
    written: list[tuple[Finding | None, Finding]] = []
    for plan in plans:
        written += _rows(plan, standing[plan.run.pk], revisions, last.get(plan.run.pk, 0))
    _upsert([now for before, now in written if before is None or _differs(before, now)])
    gone = _mark_gone(plans, standing)
    changes = [change for before, now in written if (change := _change(before, now))]
    return changes + [FindingChange(finding=one, what="gone", before=_told(one)) for one in gone]


def _rows(
    plan: _Plan, standing: dict[str, Finding], revisions: dict[str, RuleRevision], last: int
) -> list[tuple[Finding | None, Finding]]:
    written = []
    for draft in plan.drafts:
        before = standing.get(draft.key[:500])
        last += before is None
        number = before.number if before else last
        written.append((before, finding_row(plan.run, draft, number, plan.uses, revisions.get(draft.rule))))
    return written


def _upsert(findings: list[Finding]) -> None:
    Finding.every.bulk_create(
        findings, batch_size=BATCH, update_conflicts=True, unique_fields=["run", "key"], update_fields=WRITTEN
    )


def _differs(before: Finding, now: Finding) -> bool:
    now.pk = before.pk
    return any(getattr(before, name) != getattr(now, name) for name in COLUMNS)


def _mark_gone(plans: Sequence[_Plan], standing: dict[int, dict[str, Finding]]) -> list[Finding]:
    found = {(plan.run.pk, draft.key[:500]) for plan in plans for draft in plan.drafts}
    gone = [
        finding
        for by_key in standing.values()
        for key, finding in by_key.items()
        if finding.gone_at is None and (finding.run_id, key) not in found
    ]
    Finding.objects.filter(pk__in=[finding.pk for finding in gone]).update(gone_at=timezone.now())
    return gone


def _change(before: Finding | None, now: Finding) -> FindingChange | None:
    if before is None:
        return FindingChange(finding=now, what="appeared", after=_told(now))
    if before.gone_at is not None:
        return FindingChange(finding=now, what="returned", before=_told(before), after=_told(now))
    if before.basis_sha256 != now.basis_sha256 or before.sentence != now.sentence:
        return FindingChange(finding=now, what="changed", before=_told(before), after=_told(now))
    return None


def _told(finding: Finding) -> dict[str, Any]:
    revision = finding.rule_revision_id
    return {**{name: getattr(finding, name) for name in TOLD}, "rule_revision": revision}


def _store_outcomes(plans: Sequence[_Plan], differing: Sequence[RunReread]) -> None:
    for plan, one in zip(plans, differing, strict=True):
        before = strictest(use.stored.outcome for use in one.uses)
        if before != strictest(use.answer["outcome"] for use in plan.judged):
            Run.objects.filter(pk=plan.run.pk).update(outcome=outcome_of(plan.run))


def _tell(done: Rejudging, changes: list[FindingChange]) -> None:
    """The changes, which decisions they re-open, and a line of the trail for each run concerned."""
    reopened = _decided(changes)
    by_run: defaultdict[int, list[FindingChange]] = defaultdict(list)
    for change in changes:
        change.rejudging = done
        change.reopened = change.finding.pk in reopened
        by_run[change.finding.run_id].append(change)
    FindingChange.objects.bulk_create(changes, batch_size=BATCH)
    runs = Run.objects.select_related("pipeline__project").in_bulk(list(by_run))
    for pk, mine in by_run.items():
        counts = {what: sum(one.what == what for one in mine) for what in FindingChange.What.values}
        record(
            acting_user=done.caused_by, action="findings re-judged", subject=runs[pk],
            project=runs[pk].pipeline.project, cause=done.cause, rejudging=done.pk,
            reopened=[one.finding.key for one in mine if one.reopened], **counts,
        )  # fmt: skip
    findings_rejudged(done, [(runs[pk].pipeline.project, mine) for pk, mine in by_run.items()])
    worked_on = set(Remedy.objects.values_list("finding__run__pipeline", flat=True))
    for run in sorted(runs.values(), key=lambda one: one.pk):
        if run.pipeline_id in worked_on:
            settle_remedies(run)


def _decided(changes: Sequence[FindingChange]) -> set[int]:
    """The changed findings on which a decision rested on what they said before."""
    changed = [one for one in changes if one.what == "changed" and _basis(one.before) != _basis(one.after)]
    newest: dict[tuple[int, str], str] = {}
    decisions = Decision.objects.filter(finding_key__in={one.finding.key for one in changed}).order_by("id")
    for project, key, basis in decisions.values_list("project_id", "finding_key", "basis_sha256"):
        newest[project, key] = basis
    return {
        one.finding.pk
        for one in changed
        if newest.get((one.finding.run.pipeline.project_id, one.finding.key)) == _basis(one.before)
    }


def _basis(told: dict[str, Any]) -> Any:
    return told["basis_sha256"]
