"""Dropping old logs of telling, a few at a time: never evidence, decisions or the trail."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from audits.models import Delivery, Notice

AT_ONCE: Final = 1_000
"""Rows of one transaction: nobody waits for a large one."""


@dataclass(frozen=True)
class Forgotten:
    """How many of each were dropped."""

    deliveries: int
    notices: int
    sessions: int


def forget_logs(now: dt.datetime | None = None) -> Forgotten:
    """Drop deliveries that wait no more and notices, when they are older than LOGS_KEPT_DAYS; and sessions that are over."""
    now = now or timezone.now()
    until = now - dt.timedelta(days=settings.LOGS_KEPT_DAYS)
    ended = Delivery.objects.exclude(state=Delivery.State.WAITING).filter(waits_since__lt=until)
    tried_since = ended.filter(tries__at__gte=until)
    over = Session.objects.filter(expire_date__lt=now)
    _drop(UserSession.objects.filter(session_key__in=over.values("session_key")))
    return Forgotten(
        deliveries=_drop(ended.exclude(pk__in=tried_since.values("pk"))),
        notices=_drop(Notice.objects.filter(at__lt=until)),
        sessions=_drop(over),
    )


def _drop(rows: QuerySet[Any]) -> int:
    return sum(_batches(rows))


def _batches(rows: QuerySet[Any]) -> Iterator[int]:
    """Numbers of the rows themselves, without what hangs on them. What somebody sends anew meanwhile is not dropped."""
    while keys := list(rows.order_by("pk").values_list("pk", flat=True)[:AT_ONCE]):
        with transaction.atomic():
            held = list(rows.filter(pk__in=keys).select_for_update().values_list("pk", flat=True))
            rows.model.objects.filter(pk__in=held).delete()
        yield len(held)
