"""Webhooks of a project: added, stopped, given another secret; and `tell`, which puts an event into their outbox.

An event's deliveries are rows written in the transaction that made the event: what is rolled back is never told, and what is
committed is told sooner or later (see audits.procedures.delivering).
"""

import base64
import datetime as dt
import hashlib
import ipaddress
import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from audits.models import Delivery, Webhook
from compliance.actions.trail import record
from compliance.encryption import encrypted
from compliance.models import Project, User
from compliance.sources.addresses import PORTS, ForbiddenAddress, checked_url, is_public

EVENTS: Final[Mapping[str, str]] = {
    "run.ended": "A run ended",
    "finding.new": "A run found something new",
    "finding.changed": "Findings changed when judged anew",
    "decision.made": "A finding was decided",
    "decision.ending": "A decision ends soon, or has ended",
    "facts.asked": "A fact was asked for",
    "facts.answered": "A fact that was asked for was answered",
    "remedy.proved": "A run showed that work is done",
    "remedy.disproved": "A run still found what was said to be changed",
    "approval.asked": "Approval was asked for",
    "approval.signed": "Somebody signed or refused an approval",
    "approval.completed": "An approval is complete",
    "approval.withdrawn": "An approval was withdrawn",
    "report.ready": "A report is ready",
    "terms.changed": "Terms, rules or agreements changed",
}
TEST: Final = "webhook.test"
WORDS: Final[Mapping[str, str]] = {**EVENTS, TEST: "A test"}
"""Every event in words."""
ALLOWED_BY_NAME: Final = "Whoever runs the installation may allow a place by name (WEBHOOK_ALLOWED)."
MOST: Final = 20
"""Webhooks of one project that are told."""
LARGEST_PAYLOAD: Final = 20_000
"""Bytes of the data of one event, as Standard Webhooks recommends; what is larger is told by its address alone."""
BOTH_SIGN: Final = dt.timedelta(hours=24)
"""While a secret is being changed, the old one signs too."""


@dataclass(frozen=True)
class MadeWebhook:
    """A webhook and its secret, which is shown once and never again; empty for one that does not sign."""

    webhook: Webhook
    secret: str


def tell(*, project: Project, event: str, payload: Mapping[str, Any], key: str) -> int:
    """Put an event into the outbox of every webhook of the project that wants it; returns how many will be told.

    Call it in the transaction that makes the event. `key` names the event: told again under the same key, nothing is added.
    `payload` holds names, numbers, outcomes and paths of pages, never words that people wrote among themselves.
    Raises ValueError for an event that is not in EVENTS.
    """
    if event not in EVENTS:
        raise ValueError(f"{event!r} is no event; choose one of {', '.join(EVENTS)}")
    wanted = [hook for hook in listening(project) if not hook.events or event in hook.events]
    return _put(wanted, event, payload, key) if wanted else 0


def listening(project: Project) -> Iterable[Webhook]:
    """The project's webhooks that are not stopped."""
    return Webhook.objects.filter(project=project, stopped_at=None).select_related("project")


def _put(hooks: Iterable[Webhook], event: str, payload: Mapping[str, Any], key: str) -> int:
    now = timezone.now()
    rows = [
        Delivery(
            webhook=hook, event=event, key=message_key(hook.project_id, event, key),
            payload=_message(event, hook.project, payload, now), waits_since=now, next_at=now,
        )
        for hook in hooks
    ]  # fmt: skip
    return len(Delivery.objects.bulk_create(rows, ignore_conflicts=True))


def message_key(project: int, event: str, key: str) -> str:
    """What receivers know the event by: the same for the same event, and without a full stop, which separates what is signed."""
    return f"msg_{hashlib.sha256(f'{project}|{event}|{key}'.encode()).hexdigest()[:32]}"


def _message(event: str, project: Project, payload: Mapping[str, Any], now: dt.datetime) -> dict[str, Any]:
    data = {"project": {"name": project.name, "slug": project.slug}, **payload}
    address = data.get("address")
    if isinstance(address, str) and address.startswith("/"):
        data["address"] = f"{settings.PUBLIC_URL}{address}"
    if len(json.dumps(data)) > LARGEST_PAYLOAD:
        data = {"project": data["project"], "address": data.get("address", ""), "shortened": True}
    return {"type": event, "timestamp": now.isoformat(), "data": data}


@transaction.atomic
def add_webhook(
    *, project: Project, name: str, url: str, form: str, events: Iterable[str], acting_user: User
) -> MadeWebhook:
    """Have an address told of the project's events. Raises ValidationError naming the field."""
    wanted = sorted(set(events))
    unknown = [event for event in wanted if event not in EVENTS]
    if unknown:
        raise ValidationError({"events": f"{unknown[0]} is no event."})
    if form not in Webhook.Form.values:
        raise ValidationError({"form": f"Choose one of: {', '.join(Webhook.Form.values)}."})
    if not name.strip():
        raise ValidationError({"name": "Give it a name, so that people know who is told."})
    _require_address(url)
    Project.objects.select_for_update().get(pk=project.pk)  # they are counted one at a time
    if Webhook.objects.filter(project=project, stopped_at=None).count() >= MOST:
        raise ValidationError(f"At most {MOST} webhooks of a project are told. Stop one first.")
    secret = new_secret() if form == Webhook.Form.SIGNED else ""
    hook = Webhook.objects.create(
        project=project, name=name.strip(), url=shown(url, form), sealed_url=encrypted(url), form=form,
        secret=encrypted(secret) if secret else "", events=wanted, made_by=acting_user,
    )  # fmt: skip
    record(
        acting_user=acting_user, action="webhook added", subject=hook, project=project, url=hook.url, form=form,
        events=wanted,
    )  # fmt: skip
    return MadeWebhook(hook, secret)


