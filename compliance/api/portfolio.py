"""The portfolio: what may be done with whose models, and the policies that gateways were handed."""

import datetime as dt
from typing import Any, Literal

from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404
from ninja import Field, Query, Router, Schema, Status

from compliance.access import may_issue_policies, require
from compliance.actions.policies import issue_policy
from compliance.api.openings import IN_PERSON, READING
from compliance.api.paging import Page, Paged, part_of
from compliance.api.shapes import Asked, Json, Person, a_file, cleaned, said
from compliance.api.told import PortfolioTold
from compliance.engine.vocabulary import ACTIVITIES
from compliance.exchange.portfolio_tables import to_json
from compliance.models import IssuedPolicy
from compliance.queries.policies import visible_policies
from compliance.queries.portfolio import portfolio
from compliance.views import portfolio as pages
from compliance.views.portfolio_forms import PolicyForm, PortfolioForm
from compliance.views.requests import PersonRequest

router = Router()
YesNo = Literal["yes", "no"]


class PortfolioAsked(Schema):
    """What the matrix is asked; what is left out is unknown, or the plainest case, today."""

    on: dt.date | None = None
    shown: str | None = Field(None, max_length=20, description="How models are reached.")
    served_by: str | None = Field(None, max_length=60)
    provider: str | None = Field(None, max_length=60)
    kind: str | None = Field(None, max_length=40, description="Of the student.")
    general_purpose: YesNo | None = None
    competes: YesNo | None = None
    distributed: YesNo | None = None
    commercial: YesNo | None = None
    trained_there: YesNo | None = None
    modality: str | None = Field(None, max_length=40)
    region: str | None = Field(None, max_length=3)


class PolicyShown(Schema):
    """A policy that a gateway was handed, with the hashes by which it is found again."""

    id: int
    form: str
    on: dt.date
    purposes: list[str]
    rulebook_sha256: str
    matrix_sha256: str
    content_sha256: str
    made_by: Person
    made_at: dt.datetime


class PoliciesAsked(Paged):
    """Found again by any hash in them."""

    hash: str = Field("", max_length=80)


class PolicyAsked(Asked):
    """A policy for a gateway from the matrix."""

    form: IssuedPolicy.Form
    purposes: list[Literal[tuple(ACTIVITIES)]] = Field(min_length=1, max_length=20)  # type: ignore[valid-type]
    conditional: str = Field("block", max_length=20)
    unknown: Literal["block", "allow"] = "block"


def _form(request: PersonRequest, asked: PortfolioAsked) -> PortfolioForm:
    given = QueryDict(mutable=True)
    given.update(said(asked))
    form = pages.form_of(request, given)
    cleaned(form)
    return form


@router.get("/portfolio", auth=READING, response=PortfolioTold)
def get_portfolio(request: PersonRequest, asked: Query[PortfolioAsked]) -> Json:
    """What may be done with whose models: each cell with its state, and the hash of the rulebook that gave it."""
    found = portfolio(_form(request, asked).question())
    return dict(to_json(found.rows, found.asked.on, found.rulebook_sha256, found.asked.facts))


@router.get("/policies", auth=READING, response=Page[PolicyShown])
def list_policies(request: PersonRequest, asked: Query[PoliciesAsked]) -> dict[str, Any]:
    """Policies that were handed out, newest first."""
    wanted = asked.hash.strip().removeprefix("sha256:").lower()
    return part_of(visible_policies(request.user, wanted).select_related("made_by"), asked)


@router.post("/policies", auth=IN_PERSON, response={201: PolicyShown})
def issue_one_policy(request: PersonRequest, about: Query[PortfolioAsked], asked: PolicyAsked) -> Status:
    """Hand a gateway what the matrix says, as it stands; the policy is kept."""
    require(may_issue_policies(request.user), pages.ISSUERS)
    form, told = _form(request, about), cleaned(PolicyForm(said(asked)))
    question = pages.reached(form.question(tuple(told["purposes"])), told["form"])
    made = issue_policy(
        form=told["form"], portfolio=portfolio(question), conditional=told["conditional"],
        unknown=told["unknown"] == "allow", project=form.project, acting_user=request.user,
    )  # fmt: skip
    return Status(201, made)


@router.get("/policies/{int:pk}", auth=READING, response=PolicyShown)
def get_policy(request: PersonRequest, pk: int) -> IssuedPolicy:
    """One policy."""
    return get_object_or_404(visible_policies(request.user).select_related("made_by"), pk=pk)


@router.get("/policies/{int:pk}/file", auth=READING, openapi_extra=a_file("application/yaml", "application/json"))
def get_policy_file(request: PersonRequest, pk: int) -> HttpResponse:
    """The policy's file, byte for byte as it was handed out."""
    return pages.policy_file(request, pk)
