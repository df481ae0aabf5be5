"""A run ends whatever breaks behind it, and what could not follow its end is made good: no event is lost, none told twice."""

import datetime as dt
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from audits.actions.remedies import ask_for_remedy, claim_remedy
from audits.actions.run_ends import FOLLOWING, make_good
from audits.actions.runs import move
from audits.actions.webhooks import add_webhook
from audits.models import Delivery, Remedy, Run, UnfollowedEnd
from compliance.models import TrailEntry
from tests.pages.conftest import World, world
from tests.review.test_remedies import SOON, next_run

__all__ = ["world"]
pytestmark = pytest.mark.django_db
LATER = dt.timedelta(minutes=2)


@pytest.fixture
def listened(world: World) -> World:
    """The project has a webhook, and work that the next run will show."""
    add_webhook(
        project=world.project, name="Chat", url="https://hooks.example/", form="signed", events=("run.ended",),
        acting_user=world.administrator,
    )  # fmt: skip
    asked = ask_for_remedy(
        finding=world.finding, what="Ask another model.", owner=world.engineer, due_on=SOON, acting_user=world.legal
    )
    claim_remedy(remedy=asked, acting_user=world.engineer)
    return world


def in_python(run: Run) -> None:
    raise LookupError("the payload can't be made")


def in_the_database(run: Run) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM no_such_table")


@pytest.mark.parametrize("fault", [in_python, in_the_database])
def test_a_fault_in_telling_undoes_neither_the_end_nor_what_else_follows(
    listened: World, monkeypatch: pytest.MonkeyPatch, fault: Any
):
    run = next_run(listened, outcome=None)
    with monkeypatch.context() as broken:
        broken.setitem(FOLLOWING, "told", fault)
        assert move(run.pk, Run.State.COMPLETED, since=Run.ACTIVE)
    assert Run.objects.get(pk=run.pk).state == Run.State.COMPLETED
    assert Remedy.objects.get().state == Remedy.State.PROVED, "the other part followed"
    assert not Delivery.objects.exists()
    kept = UnfollowedEnd.objects.get()
    assert (kept.run, kept.what, kept.tries) == (run, "told", 1)
    line = TrailEntry.objects.get(action="run end not followed")
    assert line.detail == {"what": "Webhooks are told", "problem": kept.problem}
    assert make_good(timezone.now()) == 0, "not before its time"
    assert make_good(timezone.now() + LATER) == 1
    assert [one.event for one in Delivery.objects.all()] == ["run.ended"]
    assert not UnfollowedEnd.objects.exists()
    assert TrailEntry.objects.filter(action="run end followed late", object_id=str(run.pk)).exists()
    assert make_good(timezone.now() + LATER) == 0
    assert Delivery.objects.count() == 1


def test_what_is_rolled_back_with_the_end_leaves_nothing_to_be_made_good(
    listened: World, monkeypatch: pytest.MonkeyPatch
):
    """The process dies before the commit: the end is not there, so nothing has to follow it."""
    run = next_run(listened, outcome=None)
    monkeypatch.setitem(FOLLOWING, "told", in_python)
    with transaction.atomic():
        move(run.pk, Run.State.COMPLETED, since=Run.ACTIVE)
        transaction.set_rollback(True)
    assert Run.objects.get(pk=run.pk).is_active
    assert not UnfollowedEnd.objects.exists()


def test_what_fails_again_waits_longer_and_is_never_given_up(listened: World, monkeypatch: pytest.MonkeyPatch):
    run = next_run(listened, outcome=None)
    monkeypatch.setitem(FOLLOWING, "told", in_python)
    move(run.pk, Run.State.COMPLETED, since=Run.ACTIVE)
    waits = []
    for _ in range(9):
        at = UnfollowedEnd.objects.get().next_at
        assert make_good(at) == 0
        waits.append(int((UnfollowedEnd.objects.get().next_at - at).total_seconds()))
    assert waits == [120, 240, 480, 960, 1920, 3600, 3600, 3600, 3600]


def test_work_that_is_settled_late_gives_way_to_what_a_later_run_has_shown(
    listened: World, monkeypatch: pytest.MonkeyPatch
):
    early = next_run(listened, outcome=listened.finding.outcome)
    with monkeypatch.context() as broken:
        broken.setitem(FOLLOWING, "settled", in_python)
        move(early.pk, Run.State.COMPLETED, since=Run.ACTIVE)
    assert Remedy.objects.get().state == Remedy.State.CLAIMED
    move(next_run(listened, outcome=None).pk, Run.State.COMPLETED, since=Run.ACTIVE)
    assert Remedy.objects.get().state == Remedy.State.PROVED
    assert make_good(timezone.now() + LATER) == 1
    assert Remedy.objects.get().state == Remedy.State.PROVED, "the earlier run still found it; the later one did not"
