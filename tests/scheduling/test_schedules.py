"""Reports by the calendar: each time once, missed ones caught up once, and never beyond what their owner may have."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from audits.actions.schedules import pause, set_schedule
from audits.models import Decision, Notice, Report, ReportSchedule, ScheduledReport
from audits.procedures.scheduling import make_due_reports, make_now, tell_of_made
from audits.queries.schedules import about
from audits.reporting.options import read_options
from compliance.models import Membership, Project, TrailEntry, User
from tests.factories import make_completed_run, make_pipeline, make_project, make_user

pytestmark = pytest.mark.django_db
HOUR = dt.timedelta(hours=1)


@dataclass(frozen=True)
class Office:
    """A project with a finished run, its reviewer who owns schedules, and a viewer who is told."""

    project: Project
    owner: User
    viewer: User

    def schedule(self, ids: list[str] | None = None, **changes: Any) -> ReportSchedule:
        scope = {"kind": "project", "ids": ids or [self.project.slug]}
        told = {
            "name": "Monthly for legal", "every": "day", "at": dt.time(7), "zone": "UTC", **changes,
        }  # fmt: skip
        recipients = told.pop("recipients", [self.viewer])
        options = read_options({"scope": scope, "profile": told.pop("profile", "counsel")})
        return set_schedule(options=options, recipients=recipients, acting_user=self.owner, **told)


@pytest.fixture
def office() -> Office:
    owner, viewer = make_user(username="rita"), make_user(username="vera")
    project = make_project(legal=(owner,))
    Membership.objects.create(project=project, user=viewer, role="viewer")
    make_completed_run(make_pipeline(project))
    return Office(project, owner, viewer)


def due(schedule: ReportSchedule) -> dt.datetime:
    schedule.refresh_from_db()
    assert schedule.next_at is not None
    return schedule.next_at


def outcomes() -> list[str]:
    return list(ScheduledReport.objects.order_by("id").values_list("outcome", flat=True))


def test_what_a_schedule_is_about_is_called_by_its_name(office: Office):
    client = Client()
    client.force_login(office.owner)
    page = client.get(reverse("report-schedule", args=[office.schedule().pk])).content.decode()
    assert f"<dt>About</dt><dd>{office.project.name}</dd>" in page
    assert about({"kind": "student", "ids": [f"{office.project.slug}/acme-7b"]}) == [
        f"acme-7b of {office.project.name}"
    ]
    assert about({"kind": "provider", "ids": ["no-such-provider"]}) == ["no-such-provider"]
    assert about({"kind": "organisation", "ids": []}) == []


def test_a_report_is_made_when_it_is_due_and_not_before(office: Office):
    first = due(office.schedule())
    assert make_due_reports(first - dt.timedelta(seconds=1)) == []
    made = make_due_reports(first)
    report = Report.objects.get(pk=made[0])
    assert (report.requested_by, report.options["scope"]["ids"]) == (office.owner, [office.project.slug])


def test_a_time_is_met_once_however_often_the_beat_ticks(office: Office):
    schedule = office.schedule()
    first = due(schedule)
    assert [len(make_due_reports(first + delay * HOUR)) for delay in (0, 0, 1, 2)] == [1, 0, 0, 0]
    assert due(schedule) == first + dt.timedelta(days=1)


def test_missed_times_are_caught_up_once(office: Office):
    schedule = office.schedule()
    late = due(schedule) + dt.timedelta(days=5, hours=3)
    assert len(make_due_reports(late)) == 1
    assert ScheduledReport.objects.get().due_at == late - 3 * HOUR
    assert due(schedule) == late + 21 * HOUR


def test_nothing_new_makes_no_report_where_that_was_asked(office: Office):
    schedule = office.schedule(only_if_changed=True)
    for day in range(3):
        make_due_reports(due(schedule))
        if day == 1:
            finding = office.project.pipelines.get().runs.get().findings.get()
            assert finding.rule_revision is not None
            Decision.objects.create(
                finding=finding, project=office.project, finding_key=finding.key, kind="confirm", reason="So it is.",
                decided_by=office.owner, rule=finding.rule_revision.rule.identifier, scope="finding",
            )  # fmt: skip
    assert outcomes() == ["made", "unchanged", "made"]
    assert "As in report 1" in ScheduledReport.objects.get(outcome="unchanged").note


def test_what_covers_the_past_has_the_days_since_the_time_before(office: Office):
    schedule = office.schedule(every="month", day=1, window="past")
    moment = due(schedule)
    report = Report.objects.get(pk=make_due_reports(moment)[0])
    first = (moment.date() - dt.timedelta(days=1)).replace(day=1)
    scope = report.options["scope"]
    assert (scope["from"], scope["to"]) == (first.isoformat(), (moment.date() - dt.timedelta(days=1)).isoformat())


def test_a_compared_report_is_held_against_the_one_before(office: Office):
    schedule = office.schedule(compare=True)
    first = Report.objects.get(pk=make_due_reports(due(schedule))[0])
    assert first.since is None
    Report.objects.filter(pk=first.pk).update(state="ready", pdf_sha256="0" * 64)
    second = Report.objects.get(pk=make_due_reports(due(schedule))[0])
    assert second.since == first
    assert "changes" in second.options["parts"]


@pytest.mark.parametrize("how", ["account closed", "membership ended", "lesser role"])
def test_an_owner_who_lost_access_pauses_the_schedule_and_people_are_told(office: Office, how: str):
    schedule = office.schedule()
    moment = due(schedule)
    if how == "account closed":
        User.objects.filter(pk=office.owner.pk).update(is_active=False)
    elif how == "membership ended":
        office.owner.memberships.update(ends_at=timezone.now())
    else:
        office.owner.memberships.update(role="viewer")
    assert make_due_reports(moment) == []
    schedule.refresh_from_db()
    assert schedule.paused_at is not None
    assert outcomes() == ["refused"]
    assert not Report.objects.exists()
    assert "is paused" in Notice.objects.get(user=office.viewer).text
    assert TrailEntry.objects.filter(action="report schedule paused", user=None).exists()
    assert make_due_reports(moment + dt.timedelta(days=3)) == []


def test_recipients_are_told_once_when_the_report_is_made_if_they_may_see_it(office: Office):
    stranger = make_user(username="sam")
    make_due_reports(due(office.schedule(recipients=[office.viewer, stranger])))
    assert tell_of_made() == 0
    Report.objects.update(state="ready", pdf_sha256="0" * 64)
    assert [tell_of_made(), tell_of_made()] == [1, 0]
    told = Notice.objects.filter(kind="scheduled_report").values_list("user__username", "address")
    report = Report.objects.get()
    assert sorted(told) == [("rita", f"/reports/{report.pk}/"), ("vera", f"/reports/{report.pk}/")]


def test_a_report_that_failed_is_told_to_its_owner_alone(office: Office):
    make_due_reports(due(office.schedule()))
    Report.objects.update(state="errored")
    tell_of_made()
    assert [(one.user, "could not be made" in one.text) for one in Notice.objects.all()] == [(office.owner, True)]


def test_one_out_of_turn_leaves_the_calendar_as_it_is(office: Office):
    schedule = office.schedule(only_if_changed=True)
    before = due(schedule)
    assert make_now(schedule=schedule, acting_user=office.owner).by_hand == office.owner
    assert make_now(schedule=schedule, acting_user=office.owner).report is not None
    assert due(schedule) == before


@pytest.mark.parametrize(
    ("changes", "field"), [({"zone": "Mars/Olympus"}, "zone"), ({"ids": ["no-such"]}, "ids"), ({"day": 32}, "day")]
)
def test_what_is_wrong_with_a_schedule_is_told_beside_its_field(office: Office, changes: dict[str, Any], field: str):
    with pytest.raises(ValidationError) as refused:
        office.schedule(**changes)
    assert field in refused.value.message_dict
    assert not ReportSchedule.objects.exists()


def signed_in(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


def asked(office: Office, **changes: Any) -> dict[str, Any]:
    return {
        "name": "Weekly", "kind": "project", "projects": [office.project.slug], "profile": "engineering",
        "depth": "summary", "language": "en", "paper": "A4", "marking": "draft", "every": "week", "weekday": "4",
        "day": "1", "at": "07:30", "zone": "Europe/Berlin", "window": "all", "recipients": [office.viewer.pk], **changes,
    }  # fmt: skip


def test_a_schedule_is_set_up_changed_paused_and_ended_in_the_page(office: Office):
    client = signed_in(office.owner)
    assert "No report is made by schedule" in client.get(reverse("report-schedules")).content.decode()
    place = client.post(reverse("report-schedule-add"), asked(office)).headers["Location"]
    page = client.get(place).content.decode()
    assert "Every week on Friday at 07:30, Europe/Berlin" in page
    schedule = ReportSchedule.objects.get()
    change = reverse("report-schedule-change", args=[schedule.pk])
    assert 'value="07:30"' in client.get(change).content.decode()
    client.post(change, asked(office, every="day"))
    assert "Every day" in client.get(place).content.decode()
    for deed, words in (
        ("pause", "Paused by rita"),
        ("resume", "Next:"),
        ("now", "out of turn, by rita"),
        ("end", "Ended"),
    ):
        client.post(reverse("report-schedule-do", args=[schedule.pk, deed]))
        assert words in client.get(place).content.decode()
    assert client.post(reverse("report-schedule-do", args=[schedule.pk, "burn"])).status_code == 404


def test_what_the_form_does_not_take_is_told_beside_its_field(office: Office):
    client = signed_in(office.owner)
    wrong: list[dict[str, Any]] = [{"projects": []}, {"at": "25:00"}, {"zone": "Mars/Olympus"}]
    for changes in wrong:
        answer = client.post(reverse("report-schedule-add"), asked(office, **changes))
        assert answer.status_code == 422
    assert not ReportSchedule.objects.exists()


def test_a_schedule_is_for_those_who_have_reports_made_of_its_projects(office: Office):
    schedule = office.schedule()
    place = reverse("report-schedule", args=[schedule.pk])
    engineer = make_user()
    Membership.objects.create(project=office.project, user=engineer, role="engineer")
    assert signed_in(engineer).get(place).status_code == 200
    assert signed_in(engineer).get(reverse("report-schedule-change", args=[schedule.pk])).status_code == 403
    assert signed_in(office.viewer).get(place).status_code == 404
    assert signed_in(office.viewer).get(reverse("report-schedule-add")).status_code == 403


def test_whoever_resumes_a_schedule_makes_it_their_own(office: Office):
    schedule = office.schedule()
    pause(schedule=schedule, acting_user=None, because="rita left")
    engineer = make_user()
    Membership.objects.create(project=office.project, user=engineer, role="engineer")
    signed_in(engineer).post(reverse("report-schedule-do", args=[schedule.pk, "resume"]))
    schedule.refresh_from_db()
    assert (schedule.owner, schedule.paused_at) == (engineer, None)
