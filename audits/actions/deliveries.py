"""What becomes of deliveries: webhooks are held by one worker at a time, each attempt is written down, failures wait longer.

Turns are given to webhooks, not to deliveries: whoever waited longest for a turn comes first, and a receiver that hangs holds up
nobody but itself.
"""

import datetime as dt
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone

from audits.actions.notices import tell as tell_person
from audits.actions.webhooks import stop_webhook
from audits.models import Attempt, Delivery, Webhook
from audits.queries.people import people_of_project
from compliance.access import may
from compliance.roles import Deed

GIVEN_UP_AFTER: Final = dt.timedelta(hours=24)
FIRST_WAIT: Final = 15.0
LONGEST_WAIT: Final = 6 * 3600.0
LONGEST_PAUSE: Final = 600.0
"""Seconds: a delivery waits 15 s, 1 min, 4 min, 16 min, 64 min, 4 h, 6 h, 6 h; its webhook is asked at least each 10 min."""
JITTER: Final = 0.2
HELD_FOR: Final = dt.timedelta(seconds=90)
"""Longer than a turn takes: a webhook whose worker died is free again then."""
GONE: Final = 410
"""Status by which a receiver says that it wants no more."""


@dataclass(frozen=True)
class Tried:
    """What one attempt came to. `wait`: seconds after which the receiver wants to be asked again; `sent`: it was asked."""

    at: dt.datetime
    milliseconds: int
    status: int | None = None
    problem: str = ""
    answer: str = ""
    wait: float = 0.0

    @property
    def delivered(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


def seconds_to_wait(attempts: int, chance: random.Random) -> float:
    """Before the next attempt, when `attempts` have failed: four times as long each time, a fifth more or less."""
    plain = min(FIRST_WAIT * 4.0 ** min(max(0, attempts - 1), 12), LONGEST_WAIT)
    return plain * chance.uniform(1 - JITTER, 1 + JITTER)


def pause_of(failures: int, chance: random.Random) -> float:
    """Seconds in which a webhook that failed so often in a row is not asked at all."""
    return min(FIRST_WAIT * 2.0 ** min(max(0, failures - 1), 12), LONGEST_PAUSE) * chance.uniform(1 - JITTER, 1)


@transaction.atomic
def hold_next(now: dt.datetime | None = None) -> Webhook | None:
    """Take the webhook that waited longest for its turn and has something due; None when none has. Two workers never get one."""
    now = now or timezone.now()
    due = Delivery.objects.filter(webhook=OuterRef("pk"), state=Delivery.State.WAITING, next_at__lte=now)
    free = Webhook.objects.filter(Q(held_until=None) | Q(held_until__lte=now), stopped_at=None)
    rested = free.filter(Q(paused_until=None) | Q(paused_until__lte=now)).filter(Exists(due))
    hook = (
        rested.order_by(F("tried_at").asc(nulls_first=True), "pk")
        .select_for_update(of=("self",), skip_locked=True)
        .first()
    )
    if hook is None:
        return None
    hook.held_until, hook.tried_at = now + HELD_FOR, now
    hook.save(update_fields=["held_until", "tried_at"])
    return hook


def let_go(webhook: Webhook) -> None:
    """Its turn is over."""
    Webhook.objects.filter(pk=webhook.pk).update(held_until=None)


def due_of(webhook: Webhook, most: int, now: dt.datetime | None = None) -> Sequence[Delivery]:
    """What is due for a webhook, in the order in which it happened."""
    due = Delivery.objects.filter(webhook=webhook, state=Delivery.State.WAITING, next_at__lte=now or timezone.now())
    return list(due.order_by("next_at", "pk")[:most])


@transaction.atomic
def note_attempt(delivery: Delivery, tried: Tried, chance: random.Random) -> None:
    """Write an attempt down, with what follows from it for the delivery and its webhook."""
    Attempt.objects.create(
        delivery=delivery, at=tried.at, status=tried.status, problem=tried.problem, answer=tried.answer,
        milliseconds=tried.milliseconds,
    )  # fmt: skip
    waiting = Delivery.objects.filter(pk=delivery.pk, state=Delivery.State.WAITING)
    told = {"attempts": F("attempts") + 1, "status": tried.status, "problem": tried.problem}
    hook = Webhook.objects.filter(pk=delivery.webhook_id)
    if tried.delivered:
        waiting.update(state=Delivery.State.DELIVERED, delivered_at=tried.at, next_at=None, **told)
        hook.update(failures=0, paused_until=None)
        return
    wait = max(seconds_to_wait(delivery.attempts + 1, chance), min(tried.wait, LONGEST_WAIT))
    waiting.update(next_at=tried.at + dt.timedelta(seconds=wait), **told)
    held = hook.select_for_update().get()
    pause = max(pause_of(held.failures + 1, chance), min(tried.wait, LONGEST_PAUSE))
    hook.update(failures=held.failures + 1, paused_until=tried.at + dt.timedelta(seconds=pause))
    if tried.status == GONE:
        stop_webhook(webhook=held, acting_user=None, why="The receiver answered 410: it wants no more.")
        _tell_keepers(held, "stopped", f"The receiver of the webhook “{held.name}” wants no more, and is told no more")
        return
    _give_up_old(held, tried.at)


def _give_up_old(hook: Webhook, now: dt.datetime) -> None:
    """After a failure: whatever has waited for a day is not tried again."""
    old = Delivery.objects.filter(webhook=hook, state=Delivery.State.WAITING, waits_since__lte=now - GIVEN_UP_AFTER)
    count = old.update(state=Delivery.State.GIVEN_UP, next_at=None)
    if count:
        words = (
            f"The webhook “{hook.name}” could not be told for a day: {count} event{'' if count == 1 else 's'} given up"
        )
        _tell_keepers(hook, f"given-up:{now.date()}", words)


def _tell_keepers(hook: Webhook, what: str, words: str) -> None:
    keepers = {one for one in people_of_project(hook.project) if may(one, Deed.ADMINISTER, hook.project)}
    for person in sorted(keepers | {hook.made_by}, key=lambda one: one.pk):
        if may(person, Deed.ADMINISTER, hook.project):
            tell_person(
                user=person, kind="webhook_fails", text=words, key=f"webhook:{hook.pk}:{what}", project=hook.project,
                address=f"/projects/{hook.project.slug}/webhooks/{hook.pk}/",
            )  # fmt: skip
