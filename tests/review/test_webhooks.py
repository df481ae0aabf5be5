"""Webhooks: what is told, to whom, signed how; and what a receiver refuses."""

import base64
import datetime as dt
import hashlib
import hmac
import json
import random
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks
from pytest_django.fixtures import Settings

from audits.actions.decisions import decide
from audits.actions.deliveries import GIVEN_UP_AFTER, LONGEST_WAIT, hold_next, seconds_to_wait
from audits.actions.runs import move
from audits.actions.webhooks import (
    add_webhook,
    forget_old_secret,
    rotate_secret,
    send_again,
    stop_webhook,
    tell,
    try_webhook,
)
from audits.models import Delivery, Notice, Run, Webhook
from audits.procedures.delivering import Sender, deliver_due
from audits.procedures.telling import slack_body
from compliance.encryption import Unreadable, decrypted
from compliance.models import TrailEntry
from compliance.sources.pinned import PinnedBackend
from tests.factories import make_completed_run, make_project, make_run, make_user
from tests.pages.conftest import SignedIn, World, signed_in, world
from tests.review.receiver import Came, Receiver, receiving, sample_verifier, say

__all__ = ["signed_in", "world"]
pytestmark = pytest.mark.django_db
VERIFIER = sample_verifier()
CHANCE = random.Random(1)


@pytest.fixture
def receiver(settings: Settings) -> Iterator[Receiver]:
    with receiving() as made:
        settings.WEBHOOK_ALLOWED = [made.place]
        yield made


def hook_to(place: Any, world: World, *, form: str = "signed", events: tuple[str, ...] = (), name: str = "Chat") -> Any:
    url = place.url if isinstance(place, Receiver) else place
    return add_webhook(
        project=world.project, name=name, url=url, form=form, events=events, acting_user=world.administrator
    )


def deliver(*places: Receiver, patience: float = 5.0) -> int:
    return deliver_due(sender=Sender([one.place for one in places], patience=patience), chance=CHANCE)


def later(delivery: Delivery, **fields: Any) -> None:
    """As if the time for the next attempt had come."""
    now = timezone.now()
    Delivery.objects.filter(pk=delivery.pk).update(next_at=now, **fields)
    Webhook.objects.filter(pk=delivery.webhook_id).update(paused_until=None)


def told(world: World, key: str = "1") -> Delivery:
    tell(project=world.project, event="run.ended", payload={"run": 7, "address": "/runs/7/"}, key=key)
    return Delivery.objects.latest("pk")


def test_a_delivery_is_believed_by_the_verifier_that_the_documentation_shows(world: World, receiver: Receiver):
    secret = hook_to(receiver, world).secret
    delivery = told(world)
    assert deliver(receiver) == 1
    came = receiver.came[0]
    assert VERIFIER["Verifier"](secret).verify(came.headers, came.body) == delivery.key
    body = json.loads(came.body)
    assert body["type"] == "run.ended"
    assert body["data"]["project"]["slug"] == world.project.slug
    assert body["data"]["address"].endswith("/runs/7/")
    assert body["data"]["address"].startswith("http")
    assert came.headers["content-type"] == "application/json"


def _altered(came: Came, **changed: str) -> Came:
    return Came({**came.headers, **{name.replace("_", "-"): value for name, value in changed.items()}}, came.body)


def _forged(came: Came) -> Came:
    content = f"{came.headers['webhook-id']}.{came.headers['webhook-timestamp']}.".encode() + came.body
    mac = hmac.new(b"guessed", content, hashlib.sha256).digest()
    return _altered(came, webhook_signature=f"v1,{base64.b64encode(mac).decode()}")


def _older(came: Came) -> Came:
    return _altered(came, webhook_timestamp=str(int(came.headers["webhook-timestamp"]) - 1))


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (_forged, "no signature fits"),
        (lambda came: Came(came.headers, came.body.replace(b'"run":7', b'"run":8')), "no signature fits"),
        (_older, "no signature fits"),
        (lambda came: _altered(came, webhook_id="msg_other"), "no signature fits"),
        (lambda came: _altered(came, webhook_signature="v2,abc nonsense"), "no signature fits"),
        (lambda came: _altered(came, webhook_timestamp="soon"), "no number of seconds"),
        (lambda came: Came({}, came.body), "is missing"),
    ],
)
def test_what_is_forged_or_altered_is_refused(world: World, receiver: Receiver, change: Any, why: str):
    secret = hook_to(receiver, world).secret
    told(world)
    deliver(receiver)
    changed = change(receiver.came[0])
    with pytest.raises(VERIFIER["Refused"], match=why):
        VERIFIER["Verifier"](secret).verify(changed.headers, changed.body)