def _require_address(url: str) -> None:
    try:
        checked_url(url, settings.WEBHOOK_ALLOWED)
    except ForbiddenAddress as problem:
        refused = f"{str(problem)[:1].upper()}{str(problem)[1:]}. {ALLOWED_BY_NAME}"
        raise ValidationError({"url": refused}) from problem
    parts = urlsplit(url)
    if f"{parts.hostname}:{parts.port or PORTS[parts.scheme]}" in settings.WEBHOOK_ALLOWED:
        return
    if parts.scheme != "https":
        raise ValidationError(
            {"url": "Give an address that begins with https: on the way, anybody could read the rest."}
        )
    if is_inside(parts.hostname or ""):
        raise ValidationError({"url": f"This address lies inside a network of our own. {ALLOWED_BY_NAME}"})


def is_inside(host: str) -> bool:
    """Whether a host is plainly ours; what a name leads to is asked, and checked, with each delivery."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost" or host.endswith((".localhost", ".local", ".internal"))
    return not is_public(host)


def shown(url: str, form: str) -> str:
    """The address without what may be a secret in it: query and name always, for Slack the path too."""
    parts = urlsplit(url)
    port = f":{parts.port}" if parts.port else ""
    origin = f"{parts.scheme}://{parts.hostname}{port}"
    return f"{origin}/…" if form == Webhook.Form.SLACK else f"{origin}{parts.path}{'?…' if parts.query else ''}"[:500]


def new_secret() -> str:
    """256 random bits as Standard Webhooks writes them: whsec_ and Base64."""
    return f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"


@transaction.atomic
def rotate_secret(*, webhook: Webhook, acting_user: User) -> MadeWebhook:
    """Another secret. The old one signs too for 24 hours, so that the receiver can change in peace.

    Raises ValidationError for a webhook that does not sign, or is stopped.
    """
    held = Webhook.objects.select_for_update().get(pk=webhook.pk)
    if held.form != Webhook.Form.SIGNED or held.stopped_at:
        raise ValidationError("This webhook signs nothing." if not held.stopped_at else "This webhook is stopped.")
    secret = new_secret()
    held.secret_before, held.secret_before_until = held.secret, timezone.now() + BOTH_SIGN
    held.secret = encrypted(secret)
    held.save(update_fields=["secret", "secret_before", "secret_before_until"])
    record(acting_user=acting_user, action="webhook secret changed", subject=held, project=held.project)
    return MadeWebhook(held, secret)


@transaction.atomic
def forget_old_secret(*, webhook: Webhook, acting_user: User) -> None:
    """The old secret signs no longer, from now on: for when it has become known."""
    if (
        Webhook.objects.filter(pk=webhook.pk)
        .exclude(secret_before="")
        .update(secret_before="", secret_before_until=None)
    ):
        record(acting_user=acting_user, action="webhook old secret ended", subject=webhook, project=webhook.project)


@transaction.atomic
def stop_webhook(*, webhook: Webhook, acting_user: User | None, why: str = "") -> bool:
    """Tell it no more; what waits is given up. Its log stays. False when it was stopped already."""
    words = why or f"Stopped by {acting_user}."
    open_ones = Webhook.objects.filter(pk=webhook.pk, stopped_at=None)
    if not open_ones.update(stopped_at=timezone.now(), stopped_why=words[:200]):
        return False
    waiting = Delivery.objects.filter(webhook=webhook, state=Delivery.State.WAITING)
    waiting.update(state=Delivery.State.GIVEN_UP, problem=words, next_at=None)
    record(acting_user=acting_user, action="webhook stopped", subject=webhook, project=webhook.project, why=words)
    return True


@transaction.atomic
def try_webhook(*, webhook: Webhook, acting_user: User) -> Delivery:
    """Put a test event into the outbox. Raises ValidationError for a webhook that is stopped."""
    _require_open(webhook)
    made = secrets.token_hex(8)
    payload = {"sent_by": str(acting_user), "address": f"/projects/{webhook.project.slug}/webhooks/{webhook.pk}/"}
    _put([webhook], TEST, payload, made)
    _try_at_once(webhook)
    return Delivery.objects.get(webhook=webhook, key=message_key(webhook.project_id, TEST, made))


@transaction.atomic
def send_again(*, delivery: Delivery, acting_user: User) -> None:
    """Send a delivery once more, under the same key, whatever came of it before. Raises ValidationError if it waits already."""
    _require_open(delivery.webhook)
    now = timezone.now()
    ended = Delivery.objects.filter(pk=delivery.pk)
    ended.update(state=Delivery.State.WAITING, waits_since=now, next_at=now, attempts=0, delivered_at=None, problem="")
    _try_at_once(delivery.webhook)
    record(
        acting_user=acting_user, action="webhook sent again", subject=delivery, project=delivery.webhook.project,
        event=delivery.event, key=delivery.key,
    )  # fmt: skip


def _require_open(webhook: Webhook) -> None:
    if webhook.stopped_at:
        raise ValidationError("This webhook is stopped. Add it anew to tell it again.")


def _try_at_once(webhook: Webhook) -> None:
    """Somebody looks: a pause after failures ends."""
    Webhook.objects.filter(pk=webhook.pk).update(paused_until=None)
