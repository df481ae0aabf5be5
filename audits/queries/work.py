"""What engineers have to change: findings that call for it, by pipeline, the gravest first, with where and how.

Reads nothing that lawyers keep among themselves: no remark, no reason of a decision.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import (
    Exists,
    F,
    Min,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Window,
)
from django.db.models.functions import Least
from django.urls import reverse
from django.utils.http import urlencode

from audits.graph.building import model_id
from audits.matching.answers import COMPETES
from audits.matching.questions import ASKED, JUDGEMENTS
from audits.models import Decision, Finding, Outcome, Remedy, Run
from audits.queries.code_places import Place, places_of
from audits.queries.review import standing_today, with_gravity
from audits.queries.standing import DECIDED, with_assignment, with_standing
from compliance.engine.catalogue import canonical_name
from compliance.engine.vocabulary import FACTS, is_fact

TO_CHANGE: Final = (Outcome.PROHIBITED, Outcome.NEEDS_FACTS)
OPEN_WORK: Final = (Remedy.State.OPEN, Remedy.State.DISPROVED, Remedy.State.CLAIMED)


@dataclass(frozen=True)
class Step:
    """Something to do about a finding; `url`: the page where it is done, "" for work in the code."""

    words: str
    url: str = ""


@dataclass(frozen=True)
class WorkItem:
    """One finding as an engineer works on it. `remedies`: open ones, the owner's next first."""

    finding: Any
    places: tuple[Place, ...]
    steps: tuple[Step, ...]
    remedies: tuple[Remedy, ...]


def findings_to_work_on(findings: QuerySet[Finding]) -> QuerySet[Any]:
    """Of each pipeline's newest run: what is prohibited, waits for facts or for a duty to be fulfilled, or has open work.

    What somebody decided to accept, waive or call a false positive is nobody's work, unless work on it is open. Annotates
    `standing`, `gravity`, `worst` (of its pipeline), `assignee`, `due_on` and `next_due` (the earlier of that and of its work).
    """
    work = Remedy.objects.filter(
        project=OuterRef("run__pipeline__project"), finding_key=OuterRef("key"), state__in=OPEN_WORK
    )
    told = with_assignment(with_gravity(with_standing(standing_today(findings)))).annotate(
        has_work=Exists(work),
        work_due=Subquery(work.order_by("due_on").values("due_on")[:1]),
        work_owner=Subquery(work.order_by("due_on").values("owner")[:1]),
        work_state=Subquery(work.order_by("due_on").values("state")[:1]),
    )
    calls = Q(outcome__in=TO_CHANGE) | Q(kind=Finding.Kind.DUTY, level__in=(Finding.Level.ERROR, Finding.Level.WARNING))
    settled = Q(standing=DECIDED) & ~Q(decision_kind=Decision.Kind.CONFIRM)
    mine = told.filter(Q(has_work=True) | (calls & ~settled))
    return mine.annotate(
        next_due=Least("due_on", "work_due"),  # of PostgreSQL: the one that there is, when the other is null
        worst=Window(Min("gravity"), partition_by=[F("run__pipeline")]),
    )


def in_order(findings: QuerySet[Any]) -> QuerySet[Any]:
    """By pipeline, that with the gravest first; within it the gravest first, then what is due first."""
    return findings.order_by(
        "worst", "run__pipeline__project__name", "run__pipeline__name", "run__pipeline", "gravity",
        F("next_due").asc(nulls_last=True), "number",
    )  # fmt: skip


def as_shown(findings: QuerySet[Finding]) -> QuerySet[Any]:
    """Findings with what a list of work says of each, and nothing else of their rows: half of a row is how it was judged."""
    of_run = ("pipeline", "number", "upstreams")
    of_pipeline = ("project", "slug", "name")
    return with_assignment(findings.select_related("rule_revision", "run__pipeline__project")).only(
        "run", "number", "key", "kind", "outcome", "provider", "title", "missing_facts", "detail", "calls", "rows",
        "rule_revision__statement", *(f"run__{name}" for name in of_run),
        *(f"run__pipeline__{name}" for name in of_pipeline), "run__pipeline__project__slug", "run__pipeline__project__name",
    )  # fmt: skip


