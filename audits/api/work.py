"""Work: what engineers have to change, remedies that runs prove, and facts that named people are asked for."""

import datetime as dt
from typing import Any, Literal

from django.http import HttpResponse, HttpResponseBase
from ninja import Field, File, Form, Query, Router, Schema, Status, UploadedFile

from audits.access import (
    get_finding,
    get_remedy,
    get_request,
    require_may_answer,
    require_may_ask,
    require_may_assign,
    require_may_claim,
    require_may_reply,
    require_may_withdraw,
    visible_remedies,
    visible_requests,
)
from audits.actions.asking import ask_for_fact, withdraw_request
from audits.actions.remarks import LARGEST_ENCLOSURE
from audits.actions.remedies import ask_for_remedy, claim_remedy, drop_remedy, move_remedy
from audits.api.shapes import FindingName
from audits.models import FactRequest, Remedy
from audits.queries.people import people_of_project
from audits.queries.work import places_of, steps_for
from audits.views import asked as pages
from audits.views.asked_forms import AskForm, reply_form
from audits.views.work_forms import RemedyForm
from compliance.api.bounds import taking
from compliance.api.openings import CONTENTS, IN_PERSON, READING, RUNNING
from compliance.api.paging import Page, Paged, part_of
from compliance.api.shapes import Asked, Json, Key, Person, a_file, cleaned, said
from compliance.views.requests import PersonRequest

router = Router()


class RemediesAsked(Paged):
    """Which work."""

    project: str | None = Field(None, max_length=60, description="Slug of a project.")
    state: Remedy.State | None = None
    whose: Literal["me"] | None = None


class RemedyShown(Schema):
    """A piece of work that makes a finding go away: done is what the next run shows."""

    id: int
    finding: FindingName
    what: str
    owner: Person
    due_on: dt.date
    asked_by: Person
    asked_at: dt.datetime
    state: str
    claimed_at: dt.datetime | None
    settled_at: dt.datetime | None
    settled_run: int | None = Field(alias="settled_run_id", description="The run that showed it, or showed otherwise.")
    why: str
    decisions: list[int] = Field(description="Decisions “remediated” that rest on it, newest first.")

    @staticmethod
    def resolve_decisions(obj: Any) -> list[int]:
        return [one.pk for one in obj.decisions.all()]


class RemedyAsked(Asked):
    """What is to be changed, by whom, until when."""

    what: str = Field(min_length=1, max_length=4000)
    owner: Key = Field(description="A person’s id.")
    due_on: dt.date


class Claimed(Asked):
    """What was changed."""

    words: str = Field("", max_length=4000)


class Dropped(Asked):
    """Why the work is given up."""

    reason: str = Field(min_length=1, max_length=4000)


class Advice(Schema):
    """Where in the code a finding comes from, and what can be done about it."""

    places: list[Json]
    steps: list[Json]


class RequestsAsked(Paged):
    """Which requests."""

    whose: Literal["asked_of_me", "asked_by_me"] | None = None
    state: Literal["open", "closed"] | None = None


class RequestShown(Schema):
    """A fact that somebody is asked for."""

    id: int
    finding: FindingName
    fact: str
    provider: str
    student: str
    form: str
    choices: list[str]
    question: str
    asked_by: Person
    asked_of: Person
    asked_at: dt.datetime
    due_on: dt.date | None
    reply: str
    document_name: str
    replied_at: dt.datetime | None
    withdrawn_at: dt.datetime | None
    withdrawal_reason: str


class QuestionAsked(Asked):
    """A fact that rules ask for, or a question in one's own words; the person who is asked, and until when."""

    fact: str = Field("", max_length=80)
    question: str = Field("", max_length=4000)
    form: FactRequest.Form = FactRequest.Form.TEXT
    choices: list[str] = Field(default_factory=list, max_length=50)
    asked_of: Key = Field(description="A person’s id.")
    due_on: dt.date | None = None


class ReplyAsked(Asked):
    """A reply: for a fact its value, reason and first day; else words."""

    value: bool | int | str | None = None
    reason: str = Field("", max_length=4000)
    valid_from: dt.date | None = None
    reply: str = Field("", max_length=4000)


class WordsAsked(Asked):
    """What is said beside a document."""

    reply: str = Field("", max_length=4000)


@router.get("/remedies", auth=READING, response=Page[RemedyShown])
def list_remedies(request: PersonRequest, asked: Query[RemediesAsked]) -> dict[str, Any]:
    """Work in the projects that one sees, newest first."""
    narrowed = {
        "project__slug": asked.project, "state": asked.state, "owner": request.user.pk if asked.whose else None,
    }  # fmt: skip
    found = visible_remedies(request.user).prefetch_related("decisions")
    return part_of(found.filter(**{path: value for path, value in narrowed.items() if value}), asked)


@router.get("/remedies/{int:pk}", auth=READING, response=RemedyShown)
def get_one_remedy(request: PersonRequest, pk: int) -> Remedy:
    """One piece of work."""
    return get_remedy(request.user, pk)


@router.get("/findings/{int:pk}/advice", auth=READING, response=Advice)
def get_advice(request: PersonRequest, pk: int) -> dict[str, Any]:
    """Where in the code the finding comes from, and what an engineer can do about it."""
    finding = get_finding(request.user, pk)
    scan = finding.run.scan
    return {
        "places": [vars(one) for one in places_of(finding, scan)],
        "steps": [vars(one) for one in steps_for(finding)],
    }


