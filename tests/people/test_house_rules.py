"""A second factor that the house asks for: who is led to it, what stays open meanwhile, and who is not concerned."""

import datetime as dt
from collections.abc import Iterator

import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from compliance.actions.house import KNOWN, set_house_rules
from compliance.actions.tokens import make_api_token
from compliance.models import HouseRules, Membership, TrailEntry, User
from tests.factories import PASSWORD, make_project, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def rules_are_read_anew(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr("compliance.actions.house.KEPT", 0.0)
    before = (KNOWN.who, KNOWN.until)
    KNOWN.until = 0.0
    yield
    KNOWN.who, KNOWN.until = before


def ask(who: str) -> None:
    HouseRules.objects.update_or_create(pk=1, defaults={"second_factor": who})


def signed_in(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


def is_led(client: Client) -> bool:
    return client.get(reverse("overview")).headers.get("Location") == reverse("mfa_index")


def test_nobody_is_led_anywhere_until_the_house_asks():
    assert not is_led(signed_in(make_user("administrator")))


def test_who_lacks_one_is_led_to_set_it_up_and_reaches_nothing_else():
    ask("everybody")
    client = signed_in(make_user())
    for name in ("overview", "projects", "account-tokens", "findings"):
        assert client.get(reverse(name)).headers["Location"] == reverse("mfa_index"), name
    assert client.get("/admin/").headers["Location"] == reverse("mfa_index")
    page = client.get(reverse("mfa_index"))
    assert page.status_code == 200
    assert "asks you for a second factor" in page.content.decode()


def test_parts_of_pages_and_programs_are_told_in_their_own_way():
    ask("everybody")
    client = signed_in(make_user())
    part = client.get(reverse("notices-count"), headers={"HX-Request": "true"})
    assert (part.status_code, part.headers["HX-Redirect"]) == (403, reverse("mfa_index"))
    told = client.get(reverse("graph-data"), headers={"Accept": "application/json"})
    assert (told.status_code, "second factor" in told.json()["error"]) == (403, True)


def test_with_one_everything_opens():
    ask("everybody")
    person = make_user()
    client = signed_in(person)
    assert is_led(client)
    TOTP.activate(person, generate_totp_secret())
    assert not is_led(client)


@pytest.mark.parametrize(
    ("role", "in_project", "led"),
    [
        ("administrator", None, True), ("legal", None, True), ("auditor", None, True), ("member", None, False),
        ("member", "engineer", False), ("member", "viewer", False), ("member", "legal", True), ("member", "approver", True),
        ("member", "administrator", True),
    ],
)  # fmt: skip
def test_of_staff_it_is_asked_and_of_who_decides_or_approves(role: str, in_project: str | None, led: bool):
    ask("staff")
    person = make_user(role)
    if in_project:
        Membership.objects.create(project=make_project(), user=person, role=in_project)
    assert is_led(signed_in(person)) is led


def test_programs_with_a_token_are_not_concerned():
    ask("everybody")
    soon = timezone.now() + dt.timedelta(days=1)
    _, text = make_api_token(name="gate", scopes=["read"], expires_at=soon, acting_user=make_user())
    assert Client().get(reverse("graph-data"), headers={"Authorization": f"Bearer {text}"}).status_code == 200


def test_one_can_leave_instead():
    ask("everybody")
    client = signed_in(make_user())
    assert client.post(reverse("sign-out")).headers["Location"] == reverse("sign-in")


def test_setting_one_up_works_from_where_one_was_led():
    ask("everybody")
    make_user(username="ines")
    client = Client()
    client.post(reverse("sign-in"), {"login": "ines", "password": PASSWORD})
    assert is_led(client)
    asked = client.get(reverse("mfa_activate_totp"))
    assert asked.status_code == 200 or "reauthenticate" in asked.headers["Location"]


def test_administrators_set_the_rules_and_the_trail_tells():
    administrator = make_user("administrator")
    client = signed_in(administrator)
    assert client.post(reverse("house"), {"second_factor": "staff", "share_days": "14"}).status_code == 302
    assert HouseRules.objects.get().share_days == 14
    entry = TrailEntry.objects.get(action="house rules set")
    assert entry.detail["second_factor"] == ["nobody", "staff"]
    assert client.get(reverse("house")).headers["Location"] == reverse("mfa_index")


@pytest.mark.parametrize("role", ["member", "legal", "auditor"])
def test_nobody_else_sets_them(role: str):
    assert signed_in(make_user(role)).post(reverse("house"), {"second_factor": "nobody"}).status_code == 403


def test_days_beyond_measure_are_refused_beside_their_field():
    answer = signed_in(make_user("administrator")).post(
        reverse("house"), {"second_factor": "staff", "share_days": "900"}
    )
    assert answer.status_code == 422
    assert not HouseRules.objects.exists()


def test_set_rules_hold_at_once_in_this_process(django_capture_on_commit_callbacks: object):
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        set_house_rules(second_factor="everybody", share_days=30, acting_user=make_user("administrator"))
    assert is_led(signed_in(make_user()))