def test_a_wrong_secret_an_old_request_and_a_replay_are_refused(world: World, receiver: Receiver):
    secret = hook_to(receiver, world).secret
    other = hook_to("https://hooks.example/in", world, name="Other").secret
    told(world)
    Webhook.objects.filter(name="Other").update(paused_until=timezone.now() + dt.timedelta(hours=1))
    deliver(receiver)
    came = receiver.came[0]
    with pytest.raises(VERIFIER["Refused"], match="another secret"):
        VERIFIER["Verifier"](other).verify(came.headers, came.body)
    verifier = VERIFIER["Verifier"](secret)
    with pytest.raises(VERIFIER["Refused"], match="too old"):
        verifier.verify(came.headers, came.body, now=time.time() + 301)
    verifier.verify(came.headers, came.body)
    with pytest.raises(VERIFIER["Refused"], match="replay"):
        verifier.verify(came.headers, came.body)


def test_while_a_secret_is_changed_both_are_believed_and_then_the_new_one_alone(world: World, receiver: Receiver):
    made = hook_to(receiver, world)
    new = rotate_secret(webhook=made.webhook, acting_user=world.administrator).secret
    told(world)
    deliver(receiver)
    for secret in (made.secret, new):
        VERIFIER["Verifier"](secret).verify(receiver.came[0].headers, receiver.came[0].body)
    forget_old_secret(webhook=made.webhook, acting_user=world.administrator)
    told(world, "2")
    deliver(receiver)
    with pytest.raises(VERIFIER["Refused"]):
        VERIFIER["Verifier"](made.secret).verify(receiver.came[1].headers, receiver.came[1].body)
    VERIFIER["Verifier"](new).verify(receiver.came[1].headers, receiver.came[1].body)


def test_secrets_and_addresses_are_not_readable_in_the_database(world: World, settings: Settings):
    made = hook_to("https://hooks.example/services/T0/B0/sEcReT?key=hidden", world, form="slack")
    signed = hook_to("https://hooks.example/in?key=hidden", world, name="Signed")
    rows = repr(list(Webhook.objects.values())) + repr(list(TrailEntry.objects.values("detail")))
    for word in ("sEcReT", "hidden", signed.secret):
        assert word not in rows
    assert decrypted(made.webhook.sealed_url).endswith("sEcReT?key=hidden")
    settings.SECRET_KEY, old = "another", settings.SECRET_KEY
    with pytest.raises(Unreadable, match="SECRET_KEY_FALLBACKS"):
        decrypted(made.webhook.sealed_url)
    settings.SECRET_KEY_FALLBACKS = [old]
    assert decrypted(signed.webhook.secret) == signed.secret


def test_slack_gets_text_and_blocks_in_which_no_name_becomes_a_mention(world: World, receiver: Receiver):
    world.project.name = "<!channel> & <https://evil.example|here>"
    world.project.save()
    hook_to(receiver, world, form="slack")
    told(world)
    deliver(receiver)
    body = json.loads(receiver.came[0].body)
    assert set(body) == {"text", "blocks"}
    assert "webhook-signature" not in receiver.came[0].headers
    assert "&lt;!channel&gt; &amp; &lt;https://evil.example|here&gt;" in body["text"]
    assert "<!channel>" not in receiver.came[0].body.decode()
    assert body["blocks"][-1]["text"]["text"].endswith("|Open in Clausetrail>")


@pytest.mark.parametrize("text", ["{pipeline.__class__}", "{0}", "%s", "}{", "a" * 5_000, "\x00\x1b[31m"])
def test_no_name_breaks_the_words_for_slack(text: str):
    payload = {"type": "run.ended", "data": {"pipeline": text, "run": 1, "state": "failed", "project": {"name": text}}}
    assert json.loads(slack_body(payload))["blocks"]


