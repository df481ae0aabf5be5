"""Invitations into a project, and memberships that end."""

import datetime as dt
import secrets

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from compliance.actions.tokens import digest_of
from compliance.actions.trail import record
from compliance.ends import as_told
from compliance.models import Invitation, Membership, Project, User

LINK_LASTS = dt.timedelta(days=7)
LONGEST_ACCESS = dt.timedelta(days=400)
GONE = "This invitation was used, withdrawn or has expired. Ask whoever invited you for a new one."


@transaction.atomic
def invite(
    *, project: Project, email: str, role: str, access_ends_at: dt.datetime | None, acting_user: User
) -> tuple[Invitation, str]:
    """Ask somebody into the project. Returns the invitation and the link's secret, which is kept nowhere.

    Raises ValidationError for a role that is none, and when outside counsel would come without an end.
    """
    if role not in Membership.Role.values:
        raise ValidationError({"role": f"Choose one of: {', '.join(Membership.Role.values)}."})
    _require_end(role, access_ends_at)
    secret = secrets.token_urlsafe(32)
    invitation = Invitation.objects.create(
        project=project,
        email=email.strip().lower(),
        role=role,
        digest=digest_of(secret),
        invited_by=acting_user,
        expires_at=timezone.now() + LINK_LASTS,
        access_ends_at=access_ends_at,
    )
    record(
        acting_user=acting_user,
        action="person invited",
        subject=invitation,
        project=project,
        role=role,
        until=as_told(access_ends_at),
    )
    return invitation, secret


def _require_end(role: str, ends_at: dt.datetime | None) -> None:
    now = timezone.now()
    if role == Membership.Role.COUNSEL and ends_at is None:
        raise ValidationError({"access_ends_at": "Outside counsel comes for a time: say until when."})
    if ends_at is not None and not now < ends_at <= now + LONGEST_ACCESS:
        raise ValidationError({"access_ends_at": f"Choose a day to come, at most {LONGEST_ACCESS.days} days from now."})


def open_invitation(secret: str) -> Invitation | None:
    """The invitation behind a link, if it can still be used. One query; what is compared is a hash."""
    waiting = Invitation.objects.filter(accepted_at=None, withdrawn_at=None, expires_at__gt=timezone.now())
    return waiting.filter(digest=digest_of(secret)).select_related("project", "invited_by").first()


@transaction.atomic
def accept(*, secret: str, acting_user: User) -> Membership:
    """Make the person a member as the invitation says. Whoever belongs to the project already keeps the role they have.

    Raises ValidationError when the invitation can no longer be used, or was meant for another address.
    """
    invitation = open_invitation(secret)
    if invitation is None:
        raise ValidationError(GONE)
    if acting_user.email.lower() != invitation.email:
        raise ValidationError(
            f"This invitation is for {invitation.email}, and you are signed in with another address. Sign out, and open "
            "the link again."
        )
    taken = Invitation.objects.filter(pk=invitation.pk, accepted_at=None, withdrawn_at=None)
    if not taken.update(accepted_at=timezone.now(), accepted_by=acting_user):
        raise ValidationError(GONE)
    membership, _ = Membership.objects.get_or_create(
        project=invitation.project,
        user=acting_user,
        defaults={"role": invitation.role, "ends_at": invitation.access_ends_at},
    )
    record(acting_user=acting_user, action="invitation accepted", subject=invitation, project=invitation.project)
    return membership


@transaction.atomic
def accept_with_new_account(*, secret: str, username: str, full_name: str, password: str) -> User:
    """Make an account for whoever holds the link, and the membership. The address is the invitation's.

    Raises ValidationError naming the field when the name is taken, the password too weak, or an account has the address.
    """
    invitation = open_invitation(secret)
    if invitation is None:
        raise ValidationError(GONE)
    if User.objects.filter(email__iexact=invitation.email).exists():
        raise ValidationError("An account with this address exists. Sign in with it, and open the link again.")
    if User.objects.filter(username__iexact=username).exists():
        raise ValidationError({"username": "This name is taken. Choose another."})
    first, _, last = full_name.strip().partition(" ")
    person = User(username=username, email=invitation.email, first_name=first[:150], last_name=last[:150])
    try:
        validate_password(password, person)
    except ValidationError as error:
        raise ValidationError({"password": error.messages}) from error
    person.full_clean(exclude=["password"])
    person.set_password(password)
    person.save()
    accept(secret=secret, acting_user=person)
    return person


@transaction.atomic
def withdraw(*, invitation: Invitation, acting_user: User) -> None:
    """Have the link refused from now on. A membership that it made stays."""
    Invitation.objects.filter(pk=invitation.pk, accepted_at=None).update(withdrawn_at=timezone.now())
    record(acting_user=acting_user, action="invitation withdrawn", subject=invitation, project=invitation.project)


@transaction.atomic
def set_standing(*, membership: Membership, role: str, ends_at: dt.datetime | None, acting_user: User) -> None:
    """Change a member's role or end. Raises ValidationError for one's own role, or when counsel would have no end."""
    if membership.user_id == acting_user.pk:
        raise ValidationError("Somebody else changes your role.")
    if role not in Membership.Role.values:
        raise ValidationError({"role": f"Choose one of: {', '.join(Membership.Role.values)}."})
    _require_end(role, ends_at)
    before = {"role": membership.role, "until": as_told(membership.ends_at)}
    Membership.objects.filter(pk=membership.pk).update(role=role, ends_at=ends_at)
    membership.refresh_from_db()
    record(
        acting_user=acting_user, action="membership changed", subject=membership, project=membership.project,
        before=before, role=role, until=as_told(ends_at),
    )  # fmt: skip


@transaction.atomic
def end_membership(*, membership: Membership, acting_user: User) -> None:
    """Close the project to a member from now on; the row stays, so that the record says who belonged when."""
    if membership.user_id == acting_user.pk:
        raise ValidationError("Somebody else ends your membership.")
    Membership.objects.filter(pk=membership.pk).update(ends_at=timezone.now())
    record(acting_user=acting_user, action="membership ended", subject=membership, project=membership.project)
