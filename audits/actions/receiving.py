"""Tokens of receivers, and what is received with them: an import for each token and hour."""

import datetime as dt
import secrets
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from audits.actions.ingesting import request_import
from audits.models import Import, ReceiverToken
from compliance.actions.tokens import digest_of
from compliance.actions.trail import record
from compliance.ends import as_told
from compliance.models import Project, User

PREFIX = "ctr_"
LONGEST_LIFE = dt.timedelta(days=400)


@transaction.atomic
def make_token(
    *, project: Project, name: str, expires_at: dt.datetime, acting_user: User | None
) -> tuple[ReceiverToken, str]:
    """A new token, and its text, which is nowhere to be had again. Raises ValueError for one that would last too long."""
    if not timezone.now() < expires_at <= timezone.now() + LONGEST_LIFE:
        raise ValueError(f"a token expires in the future, and within {LONGEST_LIFE.days} days")
    text = PREFIX + secrets.token_urlsafe(32)
    token = ReceiverToken.objects.create(
        project=project, name=name, digest=digest_of(text), expires_at=expires_at, created_by=acting_user
    )
    record(
        acting_user=acting_user, action="receiver token made", subject=token, project=project, until=as_told(expires_at)
    )
    return token, text


@transaction.atomic
def revoke_token(*, token: ReceiverToken, acting_user: User | None) -> None:
    """Have a token refused from now on."""
    ReceiverToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=timezone.now())
    record(acting_user=acting_user, action="receiver token revoked", subject=token, project=token.project)


def valid_token(text: str) -> ReceiverToken | None:
    """The token of this text, if it may be used now. One query; what is compared is a hash."""
    if not text.startswith(PREFIX):
        return None
    now = timezone.now()
    tokens = ReceiverToken.objects.filter(digest=digest_of(text), revoked_at=None, expires_at__gt=now)
    return tokens.select_related("project").first()


@transaction.atomic
def import_of_the_hour(token: ReceiverToken, part: Mapping[str, Any]) -> Import:
    """The import that takes what this token sends within this hour, with one more part kept in it. Locks the token."""
    now = timezone.now()
    ReceiverToken.objects.select_for_update().filter(pk=token.pk).get()
    ReceiverToken.objects.filter(pk=token.pk).update(last_used_at=now)
    name = f"{token.name}, {now.astimezone(dt.UTC):%Y-%m-%d %H}h UTC"
    imported = Import.objects.filter(token=token, name=name[:300]).select_related("pipeline__project").first()
    if imported is None:
        imported = request_import(
            project=token.project, acting_user=None, source="otlp", name=name, log=f"Traces from {token.name}", token=token,
            state=Import.State.DONE, started_at=now,
        )  # fmt: skip
    imported.parts = [*imported.parts, dict(part)]
    imported.save(update_fields=["parts"])
    size = int(part["size"])
    Import.objects.filter(pk=imported.pk).update(
        size=F("size") + size, total_bytes=F("total_bytes") + size, finished_at=now
    )
    return imported


def count_received(imported: Import, new: int) -> None:
    """Set how many of an import's entries were new."""
    Import.objects.filter(pk=imported.pk).update(new=new, known=F("read") - new)
