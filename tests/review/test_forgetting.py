"""What logs of telling hold goes after a year, or what is set; nothing that is evidence or waits, and nothing is told twice."""

import datetime as dt
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, transaction
from django.utils import timezone

from audits.actions.decisions import decide
from audits.actions.notices import remind_of_ends
from audits.actions.webhooks import add_webhook
from audits.models import Attempt, Decision, Delivery, Notice, Webhook
from audits.procedures.forgetting import forget_logs
from compliance.logs_kept import LEAST_DAYS, logs_kept_days
from compliance.models import TrailEntry
from tests.factories import make_user
from tests.pages.conftest import World, world

__all__ = ["world"]
pytestmark = pytest.mark.django_db
NOW = timezone.now()
LONG_AGO, LATELY = NOW - dt.timedelta(days=400), NOW - dt.timedelta(days=300)


@pytest.fixture
def hook(world: World) -> Webhook:
    made = add_webhook(
        project=world.project, name="Chat", url="https://hooks.example/", form="signed", events=(),
        acting_user=world.administrator,
    )  # fmt: skip
    return made.webhook


def delivered(hook: Webhook, key: str, at: dt.datetime, state: str = "delivered") -> Delivery:
    made = Delivery.objects.create(
        webhook=hook, event="run.ended", key=key, payload={}, state=state, waits_since=at, next_at=at
    )
    Attempt.objects.create(delivery=made, at=at, status=200)
    return made


def test_old_deliveries_go_with_their_attempts_and_those_that_wait_stay(hook: Webhook):
    delivered(hook, "old", LONG_AGO)
    delivered(hook, "given-up", LONG_AGO, "given_up")
    for key, at, state in (("waits", LONG_AGO, "waiting"), ("lately", LATELY, "delivered")):
        delivered(hook, key, at, state)
    Attempt.objects.create(delivery=delivered(hook, "tried-again", LONG_AGO), at=LATELY, status=200)
    trail = TrailEntry.objects.count()
    assert forget_logs(NOW).deliveries == 2
    assert set(Delivery.objects.values_list("key", flat=True)) == {"waits", "lately", "tried-again"}
    assert TrailEntry.objects.count() == trail
    assert forget_logs(NOW).deliveries == 0


def test_what_is_set_counts_and_less_than_the_least_is_refused(hook: Webhook, settings: Any):
    delivered(hook, "lately", LATELY)
    settings.LOGS_KEPT_DAYS = logs_kept_days({"LOGS_KEPT_DAYS": "120"})
    assert forget_logs(NOW).deliveries == 1
    assert logs_kept_days({}) == 365
    for wrong in (str(LEAST_DAYS - 1), "0", "-5", "a year", "1e3", "9" * 30):
        with pytest.raises(ImproperlyConfigured, match="no whole number of days from 90"):
            logs_kept_days({"LOGS_KEPT_DAYS": wrong})


def test_the_database_itself_keeps_attempts_of_the_last_months_and_lets_none_be_changed(hook: Webhook):
    young = delivered(hook, "young", NOW - dt.timedelta(days=LEAST_DAYS - 1)).tries.get()
    old = delivered(hook, "old", LONG_AGO).tries.get()
    for forbidden in (young.delete, lambda: Attempt.objects.filter(pk=old.pk).update(status=500)):
        with pytest.raises(DatabaseError), transaction.atomic():
            forbidden()


def test_old_notices_and_ended_sessions_go(world: World):
    for key, at in (("old", LONG_AGO), ("new", LATELY)):
        made = Notice.objects.create(user=world.engineer, kind="due", text="t", address="/", key=key)
        Notice.objects.filter(pk=made.pk).update(at=at)
    Session.objects.create(session_key="over", session_data="", expire_date=NOW - dt.timedelta(days=1))
    Session.objects.create(session_key="runs", session_data="", expire_date=NOW + dt.timedelta(days=1))
    done = forget_logs(NOW)
    assert (done.notices, done.sessions) == (1, 1)
    assert [one.key for one in Notice.objects.all()] == ["new"]
    assert [one.session_key for one in Session.objects.all()] == ["runs"]


def test_what_was_told_is_not_told_anew_once_it_is_forgotten(world: World, hook: Webhook):
    """A waiver that ended long ago stands open still; whether its end was told is known by the notice alone."""
    today = timezone.localdate()
    decide(finding=world.finding, kind="waive", reason="r", until=today, acting_user=make_user("legal"))
    for days in (1, 30, LEAST_DAYS, 400):
        remind_of_ends(today + dt.timedelta(days=days))
    assert Delivery.objects.filter(event="decision.ending").count() == 1
    Notice.objects.all().delete()
    Delivery.objects.all().delete()
    assert remind_of_ends(today + dt.timedelta(days=LEAST_DAYS)) == 0
    assert not Delivery.objects.filter(event="decision.ending").exists()
    assert Decision.objects.exists()