def test_what_is_rolled_back_is_never_told(world: World, receiver: Receiver):
    hook_to(receiver, world)
    with transaction.atomic():
        decide(finding=world.finding, kind="confirm", reason="Right.", acting_user=world.legal)
        transaction.set_rollback(True)
    assert deliver(receiver) == 0
    decide(finding=world.finding, kind="confirm", reason="Right, says our privileged advice.", acting_user=world.legal)
    assert deliver(receiver) == 1
    body = receiver.came[0].body.decode()
    assert json.loads(body)["data"]["decision"] == "confirm"
    assert "privileged advice" not in body


def test_an_event_is_told_once_under_one_key_however_often_it_is_said(world: World, receiver: Receiver):
    hook_to(receiver, world)
    told(world), told(world)
    assert Delivery.objects.count() == 1
    with pytest.raises(ValueError, match="no event"):
        tell(project=world.project, event="run.exploded", payload={}, key="1")


def test_only_what_is_wanted_is_told_and_only_in_its_own_project(world: World, receiver: Receiver):
    hook_to(receiver, world, events=("report.ready",))
    tell(project=make_project("Another"), event="report.ready", payload={}, key="1")
    tell(project=world.project, event="run.ended", payload={}, key="1")
    assert not Delivery.objects.exists()
    tell(project=world.project, event="report.ready", payload={"pages": "x" * 30_000, "address": "/reports/"}, key="1")
    held = Delivery.objects.get().payload["data"]
    assert held["shortened"]
    assert held["address"].endswith("/reports/")
    assert "pages" not in held


def test_the_end_of_a_run_tells_of_it_and_of_what_is_new(world: World, receiver: Receiver):
    hook_to(receiver, world)
    run = make_run(world.run.pipeline, state=Run.State.ANALYSING)
    world.finding.pk, world.finding.run, world.finding.key = None, run, "another key"
    world.finding.save()
    move(run.pk, Run.State.COMPLETED, since=Run.ACTIVE)
    deliver(receiver)
    by_type = {json.loads(one.body)["type"]: json.loads(one.body)["data"] for one in receiver.came}
    assert by_type["run.ended"]["state"] == "completed"
    assert by_type["finding.new"]["total"] == 1
    assert by_type["finding.new"]["findings"][0]["title"] == world.finding.title


def test_a_failure_waits_longer_each_time_and_is_told_under_the_same_key(world: World, receiver: Receiver):
    receiver.answer = say(503, b"<b>later</b>", Retry_After="90")
    hook_to(receiver, world)
    delivery = told(world)
    assert deliver(receiver) == 0
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts, delivery.status) == ("waiting", 1, 503)
    assert delivery.next_at is not None
    assert delivery.next_at > timezone.now() + dt.timedelta(seconds=80)
    assert delivery.tries.get().answer == "<b>later</b>"
    assert deliver(receiver) == 0, "its webhook rests"
    receiver.answer = say(204, b"")
    later(delivery)
    assert deliver(receiver) == 1
    assert len({one.headers["webhook-id"] for one in receiver.came}) == 1
    assert Webhook.objects.get().failures == 0


def test_waits_grow_fourfold_to_six_hours_and_nine_attempts_fill_a_day():
    plain = [seconds_to_wait(failed, random.Random(5)) for failed in range(1, 10)]
    assert plain == sorted(plain[:7]) + plain[7:]
    assert all(wait <= LONGEST_WAIT * 1.2 for wait in plain)
    assert GIVEN_UP_AFTER.total_seconds() * 0.7 < sum(plain[:8]) < GIVEN_UP_AFTER.total_seconds() * 1.3


def test_after_a_day_a_delivery_is_given_up_with_a_notice_and_can_be_sent_again(world: World, receiver: Receiver):
    receiver.answer = say(500)
    hook = hook_to(receiver, world).webhook
    delivery = told(world)
    later(delivery, waits_since=timezone.now() - GIVEN_UP_AFTER, attempts=8)
    deliver(receiver)
    delivery.refresh_from_db()
    assert delivery.state == "given_up"
    notice = Notice.objects.get(user=world.administrator)
    assert "1 event given up" in notice.text
    assert notice.address.endswith(f"/webhooks/{hook.pk}/")
    receiver.answer = say(200)
    send_again(delivery=delivery, acting_user=world.administrator)
    assert deliver(receiver) == 1
    delivery.refresh_from_db()
    assert (delivery.state, delivery.tries.count()) == ("delivered", 2)


