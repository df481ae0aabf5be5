"""Who may see and do what: every role, every standing in a project, every action."""

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.http import Http404

from compliance.access import (
    get_project,
    may_decide,
    may_edit_rules,
    may_run_audits,
    may_use_this_machine,
    require,
    visible_projects,
)
from compliance.models import Membership, Project, User
from tests.factories import make_project, make_user

pytestmark = pytest.mark.django_db
NONE = frozenset[str]()
# (role in the installation, standing in the project) → what the person may do there
MATRIX = {
    ("member", None): NONE,
    ("member", "engineer"): {"see", "run"},
    ("member", "legal"): {"see", "decide"},
    ("legal", None): {"see", "decide", "edit rules"},
    ("legal", "engineer"): {"see", "decide", "edit rules", "run"},
    ("legal", "legal"): {"see", "decide", "edit rules"},
    ("administrator", None): {"see", "run", "edit rules"},
    ("administrator", "engineer"): {"see", "run", "edit rules"},
    ("administrator", "legal"): {"see", "run", "edit rules", "decide"},
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


@pytest.mark.parametrize("standing", ["engineer", "legal"])
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
