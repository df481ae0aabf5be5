"""Coming in: passwords, second factors, sessions, tokens, and how each is refused."""

import datetime as dt
import re
import time
from collections.abc import Iterator
from typing import Any

import pytest
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, generate_totp_secret, hotp_value
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from compliance.actions.tokens import make_api_token, revoke_api_token, valid_api_token
from compliance.models import ApiToken, TrailEntry, User
from compliance.organisation import organisation_sign_in
from tests.factories import PASSWORD, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_attempts_are_remembered() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


def sign_in(client: Client, name: str, password: str = PASSWORD) -> Any:
    return client.post(reverse("sign-in"), {"login": name, "password": password})


@pytest.mark.parametrize("name", ["ines", "ines@acme.example"])
def test_one_signs_in_by_name_or_by_address(name: str):
    make_user(username="ines", email="ines@acme.example")
    assert sign_in(Client(), name).headers["Location"] == reverse("overview")
    assert TrailEntry.objects.filter(action="signed in").count() == 1


def test_the_sixth_wrong_password_locks_the_name_even_for_the_right_one():
    person = make_user(username="ines")
    client = Client()
    for _ in range(5):
        assert "do not belong together" in sign_in(client, "ines", "wrong").content.decode()
    assert "Too many attempts failed" in sign_in(client, "ines").content.decode()
    assert TrailEntry.objects.filter(action="sign-in failed", object_id=str(person.pk)).count() == 5


def test_a_closed_account_does_not_come_in():
    make_user(username="ines", is_active=False)
    client = Client()
    sign_in(client, "ines")
    assert client.get(reverse("overview")).status_code == 302


def test_nobody_signs_up_by_themselves():
    answer = Client().post(reverse("account_signup"), {"username": "mallory", "password1": PASSWORD})
    assert not User.objects.filter(username="mallory").exists()
    assert answer.status_code == 200


def code_for(secret: str) -> str:
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30))


def test_with_an_authenticator_the_password_alone_is_not_enough():
    person = make_user(username="ines")
    secret = generate_totp_secret()
    TOTP.activate(person, secret)
    client = Client()
    assert sign_in(client, "ines").headers["Location"] == reverse("mfa_authenticate")
    assert client.get(reverse("overview")).status_code == 302
    wrong = client.post(reverse("mfa_authenticate"), {"code": "000000"})
    assert wrong.status_code == 200
    assert client.post(reverse("mfa_authenticate"), {"code": code_for(secret)}).status_code == 302
    assert client.get(reverse("overview")).status_code == 200


def test_an_authenticator_is_set_up_in_the_page():
    make_user(username="ines")
    client = Client()
    sign_in(client, "ines")
    assert client.get(reverse("mfa_activate_totp")).headers["Location"].startswith(reverse("account_reauthenticate"))
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    page = client.get(reverse("mfa_activate_totp"))
    secret = page.context["form"].secret
    assert "data:image/svg+xml" in page.content.decode()
    assert client.post(reverse("mfa_activate_totp"), {"code": code_for(secret)}).status_code == 302
    assert "authenticator app is active" in client.get(reverse("mfa_index")).content.decode()


def test_other_sessions_are_ended_from_the_account():
    make_user(username="ines")
    here, there = Client(), Client()
    sign_in(here, "ines")
    sign_in(there, "ines")
    here.get(reverse("usersessions_list"))
    there.get(reverse("usersessions_list"))
    here.post(reverse("usersessions_list"))
    assert here.get(reverse("overview")).status_code == 200
    assert there.get(reverse("overview")).status_code == 302


@pytest.mark.parametrize(
    "name", ["mfa_index", "account_change_password", "usersessions_list", "account-tokens", "projects"]
)
def test_pages_of_the_account_say_nothing_inline(name: str):
    client = Client()
    make_user(username="ines")
    sign_in(client, "ines")
    page = client.get(reverse(name))
    assert page.status_code == 200
    text = page.content.decode()
    assert "<style" not in text
    assert " style=" not in text
    assert "Your account" in text or name == "projects"


def a_token(person: User, **fields: Any) -> tuple[ApiToken, str]:
    return make_api_token(
        name="nightly gate",
        scopes=["read"],
        expires_at=timezone.now() + dt.timedelta(days=1),
        acting_user=person,
        **fields,
    )


def test_headings_of_the_account_are_written_as_all_others():
    make_user(username="ines")
    client = Client()
    sign_in(client, "ines")
    page = client.get(reverse("mfa_index")).content.decode()
    assert "<h2>Two-factor authentication</h2>" in page
    assert "Two-Factor" not in page


def test_a_token_is_shown_once_and_only_its_hash_is_kept():
    person = make_user(username="ines")
    client = Client()
    sign_in(client, "ines")
    last = (timezone.localdate() + dt.timedelta(days=30)).isoformat()
    page = client.post(
        reverse("account-tokens"), {"name": "nightly", "scopes": ["read", "contents"], "expires_on": last}
    ).content.decode()
    assert f'Works until <time datetime="{last}">' in page
    found = re.search(r"cta_[\w-]{40,}", page)
    assert found
    text = found[0]
    token = valid_api_token(text)
    assert token is not None
    assert (token.user, token.scopes) == (person, ["contents", "read"])
    assert text not in client.get(reverse("account-tokens")).content.decode()
    assert text not in str(list(ApiToken.objects.values())) + str(list(TrailEntry.objects.values()))


@pytest.mark.parametrize("how", ["revoked", "expired", "account closed", "one letter off"])
def test_a_token_that_may_not_be_used_is_none(how: str):
    person = make_user()
    token, text = a_token(person)
    if how == "revoked":
        revoke_api_token(token=token, acting_user=person)
    elif how == "expired":
        ApiToken.objects.update(expires_at=timezone.now())
    elif how == "account closed":
        User.objects.update(is_active=False)
    else:
        text = text[:-1] + ("A" if text[-1] != "A" else "B")
    assert valid_api_token(text) is None


def test_one_revokes_ones_own_tokens_only():
    ines, token = make_user(username="ines"), a_token(make_user())[0]
    client = Client()
    sign_in(client, ines.username)
    assert client.post(reverse("account-token-revoke", args=[token.pk])).status_code == 404


def test_the_organisations_sign_in_comes_from_the_environment():
    assert organisation_sign_in({}) == {}
    told = {"OIDC_URL": "https://id.acme.example", "OIDC_CLIENT_ID": "clausetrail", "OIDC_CLIENT_SECRET": "s3cret"}
    assert organisation_sign_in(told)["openid_connect"]["APPS"][0]["client_id"] == "clausetrail"
    saml = {"SAML_METADATA_URL": "https://id.acme.example/metadata", "SAML_ENTITY_ID": "urn:acme"}
    assert organisation_sign_in(saml)["saml"]["APPS"][0]["settings"]["idp"]["entity_id"] == "urn:acme"
    with pytest.raises(ValueError, match="OIDC_CLIENT_SECRET is not"):
        organisation_sign_in({"OIDC_URL": "https://id.acme.example", "OIDC_CLIENT_ID": "x"})
