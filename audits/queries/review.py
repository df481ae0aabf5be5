"""Findings as counsel reviews them: which stand today, and what people decided on each."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import Case, CharField, Count, F, OuterRef, Q, QuerySet, Subquery, Value, When

from audits.models import Decision, Finding, FindingChange, ModelCall, Outcome, Run

OPEN: Final = "open"
REOPENED: Final = "reopened"
WAITING: Final = "waiting"
DECIDED: Final = "decided"
STANDINGS: Final = {
    OPEN: "Open",
    REOPENED: "Re-opened: its basis changed",
    WAITING: "Waiting for facts",
    DECIDED: "Decided",
}

# Which recorded purposes of calls make up an activity that terms speak of.
PURPOSES_OF: Final = {
    "train_on_output": (ModelCall.Purpose.TRAIN,),
    "filter_training_data": (ModelCall.Purpose.FILTER,),
    "evaluate": (ModelCall.Purpose.EVALUATE,),
    "use_output": (ModelCall.Purpose.UNUSED, ModelCall.Purpose.UNKNOWN),
}


@dataclass(frozen=True)
class OutcomeCount:
    """How many findings of one outcome are not decided."""

    outcome: str
    findings: int


def newest_runs() -> QuerySet[Run]:
    """The newest completed run of each pipeline: what is true of it today. A replay tells of another day."""
    return Run.objects.filter(state=Run.State.COMPLETED, replay={}).order_by("pipeline_id", "-id").distinct("pipeline_id")


def standing_today(findings: QuerySet[Finding]) -> QuerySet[Finding]:
    """Only the findings of each pipeline's newest completed run; older runs keep theirs, as history."""
    return findings.filter(run__in=newest_runs().values("pk"))


def with_standing(findings: QuerySet[Finding]) -> QuerySet[Any]:
    """Annotates `decision_kind`, `decision_basis` (of the newest decision under the finding's key) and `standing`.

    A decision holds for every run of the project whose finding has the same key. When what it rested on has changed the
    finding is open again; the decision stays in its history.
    """
    decided = Decision.objects.filter(project=OuterRef("run__pipeline__project"), finding_key=OuterRef("key")).order_by(
        "-id"
    )
    standing = Case(
        When(decision_kind__isnull=True, then=Value(OPEN)),
        When(~Q(decision_basis=F("basis_sha256")), then=Value(REOPENED)),
        When(decision_kind=Decision.Kind.NEEDS_FACTS, then=Value(WAITING)),
        default=Value(DECIDED),
        output_field=CharField(),
    )
    annotated = findings.annotate(
        decision_kind=Subquery(decided.values("kind")[:1]),
        decision_basis=Subquery(decided.values("basis_sha256")[:1]),
    )
    return annotated.annotate(standing=standing)


def finding_in_full(pk: int) -> Finding:
    """One finding with its standing, use, rule revision, run, pipeline and project: what its page shows at once."""
    findings = with_standing(Finding.every.all())
    found: Finding = findings.select_related("use", "rule_revision__rule", "run__pipeline__project").get(pk=pk)
    return found


def open_by_outcome(findings: QuerySet[Finding]) -> tuple[OutcomeCount, ...]:
    """Findings not decided, counted for each outcome, gravest first. One query."""
    undecided = with_standing(findings).exclude(standing=DECIDED).order_by()
    counted = dict(undecided.values_list("outcome").annotate(n=Count("pk")))
    return tuple(OutcomeCount(outcome, counted.get(outcome, 0)) for outcome in Outcome.values)


def gravest_first(findings: QuerySet[Finding]) -> QuerySet[Any]:
    """In the order of the outcomes (strictest wins), then newest run first."""
    rank = Case(*[When(outcome=value, then=Value(at)) for at, value in enumerate(Outcome.values)], default=Value(9))
    return findings.annotate(gravity=rank).order_by("gravity", "-run_id", "number")


def decisions_on(finding: Finding) -> QuerySet[Decision]:
    """The decision history under the finding's key in its project, newest first."""
    return Decision.objects.filter(project=finding.run.pipeline.project_id, finding_key=finding.key).select_related(
        "decided_by", "finding__run__pipeline"
    )


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
