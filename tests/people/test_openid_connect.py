"""The organisation's sign-in by OpenID Connect, against a provider that speaks it over real sockets with signed tokens."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import jwt
import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from compliance.models import TrailEntry, User
from compliance.organisation import organisation_sign_in
from tests.factories import make_user
from tests.people.openid_provider import CLIENT, SECRET, Provider, new_key, running

pytestmark = pytest.mark.django_db
INES = {"sub": "4711", "email": "ines@acme.example", "email_verified": True, "given_name": "Ines", "family_name": "Ott"}
START = "/account/oidc/organisation/login/"


@pytest.fixture
def provider(settings: Any) -> Iterator[Provider]:
    cache.clear()
    with running(Provider(dict(INES))) as made:
        settings.SOCIALACCOUNT_PROVIDERS = organisation_sign_in(
            {"OIDC_URL": made.url, "OIDC_CLIENT_ID": CLIENT, "OIDC_CLIENT_SECRET": SECRET, "OIDC_NAME": "Acme"}
        )
        yield made


def sent_back(client: Client) -> str:
    """Start at our page, go through the provider, and come to the address it sends one back to."""
    begun = client.post(START)
    assert begun.status_code == 302, begun.content[:300]
    asked = httpx.get(begun.headers["Location"], follow_redirects=False)
    address = urlsplit(asked.headers["Location"])
    return f"{address.path}?{address.query}"


def come_in(client: Client) -> Any:
    return client.get(sent_back(client))


def is_in(client: Client) -> bool:
    return client.get(reverse("overview")).status_code == 200


def test_a_new_person_gets_an_account_that_sees_nothing_yet(provider: Provider):
    client = Client()
    assert come_in(client).headers["Location"] == reverse("overview")
    person = User.objects.get()
    assert (person.email, person.role, str(person)) == ("ines@acme.example", "member", "Ines Ott")
    assert not person.has_usable_password()
    assert is_in(client)
    assert TrailEntry.objects.get(action="signed in").user == person


def test_who_has_an_account_with_the_address_gets_that_one(provider: Provider):
    known = make_user("legal", email="ines@acme.example")
    client = Client()
    come_in(client)
    assert list(User.objects.all()) == [known]
    assert is_in(client)


def test_an_address_that_the_provider_does_not_vouch_for_opens_nobodys_account(provider: Provider):
    make_user("administrator", email="ines@acme.example")
    provider.person["email_verified"] = False
    client = Client()
    come_in(client)
    assert not is_in(client)


def test_a_second_visit_finds_the_same_person(provider: Provider):
    come_in(Client())
    provider.person["email"] = "ines.ott@acme.example"
    come_in(Client())
    assert User.objects.count() == 1


def test_what_is_asked_of_the_provider_is_proved_when_one_comes_back(provider: Provider):
    come_in(Client())
    asked = provider.asked[0]
    assert (asked["response_type"], asked["client_id"], asked["code_challenge_method"]) == ("code", CLIENT, "S256")
    assert len(asked["code_challenge"]) == 43
    assert set(asked["scope"].split()) >= {"openid", "email"}
    come_in(Client())
    nonces = [one["nonce"] for one in provider.asked]
    assert len(set(nonces)) == 2
    assert min(len(one) for one in nonces) >= 43, "256 bits, anew for each sign-in"


@pytest.mark.parametrize(
    ("claims", "why"),
    [
        ({"nonce": "of-another-sign-in"}, "was made for another sign-in: its nonce is not the one asked with"),
        ({"nonce": ""}, "bears no nonce"),
        ({"nonce": None}, "bears no nonce"),
    ],
    ids=["another", "empty", "missing"],
)
def test_a_token_without_the_nonce_of_this_sign_in_lets_nobody_in_and_says_why(
    provider: Provider, claims: dict[str, Any], why: str
):
    provider.claims = claims
    client = Client()
    answer = come_in(client)
    assert why in answer.content.decode()
    assert "Start again from the sign-in page" in answer.content.decode()
    assert not is_in(client)
    assert not User.objects.exists()


def test_a_nonce_that_the_address_names_is_not_the_one_that_counts(provider: Provider):
    client = Client()
    client.post(f"{START}?auth_params=nonce%3Dchosen")
    httpx.get(client.post(f"{START}?auth_params=nonce%3Dchosen").headers["Location"], follow_redirects=False)
    assert provider.asked[-1]["nonce"] != "chosen"


def test_user_information_about_somebody_else_than_the_token_lets_nobody_in(provider: Provider):
    provider.claims = {"sub": "4712"}
    client = Client()
    assert "told of two different people" in come_in(client).content.decode()
    assert not is_in(client)


def forged(claims: dict[str, Any]) -> str:
    return jwt.encode(claims, new_key(), "RS256", headers={"kid": "one"})


def with_the_shared_key(claims: dict[str, Any]) -> str:
    return jwt.encode(claims, SECRET.ljust(32, "x"), "HS256", headers={"kid": "one"})


def unsigned(claims: dict[str, Any]) -> str:
    return jwt.encode(claims, "", "none", headers={"kid": "one"})


@pytest.mark.parametrize(
    "lie",
    [
        {"claims": {"aud": "another-client"}},
        {"claims": {"iss": "https://id.mallory.example"}},
        {"claims": {"exp": 1_700_000_000}},
        {"sign": forged},
        {"sign": with_the_shared_key},
        {"sign": unsigned},
        {"sign": lambda claims: "not.a.token"},
    ],
    ids=["audience", "issuer", "expired", "forged", "shared key", "unsigned", "no token"],
)
def test_a_token_that_proves_nothing_lets_nobody_in(provider: Provider, lie: dict[str, Any]):
    for name, value in lie.items():
        setattr(provider, name, value)
    client = Client()
    answer = come_in(client)
    assert "was not accepted" in answer.content.decode()
    assert not is_in(client)
    assert not User.objects.exists()


def test_a_code_is_good_once_and_in_the_browser_that_asked(provider: Provider):
    client = Client()
    address = sent_back(client)
    stranger = Client()
    stranger.get(address)
    assert not is_in(stranger)
    client.get(address)
    assert is_in(client)
    again = Client()
    again.post(START)
    again.get(address)
    assert not is_in(again)


def test_a_state_that_nobody_was_given_is_refused(provider: Provider):
    client = Client()
    address = urlsplit(sent_back(client))
    told = dict(parse_qsl(address.query))
    answer = client.get(address.path, {**told, "state": "made-up"})
    assert answer.status_code in (400, 401, 403) or "was not accepted" in answer.content.decode()
    assert not is_in(client)


@pytest.mark.parametrize(
    ("address", "taken"), [("ines@acme.example", True), ("ines@ACME.example", True), ("ines@acme.example.org", False)]
)
def test_only_addresses_of_named_domains_come_in(provider: Provider, settings: Any, address: str, taken: bool):
    settings.SIGN_IN_DOMAINS = ["acme.example"]
    provider.person["email"] = address
    client = Client()
    answer = come_in(client)
    assert is_in(client) is taken
    if not taken:
        assert (answer.status_code, "is not taken in here" in answer.content.decode()) == (403, True)
        assert not User.objects.exists()


def test_a_closed_account_stays_closed(provider: Provider):
    make_user(email="ines@acme.example", is_active=False)
    client = Client()
    come_in(client)
    assert not is_in(client)