def work_items(findings: Sequence[Any]) -> list[WorkItem]:
    """What the page shows of each finding. Two queries, however many."""
    scans = dict(Run.objects.filter(pk__in={one.run_id for one in findings}).values_list("pk", "scan"))
    held = _remedies(findings)
    return [
        WorkItem(one, places_of(one, scans.get(one.run_id)), steps_for(one), tuple(held[_key(one)])) for one in findings
    ]


def _key(finding: Any) -> tuple[int, str]:
    return finding.run.pipeline.project_id, finding.key


def _remedies(findings: Sequence[Any]) -> Mapping[tuple[int, str], list[Remedy]]:
    keys = {_key(one) for one in findings}
    found: defaultdict[tuple[int, str], list[Remedy]] = defaultdict(list)
    asked = Remedy.objects.filter(
        project__in={project for project, _ in keys}, finding_key__in={key for _, key in keys}, state__in=OPEN_WORK
    )
    for remedy in asked.select_related("owner", "settled_run"):
        found[remedy.project_id, remedy.finding_key].append(remedy)
    return found


def steps_for(finding: Finding) -> tuple[Step, ...]:
    """What can be done about it, from what it is and what it rests on; which changes would help is tried on its own page."""
    if finding.kind == Finding.Kind.TERMS_MISSING:
        return (Step("Nothing in the code: the text of that day is not held. Legal imports it.", reverse("terms")),)
    if finding.kind == Finding.Kind.CONTRADICTION:
        return tuple(_of_contradiction(finding))
    if finding.outcome == Outcome.NEEDS_FACTS:
        return tuple(_of_facts(finding))
    return tuple(_of_rule(finding))


def _of_contradiction(finding: Finding) -> Iterable[Step]:
    yield Step("Correct what audit.toml declares, or change what is done so that both say the same, and audit again.")
    if finding.rows:
        yield _rows_step(finding)


def _of_facts(finding: Finding) -> Iterable[Step]:
    missing = [fact for fact in finding.missing_facts if fact in ASKED]
    project = finding.run.pipeline.project
    for fact in missing[:3]:
        who = "Legal judges" if fact in JUDGEMENTS else "Answer"
        label = FACTS[fact].label + (f" ({finding.provider})" if fact == COMPETES and finding.provider else "")
        of_all = fact.startswith("organisation.")
        url = reverse("questions-organisation") if of_all else reverse("questions-student", args=[project.slug])
        yield Step(f"{who}: {label}", url)
    others = [fact for fact in finding.missing_facts if fact not in ASKED and is_fact(fact)]
    if others:
        named = ", ".join(FACTS[fact].label if fact in FACTS else fact for fact in others[:3])
        yield Step(f"Make it observable or declare it in audit.toml: {named}")


def _of_rule(finding: Finding) -> Iterable[Step]:
    if finding.kind == Finding.Kind.DUTY and finding.rule_revision is not None:
        yield Step(f"Fulfil the duty: {finding.rule_revision.statement}")
        return
    activity = finding.detail.get("activity")
    if activity in ("train_on_output", "filter_training_data"):
        yield Step("Ask another model, or use the answers otherwise: see which change would help.")
    else:
        yield Step("See which change would help.")
    if finding.rows:
        yield _rows_step(finding)


def _rows_step(finding: Finding) -> Step:
    """To the graph's answer what is lost without the model's answers; the clean data set is exported there."""
    rows = f"{finding.rows:,} training row{'' if finding.rows == 1 else 's'}"
    models = [str(one) for one in finding.detail.get("models", []) if one]
    url = reverse("run-lineage", args=[finding.run_id])
    if models:
        asked: dict[str, str | int] = {
            "run": finding.run_id,
            "without": model_id(canonical_name(models[0]), finding.provider),
        }
        url = f"{reverse('graph')}?{urlencode(asked)}#without"
    return Step(f"Leave out the {rows} that came of it: export a clean data set", url)
