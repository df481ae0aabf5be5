"""Projects: who belongs to them and as what, who was asked in, and what was done there."""

import datetime as dt
from typing import Any

from django.db import transaction
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from ninja import Field, Query, Router, Schema, Status

from compliance.access import administers_installation, get_project, may, require, visible_projects
from compliance.actions.invitations import end_membership, invite, set_standing, withdraw
from compliance.actions.trail import record
from compliance.api.openings import IN_PERSON, READING
from compliance.api.paging import Page, Paged, part_of, part_of_rows
from compliance.api.shapes import Asked, Day, Done, Json, Key, Person, a_file, cleaned, said
from compliance.models import Invitation, Membership, Project
from compliance.queries.people import members_of, trail_of, with_members
from compliance.roles import Deed
from compliance.views.people_forms import InvitationForm, ProjectForm, StandingForm
from compliance.views.projects import MAKERS, TRAIL
from compliance.views.requests import PersonRequest

router = Router()


class ProjectShown(Schema):
    """A project, and what one is in it."""

    id: int
    slug: str
    name: str
    description: str
    created_at: dt.datetime
    members: int
    standing: str | None = Field(description="One’s own role in it; null: none of its own.")


class ProjectAsked(Asked):
    """A new project."""

    name: str = Field(min_length=1, max_length=120)
    description: str = Field("", max_length=4000)


class MemberShown(Schema):
    """Somebody in a project."""

    id: int
    user: Person
    role: str
    ends_at: dt.datetime | None


class StandingAsked(Asked):
    """A member's role and last day."""

    role: Membership.Role
    ends_on: Day | None = None


class InvitationShown(Schema):
    """Somebody was asked into a project."""

    id: int
    email: str
    role: str
    invited_by: Person
    invited_at: dt.datetime
    expires_at: dt.datetime
    access_ends_at: dt.datetime | None


class InvitationMade(InvitationShown):
    """A new invitation with its link, which is shown once."""

    link: str | None


class InvitationAsked(Asked):
    """Who is asked in, as what, until when."""

    email: str = Field(max_length=254)
    role: Membership.Role = Membership.Role.COUNSEL
    access_ends_on: Day | None = Field(None, description="Needed for outside counsel.")


class TrailAsked(Paged):
    """Which lines of the trail."""

    action: str | None = Field(None, max_length=80)
    person: Key | None = None
    first: Day | None = None
    last: Day | None = None
    words: str | None = Field(None, max_length=100)


class TrailShown(Schema):
    """One line of the trail."""

    id: int
    at: dt.datetime
    user: Person | None = Field(description="null: the system.")
    action: str
    object_type: str
    object_id: str
    object_label: str
    detail: Json


@router.get("/projects", auth=READING, response=Page[ProjectShown])
def list_projects(request: PersonRequest, asked: Query[Paged]) -> dict[str, Any]:
    """Every project that one sees, newest first."""
    return part_of(with_members(visible_projects(request.user), request.user), asked)


@router.post("/projects", auth=IN_PERSON, response={201: ProjectShown})
def make_project(request: PersonRequest, asked: ProjectAsked, response: HttpResponse) -> Status:
    """Make a project: administrators do."""
    require(administers_installation(request.user), MAKERS)
    form = ProjectForm(said(asked))
    cleaned(form)
    with transaction.atomic():
        project = form.save()
        record(acting_user=request.user, action="project made", subject=project, project=project)
    response.headers["Location"] = f"/api/v1/projects/{project.slug}"
    return Status(201, with_members(Project.objects.filter(pk=project.pk), request.user).get())


@router.get("/projects/{slug:slug}", auth=READING, response=ProjectShown)
def get_one_project(request: PersonRequest, slug: str) -> Project:
    """One project."""
    return get_object_or_404(with_members(visible_projects(request.user), request.user), slug=slug)


