"""People, a project with a completed run, and clients that are signed in."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from django.test import Client

from audits.models import Finding, Run
from compliance.models import Project, User
from tests.factories import make_completed_run, make_pipeline, make_project, make_user

SignedIn = Callable[[User], Client]


@dataclass(frozen=True)
class World:
    """One project with a completed run; its engineer, its legal member, and people of other standing."""

    project: Project
    run: Run
    finding: Finding
    engineer: User
    member_legal: User
    outsider: User
    legal: User
    administrator: User


@pytest.fixture
def world(db: None) -> World:
    engineer, member_legal, outsider = make_user(), make_user(), make_user()
    project = make_project(engineers=(engineer,), legal=(member_legal,))
    make_project("Another project", engineers=(outsider,))
    run = make_completed_run(make_pipeline(project))
    return World(
        project=project,
        run=run,
        finding=run.findings.get(),
        engineer=engineer,
        member_legal=member_legal,
        outsider=outsider,
        legal=make_user(User.Role.LEGAL),
        administrator=make_user(User.Role.ADMINISTRATOR),
    )


@pytest.fixture
def signed_in() -> SignedIn:
    """A client signed in as the person given."""

    def sign_in(person: User) -> Client:
        client = Client()
        client.force_login(person)
        return client

    return sign_in
