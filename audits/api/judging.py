"""What was judged anew and will be judged otherwise; recorded uses, and why rules apply to them or do not."""

import datetime as dt
from typing import Any

from django.shortcuts import get_object_or_404
from django.utils import timezone
from ninja import Query, Router, Schema

from audits.access import visible_runs
from audits.api.shapes import FindingName, RunName
from audits.api.told import ImpactTold, WhyTold
from audits.matching.coming import coming_changes
from audits.models import AssessedUse, FindingChange, Rejudging
from audits.queries.review import newest_runs
from audits.queries.rule_impact import SHOWN_RUNS, Figures, RunImpact, impact_of_revision, kept_impact, runs_of
from audits.queries.why_not import Paper, why
from audits.views.rejudging import WHO
from audits.views.rule_impact import WHOSE
from compliance.access import may_edit_rules, require
from compliance.api.openings import IN_PERSON, READING
from compliance.api.paging import Page, Paged, part_of, part_of_rows
from compliance.api.shapes import Json, Person
from compliance.models import Agreement, Rule, RuleRevision
from compliance.problems import Problem
from compliance.queries.in_force import READABLE, readable_agreements
from compliance.queries.library_kept import kept_library
from compliance.queries.names import names
from compliance.queries.proposed import UnreadableRevision, library_with
from compliance.views.requests import PersonRequest

router = Router()


class ComingShown(Schema):
    """A recent use that will be judged more strictly from a day that is known already."""

    on: dt.date
    run: RunName
    student: str
    use: int
    provider: str
    served_by: str
    model: str
    activity: str
    calls: int
    before: str
    after: str
    gained: list[str]
    because: list[str]


class RejudgingShown(Schema):
    """One time everything concerned was judged anew."""

    id: int
    cause: str
    caused_by: Person | None
    at: dt.datetime
    seconds: float
    runs: int
    uses: int
    calls: int
    changed_runs: int
    changed_uses: int
    changed_calls: int
    changed_findings: int


class FindingChanged(Schema):
    """What a re-judging did to one finding."""

    id: int
    finding: FindingName
    what: str
    reopened: bool
    before: Json
    after: Json


class UseShown(Schema):
    """One distinct use of one provider's model in one run."""

    id: int
    run: RunName
    provider: str
    served_by: str
    model: str
    activity: str
    first_on: dt.date
    last_on: dt.date
    calls: int
    rows: int
    outcome: str


class WhyAsked(Schema):
    """On which of its days."""

    on: dt.date | None = None


@router.get("/coming", auth=READING, response=Page[ComingShown])
def list_coming_changes(request: PersonRequest, asked: Query[Paged]) -> dict[str, Any]:
    """Every recent use that will be judged more strictly from a day ahead, soonest first."""
    mine = visible_runs(request.user).filter(pk__in=newest_runs().values("pk"))
    runs = list(mine.defer("manifest_text", "scan", "prompts", "summary").select_related("requested_by"))
    found = coming_changes(kept_library(), runs, timezone.now().date()) if runs else []
    return part_of_rows(found, asked)


@router.get("/rejudgings", auth=IN_PERSON, response=Page[RejudgingShown])
def list_rejudgings(request: PersonRequest, asked: Query[Paged]) -> dict[str, Any]:
    """Every time that something recorded was judged anew, newest first."""
    require(may_edit_rules(request.user), WHO)
    return part_of(Rejudging.objects.select_related("caused_by"), asked)


@router.get("/rejudgings/{int:pk}", auth=IN_PERSON, response=RejudgingShown)
def get_rejudging(request: PersonRequest, pk: int) -> Rejudging:
    """One re-judging: why, on whose word, how much."""
    require(may_edit_rules(request.user), WHO)
    return get_object_or_404(Rejudging.objects.select_related("caused_by"), pk=pk)


