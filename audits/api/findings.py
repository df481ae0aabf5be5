"""Findings: the desk's list, one in full, what people decide and say of it, and who sees to it."""

import datetime as dt
from typing import Any, Literal

from django.core.exceptions import PermissionDenied
from django.http import HttpResponseBase
from django.shortcuts import get_object_or_404
from ninja import Field, File, Form, Query, Router, Schema, Status, UploadedFile

from audits.access import (
    get_finding,
    get_run,
    require_may_assign,
    require_may_decide,
    require_may_read_contents_of,
    require_may_remark,
    visible_findings,
    visible_remarks,
)
from audits.actions.assigning import assign, keep_view
from audits.actions.decisions import MOST_AT_ONCE, decide, decide_many
from audits.actions.remarks import LARGEST_ENCLOSURE, LONGEST, MOST_ENCLOSURES, remark
from audits.api.shapes import EntryShown, FindingShown
from audits.models import Assignment, Decision, Finding, Outcome, Remark, SavedView
from audits.queries.imports import entries_behind
from audits.queries.people import people_of, people_of_project
from audits.queries.proposing import proposed_decision
from audits.queries.review import (
    calls_of_finding,
    changes_of,
    decisions_on,
    finding_in_full,
    providers_of,
    with_standing,
)
from audits.queries.standing import with_assignment
from audits.views import remarks as pages
from audits.views.looks import looked_at_notes
from audits.views.review_forms import AssignForm, DecisionForm, FindingFilter
from compliance.access import visible_projects
from compliance.api.bounds import taking
from compliance.api.openings import CONTENTS, DISCUSSING, IN_PERSON, READING, RUNNING
from compliance.api.paging import Page, Paged, part_of, part_of_rows
from compliance.api.shapes import Asked, Done, Json, Key, Person, Reason, a_file, cleaned, said
from compliance.problems import Problem
from compliance.queries.names import provider_names
from compliance.views.requests import PersonRequest

router = Router()
SHOWN = ("run__pipeline__project", "rule_revision__rule")
Standing = Literal[
    "open", "reopened", "ended", "found_again", "waiting", "to_be_shown", "decided", "undecided", "any"
]  # fmt: skip


class FindingsAsked(Paged):
    """Which findings. Without a choice: of each pipeline's newest run, those on which somebody has to decide."""

    standing: Standing | None = None
    outcome: Outcome | None = None
    provider: str | None = Field(None, max_length=60)
    project: str | None = Field(None, max_length=60, description="Slug of a project.")
    assignee: str | None = Field(None, max_length=20, description="me, nobody, overdue, or a person's id.")
    runs: Literal["all"] | None = Field(None, description="all: older runs too.")


class DecisionShown(Schema):
    """What a person decided, why, for what, and until when."""

    id: int
    kind: str
    reason: str
    scope: str
    decided_by: Person
    decided_at: dt.datetime
    until: dt.date | None
    remedy: int | None = Field(
        alias="remedy_id", description="Of what is remediated: the work that a run has shown, or has to show."
    )


class ProposedDecision(Schema):
    """A decision that a run speaks for; a person makes it."""

    kind: str
    reason: str
    remedy: int = Field(alias="remedy.pk", description="The work that the run showed.")


class ChangeShown(Schema):
    """What a re-judging did to the finding."""

    what: str
    reopened: bool
    before: Json
    after: Json
    at: dt.datetime = Field(alias="rejudging.at")
    cause: str = Field(alias="rejudging.cause")


class FindingInFull(FindingShown):
    """One finding with what it rests on."""

    because: list[Any]
    detail: Json
    facts: Json = Field(description="Dotted fact to value, source, and by whom.")
    remedy: str
    basis_sha256: str
    decisions: list[DecisionShown]
    proposed: ProposedDecision | None = Field(
        description="Of a finding that nobody has decided: what a run speaks for."
    )
    changes: list[ChangeShown]
    gone_at: dt.datetime | None

    @staticmethod
    def resolve_facts(obj: Any) -> Json:
        return dict(obj.use.facts) if obj.use else {}

    @staticmethod
    def resolve_remedy(obj: Any) -> str:
        return str(obj.rule_revision.remedy) if obj.rule_revision else ""

    @staticmethod
    def resolve_decisions(obj: Any) -> list[Decision]:
        return list(decisions_on(obj))

    @staticmethod
    def resolve_proposed(obj: Any) -> Any:
        return proposed_decision(obj)

    @staticmethod
    def resolve_changes(obj: Any) -> list[Any]:
        return list(changes_of(obj)[:100])


class DecisionAsked(Asked):
    """A decision. It is made by a person in their own session: no token opens it."""

    kind: Decision.Kind
    reason: Reason
    until: dt.date | None = Field(None, description="The last day; needed for a waiver.")
    scope: Decision.Scope = Decision.Scope.FINDING


class DecisionTogether(Asked):
    """The same decision on several findings, each for itself."""

    findings: list[Key] = Field(min_length=1, max_length=MOST_AT_ONCE)
    kind: Decision.Kind
    reason: Reason
    until: dt.date | None = None


