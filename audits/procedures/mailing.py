"""Mail for notices: at once, or one a day. A mail that can't go out is tried again, and says why on the notice."""

import datetime as dt
from collections.abc import Sequence
from itertools import groupby
from typing import Final

from django.conf import settings
from django.core.mail import EmailMessage
from django.utils import timezone

from audits.models import Notice, NoticeChoice
from compliance.models import User

MOST_IN_A_MAIL: Final = 100
OLDEST: Final = dt.timedelta(days=7)


def send_mail(now: dt.datetime | None = None) -> int:
    """Mail what waits; returns how many mails went out. Whoever has read a notice in the page gets no mail of it."""
    now = now or timezone.now()
    waiting = Notice.objects.filter(mailed_at=None, read_at=None, at__gt=now - OLDEST, user__is_active=True)
    rows = waiting.exclude(user__email="").select_related("user").order_by("user_id", "id")
    return sum(_to_one(list(mine), now) for _, mine in groupby(rows, key=lambda one: one.user_id))


def _to_one(notices: list[Notice], now: dt.datetime) -> int:
    person = notices[0].user
    choice, _ = NoticeChoice.objects.get_or_create(user=person)
    if choice.mail == NoticeChoice.Mail.NEVER:
        return 0
    if choice.mail == NoticeChoice.Mail.AT_ONCE:
        return sum(_send(person, [one], now) for one in notices)
    today = timezone.localdate(now)
    if choice.digest_on == today:
        return 0
    sent = _send(person, notices[:MOST_IN_A_MAIL], now)
    if sent:
        NoticeChoice.objects.filter(pk=choice.pk).update(digest_on=today)
    return sent


def _send(person: User, notices: Sequence[Notice], now: dt.datetime) -> int:
    ids = [one.pk for one in notices]
    subject = notices[0].text if len(notices) == 1 else f"Clausetrail: {len(notices)} things to know"
    lines = [f"{one.text}\n{settings.PUBLIC_URL}{one.address}" for one in notices]
    foot = f"How you are told is chosen on {settings.PUBLIC_URL}/notices/"
    message = EmailMessage(" ".join(subject.split())[:180], "\n\n".join([*lines, foot]), to=[person.email])
    try:
        message.send()
    except OSError as problem:  # the mail server: SMTP errors are OSErrors too
        Notice.objects.filter(pk__in=ids).update(mail_failed=f"{now.isoformat()}: {problem}"[:1000])
        return 0
    Notice.objects.filter(pk__in=ids).update(mailed_at=now, mail_failed="")
    return 1
