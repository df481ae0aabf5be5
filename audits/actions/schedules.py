"""Reports by the calendar: set up, changed, paused, taken up again, ended."""

import datetime as dt
from collections.abc import Iterable
from typing import Any, Final, Protocol
from zoneinfo import available_timezones

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from audits.models import ReportSchedule
from audits.queries.report_scope import OutOfReach, reach
from audits.recurrence import Recurrence
from compliance.access import projects_for
from compliance.actions.trail import record
from compliance.models import Project, User
from compliance.roles import Deed

SCOPES: Final = ("project", "student", "provider", "organisation")
"""What a report by schedule may be about: a run happens once, and so does a period; `window` says which days count."""


class Asked(Protocol):
    """What was chosen for the report: audits.reporting.options.ReportOptions."""

    @property
    def privileged(self) -> bool: ...
    @property
    def with_contents(self) -> bool: ...
    def as_json(self) -> dict[str, Any]: ...


def recurrence_of(schedule: ReportSchedule) -> Recurrence:
    """When it is due."""
    return Recurrence(schedule.every, schedule.at, schedule.zone, schedule.weekday, schedule.day)


@transaction.atomic
def set_schedule(
    *, options: Asked, recipients: Iterable[User], acting_user: User, schedule: ReportSchedule | None = None, **fields: Any
) -> ReportSchedule:  # fmt: skip
    """A new schedule in the person's name, or another wording of one's own. `fields`: those of ReportSchedule.

    Raises ValidationError naming the field: a zone that there is none of, a scope that does not recur, or one out of reach.
    """
    told = options.as_json()
    projects = _projects(told["scope"], acting_user)
    if fields.get("zone") not in available_timezones():
        raise ValidationError({"zone": "Name a time zone as in Europe/Berlin or America/New_York."})
    found = schedule or ReportSchedule(owner=acting_user)
    for name, value in fields.items():
        setattr(found, name, value)
    found.options = told
    found.full_clean(exclude=["recipients", "projects"])
    found.next_at = None if found.paused_at or found.ended_at else recurrence_of(found).after(timezone.now())
    found.save()
    found.projects.set(projects)
    found.recipients.set(recipients)
    _tell(found, acting_user, "report schedule changed" if schedule else "report schedule made", every=found.every)
    return found


def _projects(scope: dict[str, Any], owner: User) -> tuple[Project, ...]:
    if scope["kind"] not in SCOPES:
        raise ValidationError({"kind": f"A schedule is about one of: {', '.join(SCOPES)}."})
    try:
        return reach(scope, projects_for(owner, Deed.REPORT)).projects
    except OutOfReach as problem:
        raise ValidationError({"ids": problem.sentence}) from problem


def _tell(schedule: ReportSchedule, acting_user: User | None, action: str, **detail: object) -> None:
    for project in schedule.projects.all():
        record(acting_user=acting_user, action=action, subject=schedule, project=project, **detail)


@transaction.atomic
def pause(*, schedule: ReportSchedule, acting_user: User | None, because: str = "") -> bool:
    """Make no report until it is taken up again; False when it was paused before. `acting_user` None: the system."""
    going = ReportSchedule.objects.filter(pk=schedule.pk, paused_at=None, ended_at=None)
    done = going.update(paused_at=timezone.now(), paused_because=because[:300], next_at=None) == 1
    if done:
        _tell(schedule, acting_user, "report schedule paused", because=because)
    return done


@transaction.atomic
def resume(*, schedule: ReportSchedule, acting_user: User, now: dt.datetime | None = None) -> bool:
    """Take it up again, from the next time on, in the name of who resumes it; what was missed meanwhile is not made up."""
    projects = _projects(schedule.options["scope"], acting_user)
    next_at = recurrence_of(schedule).after(now or timezone.now())
    paused = ReportSchedule.objects.filter(pk=schedule.pk, ended_at=None).exclude(paused_at=None)
    done = paused.update(paused_at=None, paused_because="", next_at=next_at, owner=acting_user) == 1
    if done:
        schedule.projects.set(projects)
        _tell(schedule, acting_user, "report schedule resumed")
    return done


@transaction.atomic
def end(*, schedule: ReportSchedule, acting_user: User) -> bool:
    """End it for good; its reports and its history stay."""
    done = (
        ReportSchedule.objects.filter(pk=schedule.pk, ended_at=None).update(ended_at=timezone.now(), next_at=None) == 1
    )
    if done:
        _tell(schedule, acting_user, "report schedule ended")
    return done