class AssignmentAsked(Asked):
    """Who sees to it, and until when; null: nobody."""

    assignee: Key | None = Field(None, description="A person's id.")
    due_on: dt.date | None = None


class AssignmentTogether(AssignmentAsked):
    """The same for several findings."""

    findings: list[Key] = Field(min_length=1, max_length=MOST_AT_ONCE)


class EnclosureShown(Schema):
    """A file that goes with a remark."""

    id: int
    name: str
    size: int
    sha256: str


class RemarkShown(Schema):
    """One entry of the discussion."""

    id: int
    at: dt.datetime
    author: Person
    body: str
    privileged: bool
    enclosures: list[EnclosureShown]


class RemarkAsked(Asked):
    """A remark, or, by lawyers in person, a note among themselves."""

    body: str = Field(min_length=1, max_length=LONGEST)
    privileged: bool = False


class CallBehind(Schema):
    """A recorded call that the finding is about. What was said in it is read at its exchange."""

    id: int
    exchange: int = Field(alias="exchange_id")
    at: dt.datetime
    host: str
    served_by: str
    request_model: str
    response_model: str
    purpose: str
    input_tokens: int | None
    output_tokens: int | None


class ViewShown(Schema):
    """A filter that one keeps under a name."""

    id: int
    name: str
    query: str


class ViewAsked(Asked):
    """A filter to be kept."""

    name: str = Field(min_length=1, max_length=80)
    query: str = Field("", max_length=500, description="The part of the desk's address after the question mark.")


@router.get("/findings", auth=READING, response=Page[FindingShown])
def list_findings(request: PersonRequest, asked: Query[FindingsAsked]) -> dict[str, Any]:
    """The desk: findings of every project that one may see, newest first, narrowed as the page's filters do."""
    mine, projects = visible_findings(request.user), visible_projects(request.user)
    people = [(one.pk, one.username) for one in people_of(projects)] if asked.assignee else []
    named = provider_names() if asked.provider else {}
    providers = [(slug, named.get(slug, slug)) for slug in providers_of(mine)] if asked.provider else []
    given = said(asked, limit=None, cursor=None)
    form = FindingFilter(given, projects, providers, request.user, people)
    cleaned(form)
    return part_of(form.narrow(with_standing(mine)).select_related(*SHOWN), asked)


@router.get("/runs/{int:pk}/findings", auth=READING, response=Page[FindingShown])
def list_run_findings(request: PersonRequest, pk: int, asked: Query[Paged]) -> dict[str, Any]:
    """The findings of one run, in their order."""
    run = get_run(request.user, pk)
    found = with_assignment(with_standing(run.findings.select_related(*SHOWN)))
    return part_of(found, asked, "number")


@router.get("/findings/{int:pk}", auth=READING, response=FindingInFull)
def get_finding_in_full(request: PersonRequest, pk: int) -> Finding:
    """One finding: the verdict, what it rests on, what was decided."""
    return _in_full(get_finding(request.user, pk))


def _in_full(finding: Finding) -> Finding:
    found = finding_in_full(finding)
    project = found.run.pipeline.project
    held = Assignment.objects.filter(project=project, finding_key=found.key).select_related("assignee").first()
    found.assignee_name = held.assignee.username if held and held.assignee else None  # type: ignore[attr-defined]
    found.due_on = held.due_on if held else None  # type: ignore[attr-defined]
    return found


@router.post("/findings/{int:pk}/decisions", auth=IN_PERSON, response={201: FindingInFull})
def decide_finding(request: PersonRequest, pk: int, asked: DecisionAsked) -> Status:
    """Add a decision to the finding's history. With If-Match, only on the finding as it was read."""
    finding = get_finding(request.user, pk)
    require_may_decide(request.user, finding)
    form = DecisionForm(said(asked), has_rule=finding.rule_revision is not None)
    data = cleaned(form)
    if "scope" not in form.fields and asked.scope != Decision.Scope.FINDING:
        detail = "This finding rests on no rule: decide it for itself."
        raise Problem(422, detail, errors=[{"field": "scope", "detail": detail}])
    decide(finding=finding, acting_user=request.user, **data)
    return Status(201, _in_full(finding))


@router.post("/findings/together/decisions", auth=IN_PERSON, response={201: Done})
def decide_findings_together(request: PersonRequest, asked: DecisionTogether) -> Status:
    """The same decision on several findings: all of them, or none."""
    findings = _chosen(request, asked.findings)
    for finding in findings:
        require_may_decide(request.user, finding)
    data = cleaned(DecisionForm(said(asked, findings=None), many=True))
    made = decide_many(findings=findings, acting_user=request.user, **data)
    return Status(201, Done(detail=f"The decision stands on {len(made)} findings."))


def _chosen(request: PersonRequest, keys: list[int]) -> list[Finding]:
    """The findings that are named; 404 when one of them is not there to be seen: all or none."""
    found = list(
        visible_findings(request.user).filter(pk__in=keys).select_related("rule_revision__rule").order_by("pk")
    )
    if missing := sorted(set(keys) - {one.pk for one in found}):
        detail = f"Not there, or not yours to see: {', '.join(str(one) for one in missing[:10])}."
        raise Problem(404, detail, errors=[{"field": "findings", "detail": detail}])
    return found


