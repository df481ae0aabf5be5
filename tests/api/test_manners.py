"""How every address behaves: who is let in, how refusals read, what is sent again, what changed meanwhile."""

import datetime as dt

import pytest
from django.test import Client
from django.utils import timezone

from audits.models import Run
from compliance.actions.tokens import revoke_api_token
from compliance.models import AnsweredRequest, ApiToken
from compliance.tasks import forget_answers
from tests.api.conftest import World, program, signed_in, token_of

pytestmark = pytest.mark.django_db
PROBLEM = "application/problem+json"


def test_a_stranger_is_told_to_bring_a_token(world: World):
    answer = Client().get("/api/v1/runs")
    assert answer.status_code == 401
    assert answer["Content-Type"] == PROBLEM
    assert "Bearer" in answer["WWW-Authenticate"]
    assert answer.json()["type"].endswith("not-signed-in")


@pytest.mark.parametrize("text", ["cta_made-up", "something else"])
def test_a_token_that_nobody_made_is_refused_even_beside_a_session(world: World, text: str):
    client = signed_in(world.engineer)
    answer = client.get("/api/v1/runs", headers={"Authorization": f"Bearer {text}"})
    assert answer.status_code == 401
    assert answer.json()["type"].endswith("token-refused")


def test_a_stolen_token_is_refused_from_the_moment_it_is_revoked_or_has_expired(world: World):
    thief = program(world.engineer)
    assert thief.get("/api/v1/runs").status_code == 200
    revoke_api_token(token=ApiToken.objects.get(), acting_user=world.engineer)
    assert thief.get("/api/v1/runs").status_code == 401
    late = program(world.engineer)
    ApiToken.objects.filter(revoked_at=None).update(expires_at=timezone.now() - dt.timedelta(seconds=1))
    answer = late.get("/api/v1/runs")
    assert (answer.status_code, answer["Content-Type"]) == (401, PROBLEM)
    assert "expired" in answer.json()["detail"]


def test_whoever_asks_is_told_by_name(world: World):
    world.engineer.first_name, world.engineer.last_name = "Ada", "Okoye"
    world.engineer.save()
    told = program(world.engineer).get("/api/v1/me").json()
    assert (told["name"], told["username"]) == ("Ada Okoye", world.engineer.username)


def test_a_program_can_have_its_own_token_refused(world: World):
    client = program(world.engineer, "read")
    assert client.post("/api/v1/tokens/current/revoke").json()["done"] is True
    assert client.get("/api/v1/me").status_code == 401


def test_refused_tokens_are_counted_and_a_valid_one_is_not_held_up(world: World, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("compliance.rates.time.time", lambda: 600.0)  # no minute ends in between
    guessing = Client(headers={"Authorization": "Bearer cta_guess"})
    found = [guessing.get("/api/v1/runs").status_code for _ in range(22)]
    assert found[:20] == [401] * 20
    assert found[-1] == 429
    assert program(world.engineer).get("/api/v1/runs").status_code == 200


def test_a_token_asks_only_so_often_in_a_minute(world: World, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("compliance.api.guard.ASKED_PER_MINUTE", 2)
    monkeypatch.setattr("compliance.rates.time.time", lambda: 600.0)
    client = program(world.engineer)
    answers = [client.get("/api/v1/me") for _ in range(3)]
    assert [one.status_code for one in answers] == [200, 200, 429]
    assert answers[-1]["Retry-After"] == "60"
    assert program(world.engineer).get("/api/v1/me").status_code == 200


def test_a_token_without_the_scope_is_told_which_it_lacks(world: World):
    answer = program(world.engineer, "read").post(f"/api/v1/runs/{world.run.pk}/cancel")
    assert answer.status_code == 403
    assert "“run”" in answer.json()["detail"]


def test_a_scope_never_gives_more_than_its_maker_has(world: World):
    client = program(world.legal, "read", "run")
    assert client.post(f"/api/v1/runs/{world.run.pk}/cancel").status_code == 403


def test_a_change_in_a_session_needs_its_csrf_token(world: World):
    client = Client(enforce_csrf_checks=True)
    client.force_login(world.engineer)
    assert client.get("/api/v1/me").status_code == 200
    answer = client.post(f"/api/v1/runs/{world.run.pk}/cancel")
    assert answer.status_code == 403
    assert answer.json()["type"].endswith("forged")


def test_a_token_needs_none(world: World):
    client = Client(enforce_csrf_checks=True, headers={"Authorization": f"Bearer {token_of(world.engineer)}"})
    assert client.post(f"/api/v1/runs/{world.run.pk}/cancel").status_code == 200


@pytest.mark.parametrize(
    ("method", "address", "status"),
    [
        ("get", "/api/v1/nothing", 404),
        ("get", "/api/v1/runs/", 404),
        ("get", "/api/v1/projects/a%0Ab", 404),
        ("get", "/api/v1/runs/999999999999999999999", 404),
        ("delete", "/api/v1/runs", 405),
        ("get", "/api/v1/runs?limit=0", 422),
        ("get", "/api/v1/runs?limit=1&order=up", 422),
        ("get", "/api/v1/runs?cursor=%00", 422),
        ("get", "/api/v1/runs?cursor=zzzz", 422),
        ("get", "/api/v1/runs?state=asleep", 422),
    ],
)
def test_every_refusal_has_one_form(world: World, method: str, address: str, status: int):
    answer = getattr(program(world.engineer), method)(address)
    assert (answer.status_code, answer["Content-Type"]) == (status, PROBLEM)
    told = answer.json()
    assert {"type", "title", "status", "detail", "instance"} <= set(told)
    assert told["status"] == status
    if status == 422 and "%00" not in address:
        assert told["errors"][0]["field"] in address


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"event": 1, "answer": "maybe"}, "answer"),
        ({"answer": "pass"}, "event"),
        ({"event": 1, "answer": "pass", "evnt": 2}, "evnt"),
    ],
)
def test_a_bad_body_is_refused_by_the_name_of_its_field(world: World, body: dict[str, object], field: str):
    answer = program(world.engineer).post(f"/api/v1/runs/{world.run.pk}/hold", body, content_type="application/json")
    assert answer.status_code == 422
    assert [one["field"] for one in answer.json()["errors"]] == [field]


