"""What each page tells the browser about where its parts may come from, and the person's choice of theme."""

import pytest
from django.test import Client
from django.urls import reverse

from tests.factories import make_user
from tests.pages.conftest import SignedIn


def policy_of(client: Client, address: str) -> dict[str, str]:
    header = client.get(address).headers["Content-Security-Policy"]
    return {name: sources for name, _, sources in (part.partition(" ") for part in header.split("; "))}


@pytest.mark.parametrize("address", ["/sign-in/", "/no/such/place/", "/"])
def test_a_page_loads_what_we_serve_and_nothing_else(db: None, client: Client, address: str) -> None:
    policy = policy_of(client, address)
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == policy["form-action"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert "unsafe" not in str(policy)


def test_the_admin_alone_may_evaluate_and_still_names_no_other_origin(db: None, client: Client) -> None:
    policy = policy_of(client, "/admin/login/")
    assert policy["script-src"] == "'self' 'unsafe-eval'"
    assert "//" not in str(policy)
    assert "unsafe" not in str(policy_of(client, "/administrators/"))


def test_the_theme_is_kept_and_given_up_again(db: None, signed_in: SignedIn) -> None:
    client = signed_in(make_user())
    kept = client.post(reverse("theme"), {"theme": "dark", "next": "/findings/"})
    assert kept.headers["Location"] == "/findings/"
    assert 'data-theme="dark"' in client.get("/").content.decode()
    client.post(reverse("theme"), {"theme": ""})
    assert "data-theme" not in client.get("/").content.decode()


def test_a_theme_that_does_not_exist_is_not_written_into_the_page(db: None, signed_in: SignedIn) -> None:
    client = signed_in(make_user())
    client.cookies["theme"] = 'x" onload="alert(1)'
    assert "onload" not in client.get("/").content.decode()


@pytest.mark.parametrize("elsewhere", ["https://example.org/", "//example.org/", "javascript:alert(1)"])
def test_keeping_a_theme_leads_to_no_other_site(db: None, client: Client, elsewhere: str) -> None:
    assert client.post(reverse("theme"), {"theme": "dark", "next": elsewhere}).headers["Location"] == "/"


def test_signing_in_leads_to_where_one_was_going(db: None, client: Client) -> None:
    person = make_user(username="ines")
    refused = client.post(reverse("sign-in"), {"login": "ines", "password": "wrong"})
    assert "do not belong together" in refused.content.decode()
    address = f"{reverse('sign-in')}?next=/findings/"
    assert 'name="next" value="/findings/"' in client.get(address).content.decode()
    answer = client.post(
        reverse("sign-in"),
        {"login": person.username, "password": "correct-horse-battery-staple", "next": "/findings/"},
    )
    assert answer.headers["Location"] == "/findings/"
    assert client.post(reverse("sign-out")).headers["Location"] == reverse("sign-in")
    assert client.get("/findings/").status_code == 302
