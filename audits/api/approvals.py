"""Approving a run: what it lacks, what is put forward, who signed, the certificate."""

import datetime as dt
from typing import Any, Literal

from django.http import HttpResponse
from ninja import Field, Query, Router, Schema, Status

from audits.access import get_approval, get_run, require_may_approve, require_may_ask_for_approval
from audits.actions.approvals import MOST_SIGNERS, MOST_STEPS, present_step, sign, why_not, withdraw_approval
from audits.api.told import Certificate
from audits.models import Approval
from audits.procedures.approving import ask_for_approval, certificate, has_changed_since
from audits.queries.readiness import bars_approval, lacks_of
from compliance.api.openings import IN_PERSON, READING
from compliance.api.paging import Page, Paged, part_of
from compliance.api.shapes import Asked, Json, Person, Reason
from compliance.problems import Problem
from compliance.views.requests import PersonRequest

router = Router()


class Lacking(Schema):
    """One thing that is missing before somebody signs, and how to mend it."""

    weight: str = Field(description="grave: it bars approval; advice: it stands beside the signatures.")
    kind: str
    words: str
    mend: str
    address: str = Field(description="The page where it is mended.")


class Readiness(Schema):
    """What an audit lacks."""

    barred: bool
    lacks: list[Lacking]


class StepAsked(Asked):
    """One step: its name, and how many people sign it."""

    name: str = Field(min_length=1, max_length=80)
    quorum: int = Field(ge=1, le=MOST_SIGNERS)


class ApprovalAsked(Asked):
    """The steps, in order. Nobody signs what they decided or asked for."""

    steps: list[StepAsked] = Field(min_length=1, max_length=MOST_STEPS)


class SignatureShown(Schema):
    """One person's word on one step."""

    step: int
    word: str
    reason: str
    signed_by: Person
    signed_at: dt.datetime
    context_sha256: str


class ApprovalShown(Schema):
    """An audit put forward for approval."""

    id: int
    run: int = Field(alias="run_id")
    number: int
    context_sha256: str
    steps: list[Json]
    warnings: list[Json]
    asked_by: Person
    asked_at: dt.datetime
    completed_at: dt.datetime | None
    withdrawn_at: dt.datetime | None
    withdrawal_reason: str
    signatures: list[SignatureShown]

    @staticmethod
    def resolve_signatures(obj: Any) -> list[Any]:
        return list(obj.signatures.all())


class ApprovalInFull(ApprovalShown):
    """An approval with the frozen record that is signed."""

    context: Json
    present_step: int | None
    changed_since: bool = Field(description="Whether findings or decisions are no longer what was put forward.")
    why_you_may_not_sign: str


class SignatureAsked(Asked):
    """One's word on what was read."""

    word: Literal["approved", "refused"]
    context_sha256: str = Field(min_length=64, max_length=64, description="Of the record that you read.")
    reason: str = Field("", max_length=4000, description="Needed for a refusal.")


class WithdrawalAsked(Asked):
    """Why it is taken back."""

    reason: Reason


@router.get("/runs/{int:pk}/readiness", auth=READING, response=Readiness)
def get_readiness(request: PersonRequest, pk: int) -> dict[str, Any]:
    """What the audit lacks before somebody signs it, each with a way to mend it."""
    lacks = lacks_of(get_run(request.user, pk))
    return {"barred": bars_approval(lacks), "lacks": [one.as_json() for one in lacks]}


@router.get("/runs/{int:pk}/approvals", auth=READING, response=Page[ApprovalShown])
def list_approvals(request: PersonRequest, pk: int, asked: Query[Paged]) -> dict[str, Any]:
    """The run's approvals, newest first."""
    found = Approval.objects.filter(run=get_run(request.user, pk)).select_related("asked_by")
    return part_of(found.prefetch_related("signatures__signed_by").defer("context"), asked)


@router.post("/runs/{int:pk}/approvals", auth=IN_PERSON, response={201: ApprovalInFull})
def ask_approval(request: PersonRequest, pk: int, asked: ApprovalAsked, response: HttpResponse) -> Status:
    """Freeze the run as it stands, and put it forward."""
    run = get_run(request.user, pk)
    require_may_ask_for_approval(request.user, run.pipeline.project)
    made = ask_for_approval(run, [one.dict() for one in asked.steps], request.user)
    response.headers["Location"] = f"/api/v1/approvals/{made.pk}"
    return Status(201, _in_full(request, made))


@router.get("/approvals/{int:pk}", auth=READING, response=ApprovalInFull)
def get_approval_in_full(request: PersonRequest, pk: int) -> Approval:
    """One approval: exactly the record that its signatures name by its hash."""
    return _in_full(request, get_approval(request.user, pk))


def _in_full(request: PersonRequest, found: Approval) -> Approval:
    found.refresh_from_db()
    shown: Any = found
    shown.present_step = present_step(found)
    shown.changed_since = has_changed_since(found)
    shown.why_you_may_not_sign = why_not(found, request.user)
    return found


@router.post("/approvals/{int:pk}/signatures", auth=IN_PERSON, response={201: ApprovalInFull})
def sign_approval(request: PersonRequest, pk: int, asked: SignatureAsked) -> Status:
    """One's word on the present step, over the record that one read: by an approver, in person."""
    approval = get_approval(request.user, pk)
    require_may_approve(request.user, approval.run.pipeline.project)
    sign(approval=approval, acting_user=request.user, **asked.dict())
    return Status(201, _in_full(request, approval))


@router.post("/approvals/{int:pk}/withdraw", auth=IN_PERSON, response=ApprovalInFull)
def withdraw_one_approval(request: PersonRequest, pk: int, asked: WithdrawalAsked) -> Approval:
    """Take an approval back, open or complete; its signatures stay on record."""
    approval = get_approval(request.user, pk)
    require_may_ask_for_approval(request.user, approval.run.pipeline.project)
    withdraw_approval(approval=approval, reason=asked.reason, acting_user=request.user)
    return _in_full(request, approval)


@router.get("/approvals/{int:pk}/certificate", auth=READING, response=Certificate, by_alias=True)
def get_certificate(request: PersonRequest, pk: int) -> Json:
    """The signed certificate of a completed approval (DSSE). 409 while it is not complete, or once it is withdrawn."""
    approval = get_approval(request.user, pk)
    try:
        return certificate(approval)
    except ValueError as error:
        raise Problem(409, f"{str(error).capitalize()}.") from error
