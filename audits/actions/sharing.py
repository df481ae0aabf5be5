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
from audits.models import Look, Report, Seal, ShareLink, ShareLook
from audits.queries.report_forms import projects_of
from compliance.access import may
from compliance.actions.tokens import digest_of
from compliance.actions.trail import record
from compliance.ends import as_told
from compliance.models import User
from compliance.queries.house import house_rules
from compliance.roles import Deed

PDF: Final = "pdf"
BUNDLE: Final = "bundle"
"""The evidence bundle of the report's run, with the report in it: everything that was said, in full."""
SHORTEST_PASSWORD: Final = 8
WRONG_AT_MOST: Final = 5
WRONG_WITHIN: Final = dt.timedelta(minutes=15)
"""So many wrong passwords in so long a time, then none is looked at."""


@transaction.atomic
def share(
    *, report: Report, recipient: str, reach: str, forms: Sequence[str], expires_at: dt.datetime, acting_user: User,
    password: str = "", most_uses: int | None = None, privileged_confirmed: bool = False,
    contents_confirmed: bool = False,
) -> tuple[ShareLink, str]:  # fmt: skip
    """A new link and its secret, which is nowhere to be had again.

    Raises ValidationError naming the field: a report that is not made, nobody named, no form or one too many for reading alone,
    a life that is over or longer than the installation allows, a short password, notes or a bundle that nobody confirmed,
    a bundle where there is none, or of a run whose contents the person may not read.
    """
    _check(report, recipient, reach, forms, expires_at, password, most_uses)
    if report.privileged and not privileged_confirmed:
        raise ValidationError(
            {"privileged_confirmed": "This report holds notes among lawyers. Confirm that they may leave."}
        )
    if BUNDLE in forms:
        _check_bundle(report, reach, acting_user, confirmed=contents_confirmed)
    secret = secrets.token_urlsafe(32)
    link = ShareLink.objects.create(
        report=report, recipient=recipient.strip(), reach=reach, forms=list(forms), digest=digest_of(secret),
        password=make_password(password) if password else "", most_uses=most_uses, expires_at=expires_at,
        made_by=acting_user,
    )  # fmt: skip
    _tell(link, acting_user, "report shared", recipient=link.recipient, forms=link.forms, until=as_told(expires_at))
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
        wrong["password"] = f"At least {SHORTEST_PASSWORD} characters, told by another way than the link."
    if most_uses is not None and most_uses < 1:
        wrong["most_uses"] = "Once at least, or leave it empty."
    if wrong:
        raise ValidationError(wrong)


def has_bundle(report: Report) -> bool:
    """Whether there is an evidence bundle that goes with the report: it is about one run, whose evidence is sealed."""
    return report.run is not None and Seal.objects.filter(run=report.run).exists()


def may_share_bundle(report: Report, person: User) -> bool:
    """Whether the report has a bundle, and the person reads what it holds."""
    return (
        report.run is not None and has_bundle(report) and may(person, Deed.READ_CONTENTS, report.run.pipeline.project)
    )


def _check_bundle(report: Report, reach: str, acting_user: User, *, confirmed: bool) -> None:
    """A bundle leaves for taking away, of one sealed run, by somebody who reads what was said in it and confirms that it may."""
    if not has_bundle(report):
        why = "its run is not sealed" if report.run else "it is about several runs, each of which has its own"
        raise ValidationError({"forms": f"There is no evidence bundle for this report: {why}."})
    if not may_share_bundle(report, acting_user):
        raise ValidationError(
            {"forms": "The evidence bundle holds what was said in calls, which your role does not read."}
        )
    if not confirmed:
        raise ValidationError(
            {
                "contents_confirmed": "The evidence bundle holds prompts and answers in full. Confirm that they may leave."
            }
        )


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