def test_a_receiver_that_says_gone_is_told_no_more(world: World, receiver: Receiver):
    receiver.answer = say(410)
    hook = hook_to(receiver, world).webhook
    told(world)
    deliver(receiver)
    hook.refresh_from_db()
    assert hook.stopped_at is not None
    assert Delivery.objects.get().state == "given_up"
    tell(project=world.project, event="run.ended", payload={}, key="2")
    assert Delivery.objects.count() == 1
    with pytest.raises(ValidationError, match="stopped"):
        try_webhook(webhook=hook, acting_user=world.administrator)


def test_redirects_are_not_followed(world: World, receiver: Receiver):
    with receiving() as inner:
        receiver.answer = say(302, b"", Location=inner.url)
        hook_to(receiver, world)
        delivery = told(world)
        deliver(receiver, inner)
        delivery.refresh_from_db()
        assert "redirects are not followed" in delivery.problem
        assert inner.came == []


def test_a_name_that_leads_inside_is_not_asked_whatever_it_led_to_before(
    world: World, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
):
    hook_to("https://rebound.example/in", world)
    delivery = told(world)
    places = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("93.184.216.34", 443)), (2, 1, 6, "", ("10.0.0.7", 443))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: places)
    deliver(receiver)
    delivery.refresh_from_db()
    assert "10.0.0.7, which lies inside" in delivery.problem
    assert "WEBHOOK_ALLOWED" in delivery.problem


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://hooks.example/in", "https"),
        ("https://127.0.0.1/in", "inside a network"),
        ("https://[::ffff:10.0.0.1]/in", "inside a network"),
        ("https://169.254.169.254/latest", "inside a network"),
        ("https://localhost/in", "inside a network"),
        ("https://metadata.google.internal/", "inside a network"),
        ("https://user:word@hooks.example/in", "name and a password"),
        ("https://hooks.example:8443/in", "Port 8443"),
        ("ftp://hooks.example/in", "only http and https"),
        ("nonsense", "only http and https"),
    ],
)
def test_addresses_that_lead_inside_or_in_the_open_are_refused_when_they_are_given(world: World, url: str, why: str):
    with pytest.raises(ValidationError, match=why) as refused:
        hook_to(url, world)
    assert ("WEBHOOK_ALLOWED" in str(refused.value)) == ("begins with https" not in str(refused.value))


def test_a_receiver_that_hangs_holds_up_nobody_else(world: World, settings: Settings):
    held = threading.Event()

    def hang(request: Any, came: Came) -> None:
        held.wait(20)

    with receiving(hang) as hanging, receiving() as quick:
        settings.WEBHOOK_ALLOWED = [hanging.place, quick.place]
        hook_to(hanging, world, name="Hangs")
        hook_to(quick, world, name="Quick")
        for number in range(3):
            told(world, str(number))
        deliver(hanging, quick, patience=1.0)
        held.set()
        assert [json.loads(one.body)["type"] for one in quick.came] == ["run.ended"] * 3
        assert len(hanging.came) == 1, "after a failure its turn ends"
    stuck = Delivery.objects.filter(webhook__name="Hangs")
    assert "No answer within 1 seconds." in stuck.get(attempts=1).problem
    assert Delivery.objects.filter(webhook__name="Quick", state="delivered").count() == 3


def test_an_answer_that_drips_and_one_without_end_are_cut(world: World, receiver: Receiver):
    def endless(request: Any, came: Came) -> None:
        request.send_response(200)
        request.end_headers()
        for _ in range(200):
            request.wfile.write(b"x" * 65_536)

    receiver.answer = endless
    hook_to(receiver, world)
    delivery = told(world)
    assert deliver(receiver) == 1
    assert len(delivery.tries.get().answer) == 500


