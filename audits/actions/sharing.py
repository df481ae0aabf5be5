"""Links to reports for people outside: made, looked at, revoked. What is kept of a link is a hash."""

import datetime as dt
import secrets
from collections.abc import Sequence
from typing import Final

from django.contrib.auth.hashers import check_password, make_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from audits.actions.retention import note_look
from audits.models import Look, Report, ShareLink, ShareLook
from audits.queries.report_forms import projects_of
from compliance.actions.tokens import digest_of
from compliance.actions.trail import record
from compliance.models import User
from compliance.queries.house import house_rules

PDF: Final = "pdf"
SHORTEST_PASSWORD: Final = 8
WRONG_AT_MOST: Final = 5
WRONG_WITHIN: Final = dt.timedelta(minutes=15)
"""So many wrong passwords in so long a time, then none is looked at."""


@transaction.atomic
def share(
    *, report: Report, recipient: str, reach: str, forms: Sequence[str], expires_at: dt.datetime, acting_user: User,
    password: str = "", most_uses: int | None = None, privileged_confirmed: bool = False,
) -> tuple[ShareLink, str]:  # fmt: skip
    """A new link and its secret, which is nowhere to be had again.

    Raises ValidationError naming the field: a report that is not made, nobody named, no form or one too many for reading alone,
    a life that is over or longer than the installation allows, a short password, privileged notes that nobody confirmed.
    """
    _check(report, recipient, reach, forms, expires_at, password, most_uses)
    if report.privileged and not privileged_confirmed:
        raise ValidationError(
            {"privileged_confirmed": "This report holds notes among lawyers. Confirm that they may leave."}
        )
    secret = secrets.token_urlsafe(32)
    link = ShareLink.objects.create(
        report=report, recipient=recipient.strip(), reach=reach, forms=list(forms), digest=digest_of(secret),
        password=make_password(password) if password else "", most_uses=most_uses, expires_at=expires_at,
        made_by=acting_user,
    )  # fmt: skip
    _tell(link, acting_user, "report shared", recipient=link.recipient, forms=link.forms, until=str(expires_at))
    return link, secret


def _check(
    report: Report, recipient: str, reach: str, forms: Sequence[str], expires_at: dt.datetime, password: str,
    most_uses: int | None,
) -> None:  # fmt: skip
    longest = house_rules().share_days
    wrong: dict[str, str] = {}
    if report.state != Report.State.READY or not report.pdf_sha256:
        wrong["report"] = "Only a report that is made can be shared."
    if not recipient.strip():
        wrong["recipient"] = "Say whom the link is for."
    if reach not in ShareLink.Reach.values or not forms or (reach == ShareLink.Reach.VIEW and list(forms) != [PDF]):
        wrong["forms"] = "Choose what the link opens; to be read in the browser alone, that is the PDF."
    now = timezone.now()
    if not now < expires_at <= now + dt.timedelta(days=longest + 1):
        wrong["expires_at"] = f"Choose a day to come, at most {longest} days from now."
    if password and len(password) < SHORTEST_PASSWORD:
        wrong["password"] = f"At least {SHORTEST_PASSWORD} characters, told on another way than the link."
    if most_uses is not None and most_uses < 1:
        wrong["most_uses"] = "Once at least, or leave it empty."
    if wrong:
        raise ValidationError(wrong)


def _tell(link: ShareLink, acting_user: User | None, action: str, **detail: object) -> None:
    projects = projects_of(link.report)
    for project in projects:
        record(acting_user=acting_user, action=action, subject=link, project=project, **detail)


@transaction.atomic
def revoke_link(*, link: ShareLink, acting_user: User) -> bool:
    """Have the link refused from now on; False when it was revoked before."""
    found = ShareLink.objects.filter(pk=link.pk, revoked_at=None)
    done = found.update(revoked_at=timezone.now(), revoked_by=acting_user) == 1
    if done:
        _tell(link, acting_user, "shared link revoked", recipient=link.recipient)
    return done


def _open() -> Q:
    unused = Q(most_uses__isnull=True) | Q(uses__lt=F("most_uses"))
    return unused & Q(revoked_at=None, expires_at__gt=timezone.now())


def link_of(secret: str) -> tuple[ShareLink | None, bool]:
    """The link that this secret belongs to, and whether it may be followed now. One query; what is compared is a hash."""
    found = ShareLink.objects.filter(digest=digest_of(secret)).select_related(
        "report__run__pipeline__project", "made_by"
    )
    link = found.annotate(open=_open()).first()
    return link, bool(link and link.open)


def note_share_look(link: ShareLink, what: str, *, address: str, agent: str, form: str = "") -> ShareLook:
    """Put on record that somebody followed the link, from where, with which program."""
    return ShareLook.objects.create(link=link, what=what, form=form, address=address[:64], agent=agent[:200])


def is_throttled(link: ShareLink) -> bool:
    """Whether so many wrong passwords were given of late that none is looked at."""
    lately = ShareLook.objects.filter(link=link, what=ShareLook.What.PASSWORD, at__gt=timezone.now() - WRONG_WITHIN)
    return lately.count() >= WRONG_AT_MOST


def opens(link: ShareLink, password: str) -> bool:
    """Whether the password is the link's."""
    return check_password(password, link.password)


@transaction.atomic
def use_link(link: ShareLink, *, form: str, sha256: str, address: str, agent: str) -> bool:
    """Count one file given out, before it is; False when the link was revoked, ran out or was used up meanwhile."""
    if ShareLink.objects.filter(_open(), pk=link.pk).update(uses=F("uses") + 1) == 0:
        return False
    note_share_look(link, ShareLook.What.FILE, address=address, agent=agent, form=form)
    subject = f"report {link.report.number} as {form}, by the link for {link.recipient}"
    for project in projects_of(link.report):
        note_look(
            acting_user=None, what=Look.What.SHARED, project=project, subject=subject, run=link.report.run,
            sha256=sha256, address=address,
        )  # fmt: skip
    return True
