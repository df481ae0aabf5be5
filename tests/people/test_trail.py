"""The trail: every change and every look at what lawyers keep among themselves; searched, taken away, never altered."""

import csv
import datetime as dt
import io
from collections.abc import Iterable
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.utils import DatabaseError
from django.test import Client
from django.urls import reverse

from audits.actions.remarks import remark
from audits.models import Look
from compliance.actions.trail import record
from compliance.models import Membership, Project, TrailEntry, User
from compliance.queries.people import trail_of
from tests.factories import make_project, make_user
from tests.pages.conftest import World, world

__all__ = ["world"]
pytestmark = pytest.mark.django_db


def client_of(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


def member(world: World, role: str) -> User:
    person = make_user()
    Membership.objects.create(project=world.project, user=person, role=role)
    return person


def notes_looked_at() -> list[tuple[str, str]]:
    return list(Look.objects.filter(what="notes").order_by("id").values_list("user__username", "subject"))


@pytest.mark.parametrize(
    ("role", "reads"), [("legal", True), ("auditor", True), ("engineer", False), ("administrator", False)]
)
def test_reading_notes_among_lawyers_is_on_record(world: World, role: str, reads: bool):
    finding, lawyer = world.finding, member(world, "counsel")
    remark(finding=finding, body="We should settle this.", privileged=True, acting_user=lawyer)
    person = member(world, role)
    page = client_of(person).get(reverse("finding", args=[finding.pk]))
    assert ("We should settle this." in page.content.decode()) is reads
    assert notes_looked_at() == ([(person.username, f"notes on finding {finding.number}")] if reads else [])


def test_a_discussion_without_notes_leaves_no_look(world: World):
    remark(finding=world.finding, body="Fixed in main.", privileged=False, acting_user=member(world, "engineer"))
    client_of(member(world, "legal")).get(reverse("finding", args=[world.finding.pk]))
    assert notes_looked_at() == []


def test_reading_notes_through_the_interface_for_programs_is_on_record_too(world: World):
    remark(finding=world.finding, body="We should settle this.", privileged=True, acting_user=member(world, "counsel"))
    answer = client_of(member(world, "legal")).get(f"/api/v1/findings/{world.finding.pk}/remarks")
    assert answer.status_code == 200, answer.content
    assert len(notes_looked_at()) == 1


@pytest.mark.parametrize("table", [TrailEntry, Look])
def test_no_line_is_altered_or_taken_out(world: World, table: type[TrailEntry] | type[Look]):
    record(acting_user=None, action="project made", subject=world.project, project=world.project)
    Look.objects.create(what="call", project=world.project, subject="call 1")
    name = table._meta.db_table
    for statement in (f"UPDATE {name} SET project_id = project_id", f"DELETE FROM {name}"):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    assert table.objects.exists()


def taken(answer: Any) -> str:
    return b"".join(answer.streaming_content).decode()


def lines() -> Project:
    project, ines = make_project(), make_user(username="ines")
    record(acting_user=ines, action="retention set", subject=project, project=project, content_days=30)
    record(acting_user=None, action="person invited", subject=project, project=project, role="counsel")
    record(acting_user=ines, action="project made", subject=make_project("Elsewhere"))
    return project


def told(found: Iterable[TrailEntry]) -> list[str]:
    return [line.action for line in found]


def test_the_trail_is_searched_by_deed_person_day_and_words():
    project = lines()
    today, ines = dt.datetime.now(dt.UTC).date(), str(User.objects.get(username="ines").pk)
    assert told(trail_of(project)) == ["person invited", "retention set"]
    assert told(trail_of(project, action="retention set")) == ["retention set"]
    assert told(trail_of(project, person=ines)) == ["retention set"]
    assert told(trail_of(project, words="counsel")) == ["person invited"]
    assert told(trail_of(project, first=today + dt.timedelta(days=1))) == []
    assert told(trail_of(project, last=today - dt.timedelta(days=1))) == []
    assert told(trail_of(None, words="elsewhere")) == ["project made"]


def test_the_whole_trail_is_taken_away_as_csv_by_who_reads_it():
    lines()
    answer = client_of(make_user("auditor")).get(reverse("house-trail"), {"as": "csv"})
    rows = list(csv.DictReader(io.StringIO(taken(answer))))
    assert [row["deed"] for row in rows] == ["project made", "person invited", "retention set"]
    assert answer.headers["Content-Disposition"].endswith('"installation-trail.csv"')


@pytest.mark.parametrize(
    ("role", "status"), [("administrator", 200), ("legal", 200), ("auditor", 200), ("member", 403)]
)
def test_who_reads_the_whole_trail(role: str, status: int):
    lines()
    assert client_of(make_user(role)).get(reverse("house-trail")).status_code == status


def test_a_line_begins_no_formula_in_a_spreadsheet():
    project = lines()
    record(acting_user=None, action="project made", subject=Project(pk=1, name="=cmd|'/c calc'!A0"), project=project)
    answer = client_of(make_user("legal")).get(reverse("project-trail", args=[project.slug]), {"as": "csv"})
    text = taken(answer)
    assert "'=cmd" in text
    assert ",=cmd" not in text