def test_turns_go_to_whoever_waited_longest(world: World, settings: Settings):
    with receiving() as receiver:
        settings.WEBHOOK_ALLOWED = [receiver.place]
        hooks = [hook_to(receiver, world, name=f"Hook {number}").webhook for number in range(3)]
        told(world)
        first = hold_next()
        second, third = hold_next(), hold_next()
        assert [one.pk for one in (first, second, third) if one] == [hook.pk for hook in hooks]
        assert hold_next() is None, "each is held by one worker at a time"
        Webhook.objects.update(held_until=None)
        again = hold_next()
        assert again is not None
        assert again.pk == hooks[0].pk


def test_a_thousand_deliveries_of_many_webhooks_are_all_told_in_turns(world: World, settings: Settings):
    with receiving() as receiver:
        settings.WEBHOOK_ALLOWED = [receiver.place]
        hooks = [hook_to(receiver, world, name=f"Hook {number}").webhook for number in range(10)]
        now = timezone.now()
        Delivery.objects.bulk_create(
            Delivery(
                webhook=hook, event="run.ended", key=f"msg_{hook.pk}_{n}", next_at=now,
                payload={"type": str(hook.pk), "data": {}},
            )
            for hook in hooks
            for n in range(100)
        )  # fmt: skip
        assert deliver_due(sender=Sender([receiver.place]), chance=CHANCE, round_seconds=300) == 1_000
        order = [json.loads(one.body)["type"] for one in receiver.came]
        assert len(set(order[:200])) > 7, "nobody is served whole before the others had a turn"
        assert not Delivery.objects.exclude(state="delivered").exists()


def test_connections_are_made_to_checked_addresses_alone():
    with pytest.raises(Exception, match="lies inside"):
        PinnedBackend(frozenset()).connect_tcp("localhost", 80)


def test_a_webhook_is_added_tested_rotated_and_stopped_in_the_page(
    world: World,
    signed_in: SignedIn,
    receiver: Receiver,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
):
    client: Client = signed_in(world.administrator)
    page = reverse("project-webhooks", args=[world.project.slug])
    assert "Nobody is told" in client.get(page).content.decode()
    refused = client.post(page, {"name": "Chat", "url": "https://10.0.0.1/", "form": "signed"})
    assert refused.status_code == 422
    assert "inside a network" in refused.content.decode()
    shown = client.post(page, {"name": "Chat", "url": receiver.url, "form": "signed", "events": ["run.ended"]})
    hook = Webhook.objects.get()
    secret = decrypted(hook.secret)
    assert secret in shown.content.decode()
    assert "no-store" in shown.headers["Cache-Control"]
    detail = reverse("project-webhook", args=[world.project.slug, hook.pk])
    assert secret not in client.get(detail).content.decode()
    client.post(reverse("project-webhook-deed", args=[world.project.slug, hook.pk, "test"]))
    deliver(receiver)
    assert (
        "Taken."
        in client.get(
            reverse("webhook-delivery", args=[world.project.slug, hook.pk, Delivery.objects.get().pk])
        ).content.decode()
    )
    rotated = client.post(
        reverse("project-webhook-deed", args=[world.project.slug, hook.pk, "rotate"])
    ).content.decode()
    assert "The old one signs too" in rotated
    client.post(reverse("project-webhook-deed", args=[world.project.slug, hook.pk, "stop"]))
    assert "Told no more" in client.get(detail).content.decode()
    actions = set(TrailEntry.objects.filter(project=world.project).values_list("action", flat=True))
    assert {"webhook added", "webhook secret changed", "webhook stopped"} <= actions


def test_a_webhook_of_another_project_is_not_reached_by_this_ones_administrator(world: World, signed_in: SignedIn):
    other = make_project("Another")
    keeper = make_user()
    made = add_webhook(
        project=other, name="Theirs", url="https://hooks.example/", form="signed", events=(), acting_user=keeper
    )
    client = signed_in(world.administrator)
    assert client.get(reverse("project-webhook", args=[world.project.slug, made.webhook.pk])).status_code == 404
    assert stop_webhook(webhook=made.webhook, acting_user=keeper)
    assert not stop_webhook(webhook=made.webhook, acting_user=keeper)
    assert make_completed_run(world.run.pipeline).pk