@router.put("/findings/{int:pk}/assignment", auth=RUNNING, response=FindingInFull)
def assign_finding(request: PersonRequest, pk: int, asked: AssignmentAsked) -> Finding:
    """Say who sees to a finding, in every run of its project, and until when."""
    finding = get_finding(request.user, pk)
    project = finding.run.pipeline.project
    require_may_assign(request.user, project)
    data = cleaned(AssignForm(said(asked), people=people_of_project(project)))
    assign(findings=[finding], acting_user=request.user, **data)
    return _in_full(finding)


@router.post("/findings/together/assignments", auth=RUNNING, response=Done)
def assign_findings_together(request: PersonRequest, asked: AssignmentTogether) -> Done:
    """Give several findings to one person: all of them, or none."""
    findings = _chosen(request, asked.findings)
    for project in {finding.run.pipeline.project for finding in findings}:
        require_may_assign(request.user, project)
    form = AssignForm(said(asked, findings=None), people=people_of(visible_projects(request.user)))
    assign(findings=findings, acting_user=request.user, **cleaned(form))
    return Done(detail=f"{len(findings)} findings.")


@router.get("/findings/{int:pk}/remarks", auth=READING, response=Page[RemarkShown])
def list_remarks(request: PersonRequest, pk: int, asked: Query[Paged]) -> dict[str, Any]:
    """The discussion of the finding in every run of its project, oldest first, without what one may not read."""
    finding = get_finding(request.user, pk)
    remarks = visible_remarks(request.user, finding)
    looked_at_notes(request, finding, remarks)
    return part_of(remarks, asked, "pk")


@router.post("/findings/{int:pk}/remarks", auth=DISCUSSING, response={201: RemarkShown})
def add_remark(request: PersonRequest, pk: int, asked: RemarkAsked) -> Status:
    """Add a remark; @name tells that person. A privileged note is written by a lawyer in person."""
    finding = get_finding(request.user, pk)
    require_may_remark(request.user, finding.run.pipeline.project, privileged=asked.privileged)
    return Status(201, remark(finding=finding, acting_user=request.user, **asked.dict()))


@router.post(
    "/findings/{int:pk}/remarks/with-files",
    auth=DISCUSSING,
    response={201: RemarkShown},
    openapi_extra=taking(MOST_ENCLOSURES * LARGEST_ENCLOSURE),
)
def add_remark_with_files(
    request: PersonRequest, pk: int, asked: Form[RemarkAsked], enclosures: File[list[UploadedFile]]
) -> Status:
    """The same with up to five files of at most 20 MB each."""
    finding = get_finding(request.user, pk)
    require_may_remark(request.user, finding.run.pipeline.project, privileged=asked.privileged)
    made: Remark = remark(
        finding=finding, acting_user=request.user, enclosures=pages.kept_enclosures(enclosures), **asked.dict()
    )
    return Status(201, made)


@router.get("/enclosures/{int:pk}", auth=CONTENTS, openapi_extra=a_file("application/octet-stream"))
def get_enclosure_file(request: PersonRequest, pk: int) -> HttpResponseBase:
    """A file that goes with a remark, as bytes."""
    return pages.enclosure(request, pk)


@router.get("/findings/{int:pk}/calls", auth=READING, response=Page[CallBehind])
def list_finding_calls(request: PersonRequest, pk: int, asked: Query[Paged]) -> dict[str, Any]:
    """The recorded calls that the finding is about."""
    return part_of(calls_of_finding(get_finding(request.user, pk)), asked, "pk")


@router.get("/findings/{int:pk}/entries", auth=CONTENTS, response=Page[EntryShown])
def list_finding_entries(request: PersonRequest, pk: int, asked: Query[Paged]) -> dict[str, Any]:
    """The entries of an imported log that the finding rests on."""
    finding = get_finding(request.user, pk)
    require_may_read_contents_of(request.user, finding.run.pipeline.project)
    return part_of(entries_behind(finding), asked, "pk")


@router.get("/finding-views", auth=READING, response=Page[ViewShown])
def list_finding_views(request: PersonRequest, asked: Query[Paged]) -> dict[str, Any]:
    """The filters that one keeps under names."""
    return part_of_rows(SavedView.objects.filter(user=request.user), asked)


@router.post("/finding-views", auth=IN_PERSON, response={201: ViewShown})
def keep_finding_view(request: PersonRequest, asked: ViewAsked) -> Status:
    """Keep a filter under a name; the same name is kept anew."""
    return Status(201, keep_view(acting_user=request.user, **asked.dict()))


@router.delete("/finding-views/{int:pk}", auth=IN_PERSON, response=Done)
def forget_finding_view(request: PersonRequest, pk: int) -> Done:
    """Remove one of one's own views."""
    view = get_object_or_404(SavedView, pk=pk)
    if view.user_id != request.user.pk:
        raise PermissionDenied("This view is somebody else’s.")
    view.delete()
    return Done()
