"""Projects: who belongs to them, who was asked in, and what was done there."""

import json
from typing import Final

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from compliance.access import administers_installation, get_project, may, reads_whole_trail, require, visible_projects
from compliance.actions.invitations import end_membership, invite, set_standing, withdraw
from compliance.actions.trail import record
from compliance.models import Invitation, Membership, Project, TrailEntry, User
from compliance.queries.people import members_of, trail_of, with_members
from compliance.queries.trail_words import action_words
from compliance.roles import Deed
from compliance.views.lists import Column, Listing, field, wants_csv
from compliance.views.people_forms import InvitationForm, ProjectForm, StandingForm, TrailFilter
from compliance.views.requests import PersonRequest, take_errors

MAKERS = "Projects are made by an administrator."
PROJECTS: Final = Listing(
    "projects",
    (
        field("project", "name", of="name"), field("slug"), field("role", "standing", of="standing"),
        field("people", "members", of="members"), field("description"),
    ),
    words=("name", "description"),
)  # fmt: skip
MEMBERS: Final = Listing(
    "people",
    (
        field("person", "user.username", of="user.username"), Column("name", lambda one: one.user.get_full_name()),
        field("email", of="user.email"), field("role", "role"), field("access_ends", "ends_at", of="ends_at"),
    ),
    words=("user.username", "user.email", "user.first_name", "user.last_name"),
)  # fmt: skip
TRAIL: Final = Listing(
    "trail",
    (
        field("at", "at", "id"), Column("person", lambda line: line.user.username if line.user else "the system"),
        field("deed", of="action"), field("object_type"), field("object_id"), field("object", of="object_label"),
        Column("detail", lambda line: json.dumps(line.detail, ensure_ascii=False, sort_keys=True)),
        field("project", of="project.slug"),
    ),
)  # fmt: skip


def listing(request: PersonRequest) -> HttpResponseBase:
    """Every project that the person sees, and, for administrators, a form for another."""
    makes = administers_installation(request.user)
    if request.method == "POST":
        require(makes, MAKERS)
    found = with_members(visible_projects(request.user), request.user)
    if wants_csv(request):
        return PROJECTS.as_csv(request, found)
    form = ProjectForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with transaction.atomic():
            project = form.save()
            record(acting_user=request.user, action="project made", subject=project, project=project)
        return redirect("project-people", slug=project.slug)
    context = {
        **PROJECTS.shown(request, found),
        "roles": dict(Membership.Role.choices),
        "form": form if makes else None,
        "reads_trail": reads_whole_trail(request.user),
    }
    return render(request, "people/project_list.html", context, status=422 if form.errors else 200)


def people(request: PersonRequest, slug: str) -> HttpResponseBase:
    """Who belongs to the project and as what; its administrators change it."""
    project = get_project(request.user, slug)
    if wants_csv(request):
        return MEMBERS.as_csv(request, members_of(project), f"{project.slug}-people")
    return _people(request, project, InvitationForm())


def _people(request: PersonRequest, project: Project, form: InvitationForm, status: int = 200) -> HttpResponse:
    waiting = project.invitations.filter(accepted_at=None, withdrawn_at=None, expires_at__gt=timezone.now())
    context = {
        "project": project,
        **MEMBERS.shown(request, members_of(project)),
        "roles": Membership.Role.choices,
        "now": timezone.now(),
        "waiting": waiting.select_related("invited_by"),
        "form": form,
        "administers": may(request.user, Deed.ADMINISTER, project),
        "reads_trail": may(request.user, Deed.READ_TRAIL, project),
        "link": request.session.pop("invitation_link", None),
    }
    return render(request, "people/project_people.html", context, status=status)


def _administered(request: PersonRequest, slug: str) -> Project:
    project = get_project(request.user, slug)
    sentence = f"Who belongs to {project} is said by its administrators."
    require(may(request.user, Deed.ADMINISTER, project), sentence)
    return project


@require_POST
def ask_in(request: PersonRequest, slug: str) -> HttpResponse:
    """Invite somebody; the link is shown once."""
    project = _administered(request, slug)
    form = InvitationForm(request.POST)
    if not form.is_valid():
        return _people(request, project, form, status=422)
    try:
        _, secret = invite(project=project, acting_user=request.user, **form.cleaned_data)
    except ValidationError as error:
        take_errors(form, error, {"access_ends_at": "access_ends_on"})
        return _people(request, project, form, status=422)
    request.session["invitation_link"] = request.build_absolute_uri(reverse("invitation", args=[secret]))
    return redirect("project-people", slug=slug)


@require_POST
def withdraw_invitation(request: PersonRequest, slug: str, pk: int) -> HttpResponse:
    """Have the link refused."""
    project = _administered(request, slug)
    withdraw(invitation=get_object_or_404(Invitation, project=project, pk=pk), acting_user=request.user)
    return redirect("project-people", slug=slug)


@require_POST
def change_member(request: PersonRequest, slug: str, pk: int) -> HttpResponse:
    """Another role, another end, or none of the project any more."""
    project = _administered(request, slug)
    membership = get_object_or_404(Membership, project=project, pk=pk)
    form = StandingForm(request.POST)
    try:
        if "end" in request.POST:
            end_membership(membership=membership, acting_user=request.user)
        elif form.is_valid():
            set_standing(membership=membership, acting_user=request.user, **form.cleaned_data)
        else:
            messages.error(request, " ".join(str(complaint) for held in form.errors.values() for complaint in held))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    return redirect("project-people", slug=slug)


@require_GET
def trail(request: PersonRequest, slug: str) -> HttpResponseBase:
    """What was done in the project, by whom and when; as CSV on demand."""
    project = get_project(request.user, slug)
    sentence = f"The trail of {project} is read by its administrators, legal and auditors."
    require(may(request.user, Deed.READ_TRAIL, project), sentence)
    return _trail(request, project)


@require_GET
def whole_trail(request: PersonRequest) -> HttpResponseBase:
    """The same for the whole installation: rules, people, sign-ins and tokens too."""
    sentence = "The installation’s trail is read by its administrators, legal and auditors."
    require(reads_whole_trail(request.user), sentence)
    return _trail(request, None)


def _trail(request: PersonRequest, project: Project | None) -> HttpResponseBase:
    lines = TrailEntry.objects.filter(project=project) if project else TrailEntry.objects.all()
    form = TrailFilter(request.GET)
    form.fields["action"].choices = [  # type: ignore[attr-defined]
        ("", "any"), *((one, action_words(one)) for one in _actions(lines)),
    ]  # fmt: skip
    people_there = _people_of(lines).values_list("pk", "username")
    form.fields["person"].choices = [("", "anybody"), *((str(pk), name) for pk, name in people_there)]  # type: ignore[attr-defined]
    found = trail_of(project, **(form.cleaned_data if form.is_valid() else {}))
    if wants_csv(request):
        return TRAIL.as_csv(request, found, f"{project.slug if project else 'installation'}-trail")
    context = TRAIL.shown(request, found) | {"project": project, "form": form}
    return render(request, "people/project_trail.html" if project else "people/trail.html", context)


def _people_of(lines: QuerySet[TrailEntry]) -> QuerySet[User]:
    """Who wrote any of the lines: people are few and lines are many, so each of the people is looked up among the lines."""
    return User.objects.filter(Exists(lines.filter(user=OuterRef("pk")))).order_by("username")


def _actions(lines: QuerySet[TrailEntry]) -> QuerySet[TrailEntry, str]:
    return lines.order_by("action").values_list("action", flat=True).distinct()
