"""Who enters the admin, and what each role may read and write there."""

from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from compliance.models import Membership, Project, TrailEntry, User
from tests.admin.conftest import Desk
from tests.factories import PASSWORD, make_completed_run, make_user

LISTED = sorted(model._meta.label_lower.replace(".", "_") for model in admin.site._registry)
PEOPLE = ("compliance_user", "compliance_project")
RECORD = (
    "compliance_trailentry", "audits_pipeline", "audits_run", "audits_finding", "audits_decision", "audits_evidenceentry",
    "audits_seal", "audits_report",
)  # fmt: skip


def list_of(model: str) -> str:
    return reverse(f"admin:{model}_changelist")


def test_an_engineer_is_refused_in_words(desk: Desk) -> None:
    answer = desk.client(desk.engineer).get(reverse("admin:index"), follow=True)
    assert answer.status_code == 403
    assert "kept by legal and administrators" in answer.content.decode()


def test_no_list_opens_for_an_engineer(desk: Desk) -> None:
    client = desk.client(desk.engineer)
    assert {model: client.get(list_of(model), follow=True).status_code for model in LISTED} == dict.fromkeys(
        LISTED, 403
    )


def test_every_list_opens_for_an_administrator(desk: Desk) -> None:
    make_completed_run()
    client = desk.client(desk.administrator)
    assert {model: client.get(list_of(model)).status_code for model in LISTED} == dict.fromkeys(LISTED, 200)


def test_every_row_opens_for_an_administrator(desk: Desk) -> None:
    make_completed_run()
    client = desk.client(desk.administrator)
    rows = {model: apps.get_model(model.replace("_", ".", 1))._default_manager.first() for model in LISTED}
    opened = {model: client.get(reverse(f"admin:{model}_change", args=[row.pk])) for model, row in rows.items() if row}
    assert {model: page.status_code for model, page in opened.items()} == dict.fromkeys(opened, 200)
    assert len(opened) >= 10


def test_every_form_for_a_new_row_opens_or_is_refused(desk: Desk) -> None:
    client = desk.client(desk.administrator)
    closed = {*RECORD, "compliance_version", "audits_import"}
    answers = {model: client.get(reverse(f"admin:{model}_add")).status_code for model in LISTED}
    assert answers == {model: 403 if model in closed else 200 for model in LISTED}


def test_whoever_is_not_signed_in_is_asked_to_sign_in(desk: Desk) -> None:
    answer = Client().get(list_of("compliance_provider"))
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith(reverse("sign-in"))


def test_legal_writes_terms_and_reads_providers_and_the_record(desk: Desk) -> None:
    client = desk.client(desk.writer)
    for model in ("compliance_termsdocument", "compliance_clause", "compliance_rulerevision", "compliance_agreement"):
        assert client.get(reverse(f"admin:{model}_add")).status_code == 200
    for model in ("compliance_provider", "compliance_governance", "compliance_catalogueentry", *RECORD):
        assert client.get(list_of(model)).status_code == 200
        assert client.get(reverse(f"admin:{model}_add")).status_code == 403


@pytest.mark.parametrize("model", PEOPLE)
def test_people_and_projects_are_kept_by_administrators_alone(desk: Desk, model: str) -> None:
    assert desk.client(desk.writer).get(list_of(model)).status_code == 403
    sidebar = desk.client(desk.writer).get(reverse("admin:index")).content.decode()
    assert list_of(model) not in sidebar
    assert list_of("compliance_rulerevision") in sidebar


@pytest.mark.parametrize("model", RECORD)
def test_the_record_is_changed_and_removed_by_nobody(desk: Desk, model: str) -> None:
    make_completed_run()
    client = desk.client(desk.administrator)
    row = apps.get_model(model.replace("_", ".", 1))._default_manager.first()
    pk = row.pk if row else 1
    assert client.post(reverse(f"admin:{model}_change", args=[pk]), {}).status_code in (403, 302)
    assert client.post(reverse(f"admin:{model}_delete", args=[pk]), {"post": "yes"}).status_code in (403, 302)
    if row is not None:
        assert type(row)._default_manager.filter(pk=pk).exists()


def management(prefix: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """What an inline sends."""
    data: dict[str, Any] = {
        f"{prefix}-TOTAL_FORMS": len(rows),
        f"{prefix}-INITIAL_FORMS": sum("id" in row for row in rows),
    }
    for index, row in enumerate(rows):
        data |= {f"{prefix}-{index}-{key}": value for key, value in row.items()}
    return data


def test_an_administrator_makes_a_person_and_a_membership(desk: Desk) -> None:
    client = desk.client(desk.administrator)
    made = {
        "username": "kim",
        "role": User.Role.LEGAL,
        "usable_password": "true",
        "password1": PASSWORD,
        "password2": PASSWORD,
    }
    answer = client.post(reverse("admin:compliance_user_add"), made)
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    kim = User.objects.get(username="kim")
    assert (kim.is_staff, kim.is_superuser, kim.role) == (True, False, User.Role.LEGAL)
    rows = management("memberships", [{"user": kim.pk, "role": Membership.Role.LEGAL}])
    client.post(reverse("admin:compliance_project_add"), {"name": "Acme", "slug": "acme", "description": "", **rows})
    assert Project.objects.get(slug="acme").memberships.get().user == kim
    line = TrailEntry.objects.get(action="person added")
    assert (line.user, line.object_label) == (desk.administrator, "kim")


def change(person: User, **changed: Any) -> dict[str, Any]:
    said = {"username": person.username, "role": person.role, "is_active": "on"}
    return {
        key: value for key, value in {**said, **management("memberships", []), **changed}.items() if value is not None
    }


def test_nobody_takes_their_own_role_or_closes_their_own_account(desk: Desk) -> None:
    client, me = desk.client(desk.administrator), desk.administrator
    at = reverse("admin:compliance_user_change", args=[me.pk])
    for changed in ({"role": User.Role.MEMBER}, {"is_active": None}):
        answer = client.post(at, change(me, **changed))
        assert "Another administrator changes your role" in answer.content.decode()
    me.refresh_from_db()
    assert (me.role, me.is_active) == (User.Role.ADMINISTRATOR, True)


def test_djangos_own_flags_follow_the_role(desk: Desk) -> None:
    other = make_user(User.Role.ADMINISTRATOR, is_superuser=True, is_staff=True)
    at = reverse("admin:compliance_user_change", args=[other.pk])
    assert desk.client(desk.administrator).post(at, change(other, role=User.Role.MEMBER)).status_code == 302
    other.refresh_from_db()
    assert (other.is_superuser, other.is_staff) == (False, False)


def test_people_are_closed_and_not_removed(desk: Desk) -> None:
    answer = desk.client(desk.administrator).post(
        reverse("admin:compliance_user_delete", args=[desk.engineer.pk]), {"post": "yes"}
    )
    assert answer.status_code == 403
    assert User.objects.filter(pk=desk.engineer.pk).exists()