@router.post("/findings/{int:pk}/remedies", auth=RUNNING, response={201: RemedyShown})
def ask_remedy(request: PersonRequest, pk: int, asked: RemedyAsked, response: HttpResponse) -> Status:
    """Give somebody work on a finding."""
    finding = get_finding(request.user, pk)
    project = finding.run.pipeline.project
    require_may_assign(request.user, project)
    data = cleaned(RemedyForm(said(asked), people=people_of_project(project)))
    made = ask_for_remedy(finding=finding, acting_user=request.user, **data)
    response.headers["Location"] = f"/api/v1/remedies/{made.pk}"
    return Status(201, made)


@router.put("/remedies/{int:pk}", auth=RUNNING, response=RemedyShown)
def change_remedy(request: PersonRequest, pk: int, asked: RemedyAsked) -> Remedy:
    """Another owner, day or words."""
    held = get_remedy(request.user, pk)
    require_may_assign(request.user, held.project)
    data = cleaned(RemedyForm(said(asked), people=people_of_project(held.project)))
    move_remedy(remedy=held, acting_user=request.user, **data)
    return get_remedy(request.user, pk)


@router.post("/remedies/{int:pk}/claim", auth=IN_PERSON, response=RemedyShown)
def claim_one_remedy(request: PersonRequest, pk: int, asked: Claimed) -> Remedy:
    """The owner says that it is changed; the next run shows whether it is."""
    held = get_remedy(request.user, pk)
    require_may_claim(request.user, held)
    claim_remedy(remedy=held, acting_user=request.user, words=asked.words)
    return get_remedy(request.user, pk)


@router.post("/remedies/{int:pk}/drop", auth=RUNNING, response=RemedyShown)
def drop_one_remedy(request: PersonRequest, pk: int, asked: Dropped) -> Remedy:
    """Give the work up, with a reason."""
    held = get_remedy(request.user, pk)
    require_may_assign(request.user, held.project)
    drop_remedy(remedy=held, acting_user=request.user, reason=asked.reason)
    return get_remedy(request.user, pk)


@router.get("/fact-requests", auth=READING, response=Page[RequestShown])
def list_fact_requests(request: PersonRequest, asked: Query[RequestsAsked]) -> dict[str, Any]:
    """What is asked of people in the projects that one sees, newest first."""
    found = visible_requests(request.user)
    if asked.whose:
        found = found.filter(**{asked.whose.removesuffix("_me"): request.user})
    if asked.state:
        still = {"replied_at": None, "withdrawn_at": None}
        found = found.filter(**still) if asked.state == "open" else found.exclude(**still)
    return part_of(found, asked)


@router.get("/fact-requests/{int:pk}", auth=READING, response=RequestShown)
def get_fact_request(request: PersonRequest, pk: int) -> FactRequest:
    """One request."""
    return get_request(request.user, pk)


@router.post("/findings/{int:pk}/fact-requests", auth=IN_PERSON, response={201: RequestShown})
def ask_fact(request: PersonRequest, pk: int, asked: QuestionAsked) -> Status:
    """Ask a person of the project for a fact that a finding needs."""
    finding = get_finding(request.user, pk)
    project = finding.run.pipeline.project
    require_may_ask(request.user, project)
    given = said(asked, choices="\n".join(asked.choices))
    data = cleaned(AskForm(given, finding=finding, people=people_of_project(project)))
    made = ask_for_fact(finding=finding, acting_user=request.user, **data)
    return Status(201, get_request(request.user, made.pk))


@router.post("/fact-requests/{int:pk}/reply", auth=IN_PERSON, response=RequestShown)
def reply_to_request(request: PersonRequest, pk: int, asked: ReplyAsked) -> FactRequest:
    """Answer in place: a fact goes on record, words stay words."""
    held = _to_reply(request, pk)
    value = str(asked.value).lower() if isinstance(asked.value, bool) else asked.value
    given = {**said(asked, value=value), "fact": held.fact, "provider": held.provider}
    pages.answered(request, held, cleaned(reply_form(held, given)))
    return get_request(request.user, pk)


@router.post(
    "/fact-requests/{int:pk}/reply/with-document",
    auth=IN_PERSON,
    response=RequestShown,
    openapi_extra=taking(LARGEST_ENCLOSURE),
)
def reply_with_document(
    request: PersonRequest, pk: int, asked: Form[WordsAsked], document: File[UploadedFile]
) -> FactRequest:
    """Answer with a document, at most 20 MB."""
    held = _to_reply(request, pk)
    pages.answered(request, held, cleaned(reply_form(held, asked.dict(), {"document": document})))
    return get_request(request.user, pk)


def _to_reply(request: PersonRequest, pk: int) -> FactRequest:
    held = get_request(request.user, pk)
    require_may_reply(request.user, held)
    if held.fact:
        require_may_answer(request.user, pages.scope_of(held), held.fact)
    return held


@router.post("/fact-requests/{int:pk}/withdraw", auth=IN_PERSON, response=RequestShown)
def withdraw_fact_request(request: PersonRequest, pk: int, asked: Claimed) -> FactRequest:
    """Ask no longer."""
    held = get_request(request.user, pk)
    require_may_withdraw(request.user, held)
    withdraw_request(request=held, acting_user=request.user, reason=asked.words)
    return get_request(request.user, pk)


@router.get("/fact-requests/{int:pk}/document", auth=CONTENTS, openapi_extra=a_file("application/octet-stream"))
def get_request_document(request: PersonRequest, pk: int) -> HttpResponseBase:
    """The document that somebody gave as an answer."""
    return pages.document(request, pk)
