"""Programs with a token: what is open to them, and how each misuse is refused."""

import datetime as dt
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from compliance.actions.tokens import make_api_token, revoke_api_token
from compliance.models import User
from tests.factories import make_completed_run, make_pipeline, make_project
from tests.pages.conftest import World, world

__all__ = ["world"]


def program(person: User, *scopes: str, **fields: Any) -> Client:
    _, text = make_api_token(
        name="gate",
        scopes=scopes or ("read",),
        expires_at=timezone.now() + dt.timedelta(days=1),
        acting_user=person,
        **fields,
    )
    return Client(headers={"Authorization": f"Bearer {text}"})


def nodes(client: Client) -> str:
    answer = client.get(reverse("graph-data"))
    assert answer.status_code == 200, answer.content
    return answer.content.decode()


def test_a_program_fetches_what_its_maker_sees(world: World):
    make_completed_run(make_pipeline(make_project("Elsewhere"), name="Secret pipeline"))
    assert nodes(program(world.engineer)) == nodes(_signed_in(world.engineer))
    assert "Secret pipeline" not in nodes(program(world.engineer))


def _signed_in(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


def test_a_token_of_one_project_opens_no_other(world: World):
    other = make_project("Elsewhere")
    client = program(world.legal, "read", "contents", project=other)
    assert client.get(reverse("run-bundle", args=[world.run.pk])).status_code == 404


def test_a_bundle_needs_the_scope_for_contents(world: World):
    answer = program(world.engineer).get(reverse("run-bundle", args=[world.run.pk]))
    assert answer.status_code == 403
    assert "lacks the scope" in answer.json()["error"]


@pytest.mark.parametrize("address", ["overview", "account-tokens", "findings", "projects"])
def test_pages_and_the_making_of_tokens_are_closed_to_programs(world: World, address: str):
    answer = program(world.legal, "read", "contents").get(reverse(address))
    assert answer.status_code == 403
    assert "not open to tokens" in answer.json()["error"]


def test_a_program_changes_nothing(world: World):
    data = {"kind": "confirm", "reason": "By a program."}
    answer = program(world.legal).post(reverse("finding-decide", args=[world.finding.pk]), data)
    assert answer.status_code == 403
    assert not world.project.decisions.exists()


def test_a_stolen_token_is_of_no_use_once_it_is_revoked(world: World):
    token, text = make_api_token(
        name="gate", scopes=["read"], expires_at=timezone.now() + dt.timedelta(days=1), acting_user=world.engineer
    )
    thief = Client(headers={"Authorization": f"Bearer {text}"})
    assert thief.get(reverse("graph-data")).status_code == 200
    revoke_api_token(token=token, acting_user=world.engineer)
    answer = thief.get(reverse("graph-data"))
    assert answer.status_code == 401
    assert "revoked" in answer.json()["error"]


def test_a_viewers_token_reads_no_contents(world: World):
    world.project.memberships.filter(user=world.engineer).update(role="viewer")
    answer = program(world.engineer, "read", "contents").get(reverse("run-bundle", args=[world.run.pk]))
    assert answer.status_code == 403