@router.get("/projects/{slug:slug}/members", auth=READING, response=Page[MemberShown])
def list_members(request: PersonRequest, slug: str, asked: Query[Paged]) -> dict[str, Any]:
    """Who belongs to the project and as what; those whose time is over last."""
    return part_of_rows(members_of(get_project(request.user, slug)), asked)


def _administered(request: PersonRequest, slug: str) -> Project:
    project = get_project(request.user, slug)
    sentence = f"Who belongs to {project} is said by its administrators."
    require(may(request.user, Deed.ADMINISTER, project), sentence)
    return project


@router.put("/projects/{slug:slug}/members/{int:pk}", auth=IN_PERSON, response=MemberShown)
def change_member(request: PersonRequest, slug: str, pk: int, asked: StandingAsked) -> Membership:
    """Another role, or another last day."""
    membership = get_object_or_404(Membership, project=_administered(request, slug), pk=pk)
    set_standing(membership=membership, acting_user=request.user, **cleaned(StandingForm(said(asked))))
    return membership


@router.delete("/projects/{slug:slug}/members/{int:pk}", auth=IN_PERSON, response=Done)
def end_member(request: PersonRequest, slug: str, pk: int) -> Done:
    """Close the project to a member from now on."""
    membership = get_object_or_404(Membership, project=_administered(request, slug), pk=pk)
    end_membership(membership=membership, acting_user=request.user)
    return Done()


@router.get("/projects/{slug:slug}/invitations", auth=READING, response=Page[InvitationShown])
def list_invitations(request: PersonRequest, slug: str, asked: Query[Paged]) -> dict[str, Any]:
    """Invitations that wait to be used."""
    waiting = get_project(request.user, slug).invitations.filter(
        accepted_at=None, withdrawn_at=None, expires_at__gt=timezone.now()
    )
    return part_of(waiting.select_related("invited_by"), asked)


@router.post("/projects/{slug:slug}/invitations", auth=IN_PERSON, response={201: InvitationMade})
def invite_somebody(request: PersonRequest, slug: str, asked: InvitationAsked) -> Status:
    """Ask somebody in. The link is shown once: what an idempotency key keeps of the answer is without it."""
    project = _administered(request, slug)
    data = cleaned(InvitationForm(said(asked)))
    made, secret = invite(project=project, acting_user=request.user, **data)
    request.shown_once = ("link",)  # type: ignore[attr-defined]
    shown: Any = made
    shown.link = request.build_absolute_uri(reverse("invitation", args=[secret]))
    return Status(201, made)


@router.delete("/projects/{slug:slug}/invitations/{int:pk}", auth=IN_PERSON, response=Done)
def withdraw_invitation(request: PersonRequest, slug: str, pk: int) -> Done:
    """Have an invitation's link refused."""
    asked = get_object_or_404(Invitation, project=_administered(request, slug), pk=pk)
    withdraw(invitation=asked, acting_user=request.user)
    return Done()


def _lines(request: PersonRequest, slug: str, asked: TrailAsked) -> Any:
    project = get_project(request.user, slug)
    sentence = f"The trail of {project} is read by its administrators, legal and auditors."
    require(may(request.user, Deed.READ_TRAIL, project), sentence)
    return trail_of(
        project, action=asked.action or "", person=str(asked.person or ""), first=asked.first, last=asked.last,
        words=asked.words or "",
    )  # fmt: skip


@router.get("/projects/{slug:slug}/trail", auth=READING, response=Page[TrailShown])
def list_trail(request: PersonRequest, slug: str, asked: Query[TrailAsked]) -> dict[str, Any]:
    """What was done in the project, by whom and when, newest first."""
    return part_of(_lines(request, slug, asked), asked)


@router.get("/projects/{slug:slug}/trail/csv", auth=READING, openapi_extra=a_file("text/csv"))
def get_trail_csv(request: PersonRequest, slug: str, asked: Query[TrailAsked]) -> StreamingHttpResponse:
    """The same lines as CSV; without the bound of a part."""
    return TRAIL.as_csv(request, _lines(request, slug, asked), f"{slug}-trail")
