"""Who is asked into a project, as what, for how long, and what the trail says of it."""

import datetime as dt
import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from compliance.models import Invitation, Membership, Project, TrailEntry, User
from tests.factories import make_project, make_user

pytestmark = pytest.mark.django_db
STRONG = "seven-otters-under-the-bridge"


@pytest.fixture
def project() -> Project:
    return make_project("Acme assistants")


@pytest.fixture
def keeper(project: Project) -> User:
    """The project's own administrator."""
    return member(project, Membership.Role.ADMINISTRATOR)


def member(project: Project, role: str) -> User:
    person = make_user()
    Membership.objects.create(project=project, user=person, role=role)
    return person


def signed_in(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


def invite_link(client: Client, project: Project, **data: str) -> str:
    """Fills in the form and reads the link off the page, as a person would."""
    posted = {"email": "counsel@firm.example", "role": "counsel", "access_ends_on": "2027-01-31", **data}
    page = client.post(reverse("project-invite", args=[project.slug]), posted, follow=True).content.decode()
    found = re.search(r"http://testserver(/invitations/[^<\s]+)", page)
    assert found, page
    return found[1]


def test_outside_counsel_comes_by_a_link_with_an_account_of_their_own(project: Project, keeper: User):
    link = invite_link(signed_in(keeper), project)
    client = Client()
    page = client.get(link).content.decode()
    assert "Join Acme assistants" in page
    assert 'Access lasts until <time datetime="2027-01-31">31 January 2027</time>' in page, "the day that was chosen"
    assert TrailEntry.objects.get(action="person invited").detail["until"] == "2027-01-31"
    answer = client.post(link, {"full_name": "Ada Okoye", "username": "ada", "password": STRONG})
    assert answer.headers["Location"] == reverse("project-people", args=[project.slug])
    assert "You belong to Acme assistants now, as outside counsel." in client.get(answer["Location"]).content.decode()
    ada = User.objects.get(username="ada")
    standing = ada.memberships.get()
    assert (ada.email, ada.role, standing.role) == ("counsel@firm.example", "member", "counsel")
    assert standing.ends_at == dt.datetime(2027, 2, 1, tzinfo=dt.UTC)
    assert client.get(reverse("project-people", args=[project.slug])).status_code == 200
    deeds = TrailEntry.objects.filter(project=project).values_list("action", flat=True)
    assert {"person invited", "invitation accepted"} <= set(deeds)


def test_a_link_works_once(project: Project, keeper: User):
    link = invite_link(signed_in(keeper), project)
    Client().post(link, {"full_name": "Ada", "username": "ada", "password": STRONG})
    again = Client().get(link)
    assert again.status_code == 410
    assert "no longer works" in again.content.decode()


@pytest.mark.parametrize("change", ["expires_at", "withdrawn_at"])
def test_an_expired_or_withdrawn_link_is_refused(project: Project, keeper: User, change: str):
    link = invite_link(signed_in(keeper), project)
    Invitation.objects.update(**{change: timezone.now()})
    assert Client().post(link, {"full_name": "Ada", "username": "ada", "password": STRONG}).status_code == 410
    assert not User.objects.filter(username="ada").exists()


def test_a_link_is_of_no_use_to_somebody_else(project: Project, keeper: User):
    link = invite_link(signed_in(keeper), project)
    thief = signed_in(make_user(email="mallory@example.org"))
    answer = thief.post(link)
    assert answer.status_code == 422
    assert "is for counsel@firm.example" in answer.content.decode()
    assert thief.get(reverse("project-people", args=[project.slug])).status_code == 404


def test_a_weak_password_is_refused_and_what_was_typed_stays(project: Project, keeper: User):
    link = invite_link(signed_in(keeper), project)
    answer = Client().post(link, {"full_name": "Ada Okoye", "username": "ada", "password": "password1234"})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "too common" in page
    assert 'value="Ada Okoye"' in page


def test_outside_counsel_does_not_come_without_an_end(project: Project, keeper: User):
    data = {"email": "a@firm.example", "role": "counsel"}
    answer = signed_in(keeper).post(reverse("project-invite", args=[project.slug]), data)
    assert answer.status_code == 422
    assert "say until when" in answer.content.decode()
    assert not Invitation.objects.exists()


@pytest.mark.parametrize("role", ["viewer", "engineer", "legal", "approver", "auditor", "counsel"])
def test_only_administrators_say_who_belongs(project: Project, role: str):
    person, other = member(project, role), member(project, "engineer")
    client, slug = signed_in(person), project.slug
    assert client.post(reverse("project-invite", args=[slug]), {}).status_code == 403
    address = reverse("project-member", args=[slug, other.memberships.get().pk])
    assert client.post(address, {"role": "administrator"}).status_code == 403
    assert other.memberships.get().role == "engineer"


def test_nobody_raises_their_own_role(project: Project, keeper: User):
    mine = keeper.memberships.get()
    page = signed_in(keeper).post(
        reverse("project-member", args=[project.slug, mine.pk]), {"role": "legal"}, follow=True
    )
    assert "Somebody else changes your role." in page.content.decode()
    mine.refresh_from_db()
    assert mine.role == "administrator"


def test_an_ended_membership_closes_the_project_at_once(project: Project, keeper: User):
    engineer = member(project, "engineer")
    client = signed_in(engineer)
    assert client.get(reverse("project-people", args=[project.slug])).status_code == 200
    address = reverse("project-member", args=[project.slug, engineer.memberships.get().pk])
    signed_in(keeper).post(address, {"end": "1"})
    assert client.get(reverse("project-people", args=[project.slug])).status_code == 404


def test_the_trail_is_read_by_auditors_and_taken_as_csv_without_formulas(project: Project, keeper: User):
    Project.objects.filter(pk=project.pk).update(name="=cmd|' /C calc'!A0")
    invite_link(signed_in(keeper), project)
    auditor = signed_in(member(project, "auditor"))
    assert "Person invited" in auditor.get(reverse("project-trail", args=[project.slug])).content.decode()
    answer: Any = auditor.get(reverse("project-trail", args=[project.slug]), {"as": "csv"})
    lines = b"".join(answer.streaming_content).decode().splitlines()
    assert lines[0].startswith("at,person,deed")
    assert "person invited" in lines[1]
    assert not [cell for line in lines for cell in line.split(",") if cell.startswith("=")]
    engineer = signed_in(member(project, "engineer"))
    assert engineer.get(reverse("project-trail", args=[project.slug])).status_code == 403


def test_administrators_make_projects_in_the_page(project: Project):
    client = signed_in(make_user("administrator"))
    answer = client.post(reverse("projects"), {"name": "New assistants", "description": ""})
    assert answer.headers["Location"] == reverse("project-people", args=["new-assistants"])
    twice = client.post(reverse("projects"), {"name": "New  assistants"})
    assert "of this name exists" in twice.content.decode()
    assert signed_in(make_user("legal")).post(reverse("projects"), {"name": "Mine"}).status_code == 403