@router.get("/rejudgings/{int:pk}/changes", auth=IN_PERSON, response=Page[FindingChanged])
def list_rejudging_changes(request: PersonRequest, pk: int, asked: Query[Paged]) -> dict[str, Any]:
    """What one re-judging did to findings."""
    found = FindingChange.objects.filter(rejudging=get_rejudging(request, pk)).select_related("finding")
    return part_of(found, asked)


@router.get("/rule-revisions/{int:pk}/impact", auth=IN_PERSON, response=ImpactTold)
def get_rule_impact(request: PersonRequest, pk: int) -> Json:
    """What publishing a revision would change among everything that was recorded. Nothing is written."""
    require(may_edit_rules(request.user), WHOSE)
    revision = get_object_or_404(RuleRevision.objects.select_related("rule__document__provider"), pk=pk)
    try:
        library_with(revision, kept_library())
    except UnreadableRevision as error:
        raise Problem(409, str(error)) from error
    figures, runs = _impact(revision)
    return {
        "moves": [vars(one) for one in figures.moves],
        "changed_runs": figures.changed_runs,
        "changed_calls": figures.changed_calls,
        "waiting_calls": figures.pending,
        "runs": [
            {"run": one.run, "pipeline": one.pipeline, "project": one.project, "calls": one.calls} for one in runs
        ],
    }


def _impact(revision: RuleRevision) -> tuple[Figures, list[RunImpact]]:
    """As a worker has kept it, or worked out now."""
    kept = kept_impact(revision)
    if kept is not None and kept.state == kept.State.READY:
        return Figures.from_json(kept.figures), [runs_of(one.changes) for one in kept.runs.all()[:SHOWN_RUNS]]
    found = impact_of_revision(revision)
    return found.figures, list(found.runs[:SHOWN_RUNS])


_USE = ("run__pipeline__project",)


@router.get("/rules/{int:pk}/uses", auth=READING, response=Page[UseShown])
def list_rule_uses(request: PersonRequest, pk: int, asked: Query[Paged]) -> dict[str, Any]:
    """Recorded uses of the models and channels that a rule's provider answers for."""
    rules = Rule.objects.filter(revisions__status__in=READABLE).select_related("document__provider").distinct()
    slug = get_object_or_404(rules, pk=pk).document.provider.slug
    uses = AssessedUse.objects.filter(run__in=visible_runs(request.user)).defer("answer", "facts")
    return part_of((uses.filter(provider=slug) | uses.filter(served_by=slug)).select_related(*_USE), asked)


@router.get("/agreements/{int:pk}/uses", auth=READING, response=Page[UseShown])
def list_agreement_uses(request: PersonRequest, pk: int, asked: Query[Paged]) -> dict[str, Any]:
    """Recorded uses for which an agreement lifts a rule."""
    agreements = Agreement.objects.select_related("provider", "project").filter(readable_agreements(request.user))
    agreement = get_object_or_404(agreements, pk=pk)
    uses = AssessedUse.objects.filter(run__in=visible_runs(request.user)).filter(
        provider=agreement.provider.slug, answer__contains={"verdicts": [{"lifted_by": agreement.reference}]}
    )
    mine = uses.filter(run__pipeline__project=agreement.project_id) if agreement.project_id else uses
    return part_of(mine.defer("answer", "facts").select_related(*_USE), asked)


@router.get("/uses/{int:pk}/why", auth=READING, response=WhyTold)
def get_why(request: PersonRequest, pk: int, asked: Query[WhyAsked]) -> Json:
    """One recorded use and, paper by paper, what every rule answers, and why."""
    uses = AssessedUse.objects.filter(run__in=visible_runs(request.user))
    use = get_object_or_404(uses.select_related("run__pipeline__project"), pk=pk)
    found = why(use, use.run, asked.on, names().providers)
    papers = [_paper(one) for one in found.papers]
    return {"use": use.pk, "on": found.on, "days": list(found.days), "outcome": found.outcome, "papers": papers}


def _paper(paper: Paper) -> Json:
    answers = [{**vars(one), "tests": [vars(test) for test in one.tests]} for one in paper.answers]
    return {**vars(paper), "answers": answers}