@pytest.mark.parametrize("body", [b"{", b"\xff\xfe", b'{"event": 1, "answer": "\\u0000"}'])
def test_a_body_that_is_no_json_is_refused(world: World, body: bytes):
    answer = program(world.engineer).post(f"/api/v1/runs/{world.run.pk}/hold", body, content_type="application/json")
    assert answer.status_code in (400, 422)
    assert answer["Content-Type"] == PROBLEM


def test_a_body_beyond_its_bound_is_refused_before_it_is_read(world: World):
    answer = program(world.engineer).post(
        f"/api/v1/runs/{world.run.pk}/hold", b" " * (1024 * 1024 + 1), content_type="application/json"
    )
    assert answer.status_code == 413


def test_a_list_comes_in_parts_that_neither_skip_nor_repeat(world: World):
    client = program(world.engineer)
    for _ in range(3):
        assert client.post(f"/api/v1/runs/{world.run.pk}/again").status_code == 201
    first = client.get("/api/v1/runs?limit=2").json()
    client.post(f"/api/v1/runs/{world.run.pk}/again")  # a newer one comes in between
    second = client.get(f"/api/v1/runs?limit=2&cursor={first['next']}").json()
    ids = [one["id"] for one in first["items"] + second["items"]]
    assert ids == list(Run.objects.order_by("-id").values_list("pk", flat=True)[1:])
    assert second["next"] is None


def test_what_is_held_already_is_not_sent_again(world: World):
    client = program(world.engineer)
    tag = client.get(f"/api/v1/runs/{world.run.pk}")["ETag"]
    again = client.get(f"/api/v1/runs/{world.run.pk}", headers={"If-None-Match": f'"other", {tag}'})
    assert (again.status_code, again.content) == (304, b"")
    Run.objects.filter(pk=world.run.pk).update(reason="changed")
    assert client.get(f"/api/v1/runs/{world.run.pk}", headers={"If-None-Match": tag}).status_code == 200


def test_a_change_of_what_was_changed_meanwhile_is_refused(world: World):
    client = program(world.engineer)
    tag = client.get(f"/api/v1/runs/{world.run.pk}")["ETag"]
    address = f"/api/v1/runs/{world.run.pk}/cancel"
    assert client.post(address, headers={"If-Match": tag}).status_code == 200
    Run.objects.filter(pk=world.run.pk).update(reason="changed")
    answer = client.post(address, headers={"If-Match": tag})
    assert answer.status_code == 412
    assert client.post(address, headers={"If-Match": answer["ETag"]}).status_code == 200


def test_a_request_sent_again_with_its_key_is_carried_out_once(world: World):
    client, key = program(world.engineer), {"Idempotency-Key": "9d0c2b1e"}
    first = client.post(f"/api/v1/runs/{world.run.pk}/again", headers=key)
    second = client.post(f"/api/v1/runs/{world.run.pk}/again", headers=key)
    assert first.status_code == second.status_code == 201
    assert first.json() == second.json()
    assert second["Idempotency-Replayed"] == "true"
    assert second["Location"] == first["Location"]
    assert world.run.reruns.count() == 1


def test_a_key_stands_for_one_request_of_one_token(world: World):
    client, key = program(world.engineer), {"Idempotency-Key": "k"}
    client.post(f"/api/v1/runs/{world.run.pk}/again", headers=key)
    other = client.post(f"/api/v1/runs/{world.run.pk}/cancel", headers=key)
    assert other.status_code == 422
    assert other.json()["type"].endswith("key-used")
    assert program(world.engineer).post(f"/api/v1/runs/{world.run.pk}/cancel", headers=key).status_code == 200


def test_a_refused_request_leaves_its_key_free(world: World):
    client, key = program(world.engineer), {"Idempotency-Key": "k"}
    body = {"event": 1, "answer": "maybe"}
    address = f"/api/v1/runs/{world.run.pk}/hold"
    assert client.post(address, body, content_type="application/json", headers=key).status_code == 422
    assert client.post(f"/api/v1/runs/{world.run.pk}/cancel", headers=key).status_code == 200


def test_answers_are_forgotten_after_a_day(world: World):
    client, key = program(world.engineer), {"Idempotency-Key": "k"}
    client.post(f"/api/v1/runs/{world.run.pk}/again", headers=key)
    AnsweredRequest.objects.update(expires_at=timezone.now() - dt.timedelta(seconds=1))
    forget_answers()
    assert not AnsweredRequest.objects.exists()
    assert "Idempotency-Replayed" not in client.post(f"/api/v1/runs/{world.run.pk}/again", headers=key)
