"""Who may see and do what: every role, every standing in a project, every action."""

import datetime as dt
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.utils import timezone

from compliance.access import (
    get_project,
    may,
    may_decide,
    may_edit_rules,
    may_run_audits,
    may_use_this_machine,
    require,
    visible_projects,
)
from compliance.models import Membership, Project, User
from compliance.roles import EVERYWHERE, IN_PROJECT, Deed
from tests.factories import make_project, make_user

pytestmark = pytest.mark.django_db
NONE = frozenset[str]()
SEES = {"see", "read contents"}
RUNS = SEES | {"run", "report"}
REVIEWS = SEES | {"decide", "report", "privileged"}
HOUSE = RUNS | {"edit rules", "people"}
LEGAL = REVIEWS | {"approve", "edit rules"}
# (role in the installation, standing in the project) → what the person may do there
MATRIX = {
    ("member", None): NONE,
    ("member", "viewer"): {"see"},
    ("member", "engineer"): RUNS,
    ("member", "legal"): REVIEWS,
    ("member", "approver"): SEES | {"approve", "report", "privileged"},
    ("member", "administrator"): RUNS | {"people"},
    ("member", "auditor"): SEES | {"privileged"},
    ("member", "counsel"): SEES | {"privileged"},
    ("auditor", None): SEES | {"privileged"},
    ("auditor", "engineer"): RUNS | {"privileged"},
    ("legal", None): LEGAL,
    ("legal", "engineer"): LEGAL | {"run"},
    ("legal", "legal"): LEGAL,
    ("administrator", None): HOUSE,
    ("administrator", "engineer"): HOUSE,
    ("administrator", "legal"): HOUSE | REVIEWS,
}


def person(role: str, standing: str | None, project: Project, **fields: Any) -> User:
    made = make_user(role, **fields)
    if standing:
        Membership.objects.create(project=project, user=made, role=standing)
    return made


def allowed(user: User, project: Project) -> set[str]:
    told = {
        "see": visible_projects(user).filter(pk=project.pk).exists(),
        "run": may_run_audits(user, project),
        "decide": may_decide(user, project),
        "edit rules": may_edit_rules(user),
        "read contents": may(user, Deed.READ_CONTENTS, project),
        "report": may(user, Deed.REPORT, project),
        "approve": may(user, Deed.APPROVE, project),
        "privileged": may(user, Deed.READ_PRIVILEGED, project),
        "people": may(user, Deed.ADMINISTER, project),
    }
    return {action for action, may in told.items() if may}


@pytest.mark.parametrize(("role", "standing"), MATRIX)
def test_what_each_role_may_do_in_each_standing(role: str, standing: str | None):
    project = make_project()
    assert allowed(person(role, standing, project), project) == MATRIX[role, standing]


@pytest.mark.parametrize(("role", "standing"), [*MATRIX, ("administrator", None)])
def test_whoever_left_may_nothing(role: str, standing: str | None):
    project = make_project()
    left = person(role, standing, project, is_active=False)
    assert allowed(left, project) == set()
    assert not allowed(person(role, standing, project, is_active=False, is_superuser=True), project)


@pytest.mark.parametrize("standing", IN_PROJECT)
def test_a_membership_that_ended_opens_nothing(standing: str):
    project = make_project()
    guest = person("member", standing, project)
    guest.memberships.update(ends_at=timezone.now() + dt.timedelta(minutes=1))
    assert "see" in allowed(guest, project)
    guest.memberships.update(ends_at=timezone.now())
    assert allowed(guest, project) == NONE


def test_every_role_of_the_database_stands_in_the_table():
    assert set(IN_PROJECT) == set(Membership.Role.values)
    assert set(EVERYWHERE) == set(User.Role.values)


@pytest.mark.parametrize("standing", IN_PROJECT)
def test_standing_in_one_project_is_none_in_another(standing: str):
    mine, other = make_project(), make_project("Other")
    assert allowed(person("member", standing, mine), other) == set()


def test_what_one_may_not_see_does_not_exist():
    project = make_project()
    with pytest.raises(Http404):
        get_project(make_user(), project.slug)
    assert get_project(make_user("legal"), project.slug) == project


def test_the_servers_own_folders_are_for_administrators_where_others_can_reach_it(settings):
    engineer, administrator = make_user(), make_user("administrator")
    settings.PRODUCTION = False
    assert may_use_this_machine(engineer)
    settings.PRODUCTION = True
    assert not may_use_this_machine(engineer)
    assert may_use_this_machine(administrator)


def test_a_refusal_says_who_may():
    require(True, "never said")
    with pytest.raises(PermissionDenied, match="by its engineers"):
        require(False, "Audits are started by its engineers.")
