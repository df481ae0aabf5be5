"""The desk: what is listed first, what is done together, who sees to what, which views are kept."""

import datetime as dt

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from audits.models import Assignment, Decision, SavedView
from compliance.models import TrailEntry
from tests.factories import make_finding, make_user
from tests.pages.conftest import SignedIn, World, signed_in, world

__all__ = ["signed_in", "world"]
TODAY = timezone.localdate()


def listed(client: Client, **asked: str) -> str:
    return client.get(reverse("findings"), asked).content.decode()


def test_the_gravest_come_first_then_what_is_due_then_the_oldest(world: World, signed_in: SignedIn):
    run = world.run
    grave = make_finding(run, outcome="prohibited", title="Grave and not due")
    due = make_finding(run, outcome="prohibited", title="Grave and due")
    Assignment.objects.create(
        project=world.project, finding_key=due.key, due_on=TODAY + dt.timedelta(days=3), assigned_by=world.legal
    )
    page = listed(signed_in(world.legal))
    places = [page.index(words) for words in ("Grave and due", "Grave and not due", "No competing models")]
    assert places == sorted(places)
    assert grave.pk


def test_ticked_findings_are_decided_alike(world: World, signed_in: SignedIn):
    other = make_finding(world.run)
    data = {"finding": [world.finding.pk, other.pk], "kind": "confirm", "reason": "Both are right."}
    page = signed_in(world.legal).post(reverse("findings-together"), data, follow=True).content.decode()
    assert "The decision stands on 2 findings." in page
    assert Decision.objects.filter(kind="confirm").count() == 2


def test_a_waiver_without_an_end_is_refused_for_all_ticked(world: World, signed_in: SignedIn):
    data = {"finding": [world.finding.pk], "kind": "waive", "reason": "Later."}
    page = signed_in(world.legal).post(reverse("findings-together"), data, follow=True).content.decode()
    assert "say on which day" in page
    assert not Decision.objects.exists()


@pytest.mark.parametrize(("person", "status"), [("engineer", 403), ("administrator", 403), ("outsider", 302)])
def test_who_does_not_decide_does_not_decide_together_either(
    world: World, signed_in: SignedIn, person: str, status: int
):
    data = {"finding": [world.finding.pk], "kind": "confirm", "reason": "Mine."}
    assert signed_in(getattr(world, person)).post(reverse("findings-together"), data).status_code == status
    assert not Decision.objects.exists()


def test_an_outsiders_tick_on_a_finding_they_do_not_see_does_nothing(world: World, signed_in: SignedIn):
    data = {"finding": [world.finding.pk], "assign": "1", "assignee": world.outsider.pk}
    signed_in(world.outsider).post(reverse("findings-together"), data)
    assert not Assignment.objects.exists()


def test_a_finding_is_given_to_somebody_of_the_project_with_a_day(world: World, signed_in: SignedIn):
    due = (TODAY + dt.timedelta(days=5)).isoformat()
    data = {"finding": [world.finding.pk], "assign": "1", "assignee": world.engineer.pk, "due_on": due}
    signed_in(world.legal).post(reverse("findings-together"), data)
    held = Assignment.objects.get()
    assert (held.assignee, held.due_on.isoformat() if held.due_on else "") == (world.engineer, due)
    mine = listed(signed_in(world.engineer), assignee="me")
    assert world.finding.title in mine
    assert world.engineer.username in mine
    type(world.engineer).objects.filter(pk=world.engineer.pk).update(first_name="Ada", last_name="Okoye")
    assert "Ada Okoye" in listed(signed_in(world.legal)), "people are called as everywhere else"
    assert world.finding.title not in listed(signed_in(world.legal), assignee="nobody")
    assert TrailEntry.objects.filter(action="finding assigned").count() == 1


def test_nobody_outside_the_project_is_given_its_findings(world: World, signed_in: SignedIn):
    data = {"assignee": make_user().pk}
    page = signed_in(world.legal).post(reverse("finding-assign", args=[world.finding.pk]), data, follow=True)
    assert "Select a valid choice" in page.content.decode()
    assert not Assignment.objects.exists()


def test_a_view_is_kept_under_a_name_for_oneself_alone(world: World, signed_in: SignedIn):
    client = signed_in(world.legal)
    client.post(reverse("findings-view-keep"), {"name": "Grave, mine", "query": "outcome=prohibited&assignee=me"})
    refused = client.post(reverse("findings-view-keep"), {"name": "x" * 81, "query": "outcome=prohibited"})
    assert refused.headers["Location"] == f"{reverse('findings')}?outcome=prohibited", "the filter that was set stays"
    assert "Grave, mine" in listed(client)
    assert "Grave, mine" not in listed(signed_in(world.engineer))
    view = SavedView.objects.get()
    assert signed_in(world.engineer).post(reverse("findings-view-forget", args=[view.pk])).status_code == 403
    client.post(reverse("findings-view-forget", args=[view.pk]))
    assert not SavedView.objects.exists()


def test_a_waiver_is_recorded_on_the_findings_page_with_its_end(world: World, signed_in: SignedIn):
    client = signed_in(world.legal)
    address = reverse("finding-decide", args=[world.finding.pk])
    refused = client.post(address, {"kind": "waive", "reason": "Renewal is under way.", "scope": "finding"})
    assert refused.status_code == 422
    assert "say on which day" in refused.content.decode()
    until = (TODAY + dt.timedelta(days=30)).isoformat()
    client.post(address, {"kind": "waive", "reason": "Renewal is under way.", "until": until, "scope": "student"})
    page = client.get(reverse("finding", args=[world.finding.pk])).content.decode()
    assert "Waived until" in page
    assert "This rule, for this student: acme-triage" in page


def test_the_desk_asks_as_many_queries_for_many_findings_as_for_one(world: World, signed_in: SignedIn):
    client = signed_in(world.legal)
    listed(client)
    with CaptureQueriesContext(connection) as few:
        listed(client)
    for _ in range(12):
        make_finding(world.run)
    with CaptureQueriesContext(connection) as many:
        listed(client)
    assert len(many) == len(few)
    assert len(many) < 25
