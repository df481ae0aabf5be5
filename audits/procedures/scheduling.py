"""Making the reports that are due by the calendar, each time once, and telling people of those that are made."""

import datetime as dt
from typing import Any, Final

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from audits.access import reportable_projects, require_may_put_in, visible_reports
from audits.actions.notices import tell
from audits.actions.reports import request_report
from audits.actions.schedules import pause, recurrence_of
from audits.models import Report, ReportSchedule, ScheduledReport
from audits.queries.report_scope import OutOfReach, reach
from audits.queries.schedules import material_sha256
from audits.reporting.options import OptionsError, ReportOptions, read_options
from compliance.models import User

Outcome = ScheduledReport.Outcome
OLDEST_TO_TELL: Final = dt.timedelta(days=7)


class NoAccess(Exception):
    """The owner can no longer have the report made; the text says why."""


def make_due_reports(now: dt.datetime | None = None) -> list[int]:
    """Ask for every report that is due, and for one that was missed once; returns their ids for whoever sends the tasks.

    A schedule is taken by locking its row: of two beats, or two workers, one makes it.
    """
    now = now or timezone.now()
    due = list(ReportSchedule.objects.filter(next_at__lte=now).order_by("next_at").values_list("pk", flat=True))
    made = [_take(pk, now) for pk in due]
    return [one for one in made if one is not None]


@transaction.atomic
def _take(pk: int, now: dt.datetime) -> int | None:
    found = ReportSchedule.objects.select_for_update(skip_locked=True, of=("self",)).select_related("owner")
    schedule = found.filter(pk=pk, next_at__lte=now).first()
    if schedule is None:
        return None
    recurrence = recurrence_of(schedule)
    due = max(recurrence.until(now), schedule.next_at or now)
    ReportSchedule.objects.filter(pk=pk).update(next_at=recurrence.after(now))
    try:
        return _make(schedule, due, None)
    except NoAccess as problem:
        _stop(schedule, due, str(problem))
        return None


@transaction.atomic
def make_now(*, schedule: ReportSchedule, acting_user: User, now: dt.datetime | None = None) -> ScheduledReport:
    """One more report, out of turn, in the owner's name. Raises NoAccess."""
    ReportSchedule.objects.select_for_update().get(pk=schedule.pk)
    _make(schedule, now or timezone.now(), acting_user)
    return schedule.times.order_by("-id")[0]


def _make(schedule: ReportSchedule, due: dt.datetime, by_hand: User | None) -> int | None:
    """The report's id; None when nothing had changed."""
    options = _options(schedule, due)
    owner = schedule.owner
    _require_access(schedule, owner, options)
    try:
        found = reach(options.as_json()["scope"], reportable_projects(owner))
    except OutOfReach as problem:
        raise NoAccess(problem.sentence) from problem
    sha256 = material_sha256(found, schedule.options)
    common: dict[str, Any] = {"schedule": schedule, "due_at": due, "by_hand": by_hand, "material_sha256": sha256}
    last = schedule.times.filter(outcome=Outcome.MADE).order_by("-due_at", "-id").first()
    if schedule.only_if_changed and by_hand is None and last is not None and last.material_sha256 == sha256:
        ScheduledReport.objects.create(**common, outcome=Outcome.UNCHANGED, note=f"As in report {_number(last)}.")
        return None
    report = request_report(
        acting_user=owner, marking=schedule.marking, options=options, among=reportable_projects(owner)
    )
    ScheduledReport.objects.create(**common, outcome=Outcome.MADE, report=report)
    return report.pk


def _number(last: ScheduledReport) -> str:
    return str(last.report.number) if last.report else "the one before"


def _options(schedule: ReportSchedule, due: dt.datetime) -> ReportOptions:
    """What was asked, with the days of this time and the report that it is held against."""
    told = dict(schedule.options)
    last = schedule.times.filter(report__state=Report.State.READY).order_by("-due_at", "-id").first()
    told["since"] = last.report_id if schedule.compare and last else None
    parts = told.get("parts") or []
    if told["since"] is None:
        told["parts"] = [name for name in parts if name != "changes"] or None
    elif parts and "changes" not in parts:
        told["parts"] = [parts[0], "changes", *parts[1:]]
    try:
        if schedule.window == ReportSchedule.Window.PAST:
            first, until = recurrence_of(schedule).days_before(due)
            told["scope"] = {**told["scope"], "from": first.isoformat(), "to": until.isoformat()}
        return read_options(told)
    except OptionsError as problem:
        raise NoAccess(f"Its options no longer make sense: {problem}") from problem


def _require_access(schedule: ReportSchedule, owner: User, options: ReportOptions) -> None:
    if not owner.is_active:
        raise NoAccess(f"The account of {owner} is closed.")
    held = set(reportable_projects(owner).values_list("pk", flat=True))
    lost = [str(project) for project in schedule.projects.all() if project.pk not in held]
    if lost:
        raise NoAccess(f"{owner} has no reports made of {', '.join(lost)} any more.")
    try:
        require_may_put_in(
            owner, schedule.projects.all(), privileged=options.privileged, contents=options.with_contents
        )
    except PermissionDenied as problem:
        raise NoAccess(f"{owner}: {problem}") from problem


def _stop(schedule: ReportSchedule, due: dt.datetime, because: str) -> None:
    """Pause it, say why in its history, and tell its owner and whoever was to be told of its reports."""
    pause(schedule=schedule, acting_user=None, because=because)
    ScheduledReport.objects.create(schedule=schedule, due_at=due, outcome=Outcome.REFUSED, note=because[:400])
    for person in {schedule.owner, *schedule.recipients.all()}:
        tell(
            user=person, kind="schedule_paused", key=f"schedule:{schedule.pk}:{due.isoformat()}",
            text=f"“{schedule.name}” is paused: {because}", address=f"/reports/schedules/{schedule.pk}/",
        )  # fmt: skip


def tell_of_made(now: dt.datetime | None = None) -> int:
    """Tell recipients of reports by schedule that are finished; returns how many reports. Each is told once.

    Whoever may not see the report is not told of it. A report that could not be made is told to the owner.
    """
    since = (now or timezone.now()) - OLDEST_TO_TELL
    ended = ScheduledReport.objects.filter(
        outcome=Outcome.MADE, told_at=None, at__gt=since,
        report__state__in=[Report.State.READY, Report.State.ERRORED, Report.State.CANCELLED],
    )  # fmt: skip
    return sum(_told(one) for one in ended.select_related("schedule__owner", "report__run"))


@transaction.atomic
def _told(one: ScheduledReport) -> int:
    if ScheduledReport.objects.filter(pk=one.pk, told_at=None).update(told_at=timezone.now()) == 0:
        return 0
    schedule, report = one.schedule, one.report
    assert report is not None, "a report that was made has one"
    ready = report.state == Report.State.READY
    people = {schedule.owner, *(schedule.recipients.all() if ready else ())}
    words = (
        f"“{schedule.name}”: report {report.number} is made"
        if ready
        else f"“{schedule.name}”: its report could not be made"
    )
    for person in people:
        if visible_reports(person).filter(pk=report.pk).exists():
            tell(
                user=person, kind="scheduled_report", key=f"scheduled:{one.pk}", text=words,
                address=f"/reports/{report.pk}/",
            )  # fmt: skip
    return 1
