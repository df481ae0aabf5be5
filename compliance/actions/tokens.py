"""Tokens of the API: made by a person for a program, shown once, revoked at will."""

import datetime as dt
import hashlib
import secrets
from collections.abc import Sequence

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from compliance.actions.trail import record
from compliance.ends import as_told
from compliance.models import ApiToken, Project, User

PREFIX = "cta_"
LONGEST_LIFE = dt.timedelta(days=400)
USE_NOTED_EVERY = dt.timedelta(minutes=1)


def digest_of(text: str) -> str:
    """What is stored of a token. It is random and long, so a plain hash can't be turned back."""
    return hashlib.sha256(text.encode()).hexdigest()


@transaction.atomic
def make_api_token(
    *, name: str, scopes: Sequence[str], expires_at: dt.datetime, acting_user: User, project: Project | None = None
) -> tuple[ApiToken, str]:
    """A new token that acts for its maker, and its text, which is nowhere to be had again.

    Raises ValidationError naming the field: no scope, an unknown one, or a life that is over or too long.
    """
    unknown = sorted(set(scopes) - set(ApiToken.Scope.values))
    if unknown or not scopes:
        raise ValidationError({"scopes": f"Choose among: {', '.join(ApiToken.Scope.values)}."})
    if not timezone.now() < expires_at <= timezone.now() + LONGEST_LIFE:
        raise ValidationError({"expires_at": f"Choose a day to come, at most {LONGEST_LIFE.days} days from now."})
    text = PREFIX + secrets.token_urlsafe(32)
    token = ApiToken.objects.create(
        user=acting_user,
        name=name,
        hint=text[:8],
        digest=digest_of(text),
        scopes=sorted(set(scopes)),
        project=project,
        expires_at=expires_at,
    )
    record(
        acting_user=acting_user, action="api token made", subject=token, project=project, scopes=token.scopes,
        until=as_told(expires_at),
    )  # fmt: skip
    return token, text


@transaction.atomic
def revoke_api_token(*, token: ApiToken, acting_user: User) -> None:
    """Have a token refused from now on."""
    ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=timezone.now())
    record(acting_user=acting_user, action="api token revoked", subject=token, project=token.project)


def valid_api_token(text: str) -> ApiToken | None:
    """The token of this text if it may be used now, its person's account being open; notes the use once a minute."""
    if not text.startswith(PREFIX):
        return None
    now = timezone.now()
    usable = ApiToken.objects.filter(
        digest=digest_of(text), revoked_at=None, expires_at__gt=now, user__is_active=True
    ).select_related("user", "project")
    token = usable.first()
    if token is not None:
        unnoted = Q(last_used_at=None) | Q(last_used_at__lt=now - USE_NOTED_EVERY)
        ApiToken.objects.filter(unnoted, pk=token.pk).update(last_used_at=now)
    return token
