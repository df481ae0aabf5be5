"""The organisation's sign-in by SAML: signed assertions come in once, everything else is refused."""

import base64
import datetime as dt
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from onelogin.saml2.constants import OneLogin_Saml2_Constants as Words

from compliance.models import User
from compliance.organisation import organisation_sign_in
from tests.factories import make_user
from tests.people.saml_provider import FAMILY, GIVEN, MAIL, Asked, Pair, Provider, environment, read_request

pytestmark = pytest.mark.django_db
OURS, OTHERS = Pair(), Pair()
INES = {MAIL: "ines@acme.example", GIVEN: "Ines", FAMILY: "Ott"}


@pytest.fixture
def provider(settings: Any) -> Provider:
    cache.clear()
    made = Provider(dict(INES), OURS)
    settings.SOCIALACCOUNT_PROVIDERS = organisation_sign_in(environment(made))
    settings.ALLOWED_HOSTS = ["trail.acme.example"]
    return made


def browser() -> Client:
    return Client(HTTP_HOST="trail.acme.example")


def ask(client: Client) -> Asked:
    begun = client.post("/account/saml/organisation/login/")
    assert begun.headers["Location"].startswith("https://id.acme.example/sso?SAMLRequest=")
    return read_request(begun.headers["Location"])


def bring(client: Client, answer: str) -> Any:
    """Post what the provider answered, as a form in the person's browser does, and follow where it leads."""
    given = client.post("/account/saml/organisation/acs/", {"SAMLResponse": answer})
    return client.get(given.headers["Location"])


def is_in(client: Client) -> bool:
    return client.get(reverse("overview")).status_code == 200


def test_a_signed_assertion_brings_a_new_person_in(provider: Provider):
    client = browser()
    assert bring(client, provider.answer(ask(client))).headers["Location"] == reverse("overview")
    person = User.objects.get()
    assert (person.email, person.role, str(person)) == ("ines@acme.example", "member", "Ines Ott")
    assert is_in(client)


def test_who_has_an_account_with_the_address_gets_that_one(provider: Provider):
    known = make_user("legal", email="ines@acme.example")
    client = browser()
    bring(client, provider.answer(ask(client)))
    assert list(User.objects.all()) == [known]
    assert is_in(client)


@pytest.mark.parametrize(
    ("lie", "told"),
    [
        ({"signs": False}, "sign"),
        ({"pair": OTHERS}, "ignature"),
        ({"late": dt.timedelta(minutes=10)}, "expired"),
        ({"late": dt.timedelta(minutes=-20)}, "not yet valid"),
        ({"audience": "https://another.example/"}, "audience"),
        ({"destination": "https://another.example/acs/"}, "another.example"),
        ({"signature": Words.RSA_SHA1, "digest": Words.SHA1}, "eprecated"),
    ],
    ids=["unsigned", "another's key", "expired", "not yet", "audience", "destination", "SHA-1"],
)
def test_an_assertion_that_proves_nothing_is_refused_and_says_why(provider: Provider, lie: dict[str, Any], told: str):
    for name, value in lie.items():
        setattr(provider, name, value)
    client = browser()
    text = bring(client, provider.answer(ask(client))).content.decode()
    assert "was not accepted" in text
    assert told in text
    assert not is_in(client)
    assert not User.objects.exists()


def test_what_was_changed_after_it_was_signed_is_refused(provider: Provider):
    client = browser()
    answer = base64.b64decode(provider.answer(ask(client))).decode()
    changed = answer.replace("ines@acme.example", "boss@acme.example")
    make_user("administrator", email="boss@acme.example")
    bring(client, base64.b64encode(changed.encode()).decode())
    assert not is_in(client)


def test_a_signed_assertion_wrapped_in_another_is_refused(provider: Provider):
    """XML signature wrapping: the signed assertion stays, and a forged one stands where it is read."""
    make_user("administrator", email="boss@acme.example")
    client = browser()
    asked = ask(client)
    signed = base64.b64decode(provider.answer(asked)).decode()
    provider.signs, provider.person = False, {MAIL: "boss@acme.example"}
    forged = base64.b64decode(provider.answer(asked)).decode()
    inner = forged[forged.index("<saml:Assertion") : forged.index("</samlp:Response>")]
    bring(client, base64.b64encode(signed.replace("</samlp:Status>", f"</samlp:Status>{inner}").encode()).decode())
    assert not is_in(client)


def test_an_answer_is_good_once_and_in_the_browser_that_asked(provider: Provider):
    client, stranger = browser(), browser()
    answer = provider.answer(ask(client))
    bring(stranger, answer)
    assert not is_in(stranger)
    bring(client, answer)
    assert is_in(client)
    again = browser()
    ask(again)
    bring(again, answer)
    assert not is_in(again)
    client.post(reverse("sign-out"))
    bring(client, answer)
    assert not is_in(client)


def test_an_answer_that_nobody_asked_for_is_refused(provider: Provider):
    client = browser()
    asked = ask(client)
    bring(client, provider.answer(Asked("made-up", asked.answer_to, asked.issuer)))
    assert not is_in(client)


def test_nonsense_is_refused_and_not_an_error(provider: Provider):
    for answer in (
        "",
        "%%%",
        base64.b64encode(b"<x/>").decode(),
        base64.b64encode(b"<!DOCTYPE x [<!ENTITY e 'x'>]>").decode(),
    ):
        client = browser()
        assert bring(client, answer).status_code < 500
        assert not is_in(client)


def test_only_addresses_of_named_domains_come_in(provider: Provider, settings: Any):
    settings.SIGN_IN_DOMAINS = ["acme.example"]
    provider.person[MAIL] = "mallory@elsewhere.example"
    client = browser()
    answer = bring(client, provider.answer(ask(client)))
    assert (answer.status_code, "is not taken in here" in answer.content.decode()) == (403, True)
    assert not is_in(client)


def test_our_metadata_say_where_answers_go(provider: Provider):
    text = browser().get("/account/saml/organisation/metadata/").content.decode()
    assert "/account/saml/organisation/acs/" in text
    assert 'WantAssertionsSigned="true"' in text
