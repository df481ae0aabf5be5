"""Every operation, every role, in person and by token: who sees nothing (404), who is refused (403), who gets further."""

import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client

from audits.api.site import document
from compliance.models import ApiToken, Membership, User
from compliance.roles import EVERYWHERE, IN_PROJECT, Deed, deeds_by_program, deeds_of
from tests.api.conftest import program, signed_in
from tests.api.operations import ADMINISTRATORS, ANYBODY, CASES, EVERYBODY, ITS_OWN, LAWYERS, Case
from tests.api.places import Everything, everything, places, rule, world
from tests.factories import make_user

__all__ = ["everything", "places", "rule", "world"]
pytestmark = pytest.mark.django_db
STANDINGS = [*(("member", role) for role in IN_PROJECT), *((role, None) for role in EVERYWHERE)]
OPERATIONS: dict[str, tuple[str, str, dict[str, Any]]] = {
    told["operationId"]: (method, path, told)
    for path, item in document()["paths"].items()
    for method, told in item.items()
}


def person(everywhere: str, in_project: str | None, at: Everything) -> User:
    made = make_user(everywhere)
    if in_project:
        Membership.objects.create(project=at.world.project, user=made, role=in_project)
    return made


def asked(client: Client, name: str, at: Everything) -> str:
    """What an operation answers, its changes taken back: the status in a word."""
    method, path, told = OPERATIONS[name]
    case = CASES[name]
    address = path.format(**case.where(at)) + (f"?{_filled(case.query, at)}" if case.query else "")
    body = _filled_body(case.body, at)
    with transaction.atomic():
        answer = _send(client, method, address, body, case, told)
        transaction.set_rollback(True)
    if answer.status_code >= 400:
        assert answer["Content-Type"] == "application/problem+json", (name, answer.content)
    if answer.status_code == 404:
        return "nothing there"
    if answer.status_code == 403:
        return "refused"
    return "done" if answer.status_code < 500 else f"broken: {answer.content.decode()[:300]}"


def _send(client: Client, method: str, address: str, body: Any, case: Case, told: dict[str, Any]) -> Any:
    if case.files:
        files = {name: SimpleUploadedFile(f"{name}.jsonl", b"{}") for name in case.files}
        return client.post(address, {**body, **files})
    if method == "get":
        return client.get(address)
    data = json.dumps(body) if "requestBody" in told else None
    return getattr(client, method)(address, data, content_type="application/json")


def _filled(text: str, at: Everything) -> str:
    known = {"version": at.version, "node": "provider:openai", "report": at.report.pk}
    return text.format(**known)


def _filled_body(body: Any, at: Everything) -> Any:
    if isinstance(body, dict):
        return {name: _filled_body(value, at) for name, value in body.items()}
    if isinstance(body, list):
        return [_filled_body(one, at) for one in body]
    if isinstance(body, str) and body.startswith("{"):
        return getattr(at, body.strip("{}"))
    return body


def expected(name: str, user: User, in_project: str | None, scopes: list[str] | None) -> str:
    """What the table says of an operation for somebody in person, or for their token with these scopes."""
    needs, scope = CASES[name].needs, OPERATIONS[name][2]["x-scope"]
    if scopes is not None and scope not in scopes:
        return "refused"
    mine = deeds_of(user.role, in_project)
    if scopes is not None:
        mine &= deeds_by_program(scopes)
    if needs == "nobody":
        return "nothing there"
    if needs == "no lawyer either":
        return "nothing there" if user.role in ("legal", "administrator") and scopes is None else "refused"
    if needs == EVERYBODY:
        return "done"
    if needs in (LAWYERS, ADMINISTRATORS):
        allowed = ("legal", "administrator") if needs == LAWYERS else ("administrator",)
        return "done" if user.role in allowed and scopes is None else "refused"
    if needs == "who runs audits":
        return "done" if Deed.RUN in mine else "refused"
    if needs == "who decides or runs audits, or administers":
        some = bool(mine & {Deed.DECIDE, Deed.RUN}) or user.role in ("legal", "administrator")
        return "done" if some and scopes is None else "refused"
    if Deed.SEE not in mine:
        return "nothing there"
    if needs == ITS_OWN:
        return "refused"
    wanted = (needs,) if isinstance(needs, Deed) else needs or (Deed.SEE,)
    allowed_there = "nothing there" if CASES[name].empty else "done"
    return allowed_there if mine & frozenset(wanted) else "refused"


def test_every_operation_stands_in_the_table():
    assert set(OPERATIONS) - set(CASES) == set(), "say who may call these"
    assert set(CASES) - set(OPERATIONS) == set(), "these are gone"


