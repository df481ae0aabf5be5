"""Findings as counsel reviews them: which stand today, and what people decided on each."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Case, Count, Q, QuerySet, Value, When

from audits.activities import PURPOSES_OF
from audits.models import Decision, Finding, FindingChange, ModelCall, Outcome, Run
from audits.queries.standing import DECIDED, STANDINGS, TO_DECIDE, WAITING, with_standing

__all__ = ["DECIDED", "STANDINGS", "TO_DECIDE", "WAITING", "with_standing"]


@dataclass(frozen=True)
class OutcomeCount:
    """How many findings of one outcome are not decided."""

    outcome: str
    findings: int


def newest_runs() -> QuerySet[Run]:
    """The newest completed run of each pipeline: what is true of it today. A replay tells of another day."""
    return (
        Run.objects.filter(state=Run.State.COMPLETED, replay={}).order_by("pipeline_id", "-id").distinct("pipeline_id")
    )


def standing_today(findings: QuerySet[Finding]) -> QuerySet[Finding]:
    """Only the findings of each pipeline's newest completed run; older runs keep theirs, as history. Asks for those runs at once:
    by their numbers PostgreSQL finds the findings in an index, and reads none of the older runs'."""
    return findings.filter(run__in=list(newest_runs().values_list("pk", flat=True)))


def for_lists(findings: QuerySet[Finding]) -> QuerySet[Any]:
    """Findings without what no list shows: how they were judged, and the large documents of their runs."""
    documents = ("scan", "manifest", "manifest_text", "prompts", "summary", "replay")
    return findings.defer("because", *(f"run__{name}" for name in documents))


def as_listed(findings: QuerySet[Finding]) -> QuerySet[Any]:
    """Findings with what a page of them says of each, and no other column of theirs, of their run, pipeline or project."""
    pipeline, project = "run__pipeline", "run__pipeline__project"
    return findings.select_related(project).only(
        "run", "number", "outcome", "title", "document", "section", "provider", "calls", "rows", "run__number",
        "run__upstreams", pipeline, f"{pipeline}__slug", f"{pipeline}__name", project, f"{project}__slug", f"{project}__name",
    )  # fmt: skip


def finding_in_full(finding: Finding) -> Finding:
    """A finding with its standing, use and rule revision beside the run, pipeline and project that it came with: what its page
    shows at once."""
    findings = with_standing(Finding.every.all())
    found: Finding = findings.select_related("use", "rule_revision__rule").get(pk=finding.pk)
    found.run = finding.run
    return found


def open_by_outcome(findings: QuerySet[Finding]) -> tuple[OutcomeCount, ...]:
    """Findings not decided, counted for each outcome, gravest first. One query."""
    undecided = with_standing(findings).exclude(standing=DECIDED).order_by()
    counted = dict(undecided.values_list("outcome").annotate(n=Count("pk")))
    return tuple(OutcomeCount(outcome, counted.get(outcome, 0)) for outcome in Outcome.values)


def with_gravity(findings: QuerySet[Finding]) -> QuerySet[Any]:
    """Annotates `gravity`: 0 for the strictest outcome, then upwards."""
    rank = Case(*[When(outcome=value, then=Value(at)) for at, value in enumerate(Outcome.values)], default=Value(9))
    return findings.annotate(gravity=rank)


def gravest_first(findings: QuerySet[Finding]) -> QuerySet[Any]:
    """In the order of the outcomes (strictest wins), then newest run first."""
    return with_gravity(findings).order_by("gravity", "-run_id", "number")


def decisions_on(finding: Finding) -> QuerySet[Decision]:
    """What was decided on the finding in its project, newest first: under its key, and for its rule in a wider scope."""
    covers = Q(scope=Decision.Scope.FINDING, finding_key=finding.key)
    if finding.rule_revision is not None:
        rule, student = finding.rule_revision.rule.identifier, student_of(finding)
        covers |= Q(scope=Decision.Scope.PROJECT, rule=rule) | Q(
            scope=Decision.Scope.STUDENT, rule=rule, student=student
        )
    decisions = Decision.objects.filter(covers, project=finding.run.pipeline.project_id)
    return decisions.select_related("decided_by", "rule_revision", "finding__run__pipeline", "remedy__settled_run")


def deciders_of(run: Run) -> set[int]:
    """The people who decided anything that covers a finding of the run."""
    findings = run.findings.all()
    rules = findings.exclude(rule_revision=None).values("rule_revision__rule__identifier")
    covers = Q(scope=Decision.Scope.FINDING, finding_key__in=findings.values("key"))
    wider = Q(rule__in=rules) & ~Q(scope=Decision.Scope.FINDING)
    decided = Decision.objects.filter(covers | wider, project=run.pipeline.project)
    return set(decided.values_list("decided_by_id", flat=True))


def student_of(finding: Finding) -> str:
    """The name of the student that the finding's run makes; empty when none is declared."""
    return str((finding.run.manifest.get("student") or {}).get("name") or "")


def changes_of(finding: Finding) -> QuerySet[FindingChange]:
    """What re-judgings did to the finding, newest first."""
    return FindingChange.objects.filter(finding=finding).select_related("rejudging__caused_by")


def calls_of_finding(finding: Finding) -> QuerySet[ModelCall]:
    """The recorded calls that the finding is about, as matching grouped them: models and purpose, or a host's purpose."""
    detail = finding.detail
    calls = ModelCall.objects.filter(run=finding.run_id, failed=False).select_related("exchange").order_by("id")
    if finding.kind == Finding.Kind.CONTRADICTION:
        return calls.filter(host=detail.get("host", ""), purpose=detail.get("observed", ""))
    activity = detail.get("activity") or (finding.use.activity if finding.use else "")
    models = detail.get("models") or ([finding.use.model] if finding.use else [])
    alike = calls.filter(provider=finding.provider, request_model__in=models)
    if activity in PURPOSES_OF:
        return alike.filter(purpose__in=PURPOSES_OF[activity])
    return alike.filter(operation="fine_tune")


def providers_of(findings: QuerySet[Finding]) -> Iterable[str]:
    """The providers that findings name, for a filter."""
    return findings.exclude(provider="").order_by("provider").values_list("provider", flat=True).distinct()
