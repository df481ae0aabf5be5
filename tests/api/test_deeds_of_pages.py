"""Deeds that pages have had first: rewording a schedule, erasing an import. The same permissions, and once however often sent."""

import json
from typing import Any

import pytest

from audits.actions.retention import place_hold
from audits.models import Erasure, ReportSchedule
from compliance.models import TrailEntry
from tests.api.conftest import program, signed_in
from tests.pages.conftest import World
from tests.pages.test_import_erasing import imported
from tests.scheduling.test_schedules import Office, office

__all__ = ["imported", "office"]
pytestmark = pytest.mark.django_db
JSON: dict[str, Any] = {"content_type": "application/json"}


def wording(office: Office, **more: Any) -> str:
    scope = {"kind": "project", "ids": [office.project.slug]}
    told = {"name": "Monthly", "scope": scope, "every": "month", "window": "all", "recipients": [office.viewer.pk]}
    return json.dumps({**told, **more})


def test_a_schedule_is_set_up_and_reworded_by_its_owner_and_nobody_else(office: Office):
    client = signed_in(office.owner)
    made = client.post("/api/v1/report-schedules", wording(office), headers={"Idempotency-Key": "one"}, **JSON)
    assert made.status_code == 201, made.content
    again = client.post("/api/v1/report-schedules", wording(office), headers={"Idempotency-Key": "one"}, **JSON)
    assert (again.json()["id"], again["Idempotency-Replayed"]) == (made.json()["id"], "true")
    address = made["Location"]
    weekly = wording(office, name="Weekly", every="week", weekday=2, at="06:30:00", zone="Europe/Berlin", recipients=[])
    told = client.put(address, weekly, **JSON).json()
    assert (told["name"], told["every"], told["at"], told["zone"]) == ("Weekly", "week", "06:30:00", "Europe/Berlin")
    schedule = ReportSchedule.objects.get()
    assert (schedule.weekday, schedule.recipients.count(), schedule.owner) == (2, 0, office.owner)
    assert signed_in(office.viewer).put(address, weekly, **JSON).status_code in (403, 404)
    assert program(office.owner).put(address, weekly, **JSON).status_code == 403, "reports are made in a person's name"
    assert client.put(address, weekly, headers={"If-Match": '"older"'}, **JSON).status_code == 412
    assert client.post(f"{address}/end", **JSON).status_code == 200
    assert client.put(address, weekly, **JSON).status_code == 403, "it has ended"
    actions = (
        TrailEntry.objects.filter(object_type="audits.reportschedule").order_by("id").values_list("action", flat=True)
    )
    assert list(actions)[:2] == ["report schedule made", "report schedule changed"]


@pytest.mark.parametrize(
    ("wrong", "place"),
    [
        ({"zone": "Mars/Olympus"}, "zone"),
        ({"scope": {"kind": "provider", "ids": []}}, "scope.ids"),
        ({"scope": {"kind": "organisation", "ids": ["acme"]}}, "scope.ids"),
        ({"scope": {"kind": "project", "ids": ["somebody-elses"]}}, "scope.ids"),
        ({"recipients": [999_999]}, "recipients"),
    ],
)
def test_what_a_schedule_can_t_be_is_said_at_its_field(office: Office, wrong: dict[str, Any], place: str):
    answer = signed_in(office.owner).post("/api/v1/report-schedules", wording(office, **wrong), **JSON)
    assert (answer.status_code, [one["field"] for one in answer.json()["errors"]]) == (422, [place])
    assert not ReportSchedule.objects.exists()


def test_an_import_is_erased_once_after_a_look_by_who_keeps_the_project(world: World, imported: Any):
    address = f"/api/v1/imports/{imported.pk}/erasures"
    client, asked = signed_in(world.member_legal), json.dumps({"reason": "Request 7 of a person", "sure": True})
    assert client.get(f"{address}/preview").json() == {
        "contents": 1, "bytes": 27, "shared": 0, "entries": 0, "lines": 1, "hold": None,
    }  # fmt: skip
    assert client.post(address, json.dumps({"reason": "Request 7"}), **JSON).status_code == 422, "sure is not said"
    assert signed_in(world.engineer).post(address, asked, **JSON).status_code == 403
    assert signed_in(world.outsider).get(f"{address}/preview").status_code == 404
    assert program(world.member_legal).post(address, asked, **JSON).status_code == 403, "an erasure is a person's word"
    assert not Erasure.objects.exists()
    answers = [client.post(address, asked, headers={"Idempotency-Key": "seven"}, **JSON) for _ in range(2)]
    assert [one.status_code for one in answers] == [201, 201]
    assert Erasure.objects.get().asked_by == world.member_legal


def test_a_hold_stands_against_erasing_an_import(world: World, imported: Any):
    place_hold(project=world.project, acting_user=world.legal, reason="Matter 12")
    client, address = signed_in(world.member_legal), f"/api/v1/imports/{imported.pk}/erasures"
    assert client.get(f"{address}/preview").json()["hold"] == {"reason": "Matter 12"}
    assert client.post(address, json.dumps({"reason": "R", "sure": True}), **JSON).status_code == 409
    assert not Erasure.objects.exists()