SEEING = (("member", "viewer"), ("member", None), ("legal", None), ("auditor", None))
"""What asks for nothing but seeing the project is asked of these: of the least that see it, and of those who do not."""


def asked_of(everywhere: str, in_project: str | None) -> list[str]:
    seeing = (everywhere, in_project) in SEEING
    asked = {name: case for name, case in CASES.items() if case.needs not in (EVERYBODY, ANYBODY)}
    return [name for name, case in asked.items() if case.needs is not None or seeing]


@pytest.mark.parametrize(("everywhere", "in_project"), STANDINGS)
def test_everybody_does_what_their_role_allows_and_a_token_what_its_scopes_leave_of_it(
    everything: Everything, everywhere: str, in_project: str | None, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("compliance.api.guard.ASKED_PER_MINUTE", 10_000)
    user = person(everywhere, in_project, everything)
    client, scopes = signed_in(user), list(ApiToken.Scope.values)
    by_person = asked_of(everywhere, in_project)
    found = {name: asked(client, name, everything) for name in by_person}
    assert found == {name: expected(name, user, in_project, None) for name in by_person}
    robot, by_token = program(user), [name for name in by_person if OPERATIONS[name][2]["x-scope"]]
    found = {name: asked(robot, name, everything) for name in by_token}
    assert found == {name: expected(name, user, in_project, scopes) for name in by_token}


@pytest.mark.parametrize("everywhere", ["member", "auditor"])
def test_what_is_everybodys_is_open_to_whoever_signs_in(
    everything: Everything, everywhere: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("compliance.api.guard.ASKED_PER_MINUTE", 10_000)
    client = signed_in(person(everywhere, None, everything))
    found = {name: asked(client, name, everything) for name in CASES if CASES[name].needs == EVERYBODY}
    assert found == dict.fromkeys(found, "done")


def test_no_token_opens_what_takes_a_person(everything: Everything):
    """Judgements, signatures, notes among lawyers, people, keeping: not even by a token with every scope, of whoever may all."""
    user = make_user("administrator", is_superuser=True)
    Membership.objects.create(project=everything.world.project, user=user, role="legal")
    robot = program(user)
    closed = [name for name in CASES if OPERATIONS[name][2]["x-scope"] is None]
    assert {name: asked(robot, name, everything) for name in closed} == dict.fromkeys(closed, "refused")
    assert {"decide_finding", "sign_approval", "answer_about_student", "place_legal_hold", "invite_somebody"} <= set(
        closed
    )


def test_an_operation_is_closed_to_every_other_scope(everything: Everything, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("compliance.api.guard.ASKED_PER_MINUTE", 10_000)
    user = person("member", "engineer", everything)
    for scope in ApiToken.Scope.values:
        robot = program(user, scope)
        others = [name for name in CASES if OPERATIONS[name][2]["x-scope"] not in (scope, None, "anybody")]
        assert {name: asked(robot, name, everything) for name in others} == dict.fromkeys(others, "refused")


def test_a_stranger_opens_nothing(everything: Everything):
    closed = {name: told for name, told in OPERATIONS.items() if CASES[name].needs != ANYBODY}
    for name, (method, path, _) in closed.items():
        answer = getattr(Client(), method)(path.format(**CASES[name].where(everything)))
        assert answer.status_code == 401, name


def test_what_is_open_to_anybody_says_so_and_is_the_check_of_reports_alone(everything: Everything):
    opened = [name for name, (_, _, told) in OPERATIONS.items() if told["x-scope"] == "anybody"]
    assert sorted(opened) == ["verify_one_file", "verify_one_hash"]
    assert all(OPERATIONS[name][2]["security"] == [] for name in opened)
    assert {name: asked(Client(), name, everything) for name in opened} == dict.fromkeys(opened, "done")


def test_a_token_writes_no_privileged_note_and_reads_none(everything: Everything):
    lawyer = make_user("legal")
    address = f"/api/v1/findings/{everything.world.finding.pk}/remarks"
    note = {"body": "Between us.", "privileged": True}
    assert signed_in(lawyer).post(address, note, content_type="application/json").status_code == 201
    robot = program(lawyer)
    assert robot.post(address, note, content_type="application/json").status_code == 403
    assert "Between us." in signed_in(lawyer).get(address).content.decode()
    assert "Between us." not in robot.get(address).content.decode()


def test_what_is_named_by_its_number_in_another_project_is_not_there(everything: Everything):
    """The world of each role is its own project: a member of another one finds nothing, by session and by token."""
    outsider = everything.world.outsider
    for client in (signed_in(outsider), program(outsider)):
        assert client.get(f"/api/v1/runs/{everything.world.run.pk}").status_code == 404
        assert client.get("/api/v1/runs").json()["items"] == []
