"""Answers kept for requests that are sent again."""

import datetime as dt

from django.utils import timezone

from compliance.models import AnsweredRequest


def forget_answered(now: dt.datetime | None = None) -> int:
    """Forget the answers whose time is over; returns how many."""
    return AnsweredRequest.objects.filter(expires_at__lte=now or timezone.now()).delete()[0]
