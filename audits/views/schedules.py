"""Reports by the calendar: listed, set up, changed, paused, made out of turn."""

from typing import Any, Final

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from audits.access import reportable_projects, require_may_put_in
from audits.actions.schedules import end, pause, resume, set_schedule
from audits.models import ReportSchedule
from audits.procedures.scheduling import NoAccess, make_now
from audits.queries.report_choices import offer
from audits.queries.schedules import about, readers_of, times_of, visible_schedules
from audits.tasks import render_report
from audits.views.schedule_forms import FIELDS, WEEKDAYS, ScheduleForm, initial_of
from compliance.access import require
from compliance.views.lists import Column, Listing, field, wants_csv
from compliance.views.requests import PersonRequest, take_errors

MAKERS: Final = "Reports by schedule are set up by whoever has reports made of a project."
OWNERS: Final = "A schedule is worded by its owner, in whose name its reports are made. Set up one of your own."

SCHEDULES: Final = Listing(
    "schedules",
    (
        field("schedule", "name", of="name"), field("every", "every"), Column("at", lambda one: f"{one.at:%H:%M} {one.zone}"),
        field("next", "next_at", of="next_at"), field("paused_at"), field("paused_because"), field("ended_at"),
        field("owner", "owner__username", of="owner"),
    ),
    words=("name", "owner__username"),
)  # fmt: skip
TIMES: Final = Listing(
    "times",
    (
        field("due", "due_at", of="due_at"), field("at"), field("out_of_turn_by", of="by_hand"),
        field("came_of_it", "outcome", "id", of="outcome"), field("note"), field("report", of="report.number"),
        field("state", of="report.state"), field("told_at"),
    ),
)  # fmt: skip


def listing(request: PersonRequest) -> HttpResponseBase:
    """The schedules that the person sees; when each is due, and what came of the last time."""
    found = visible_schedules(request.user).order_by("ended_at", "name", "pk")
    if wants_csv(request):
        return SCHEDULES.as_csv(request, found)
    makes = reportable_projects(request.user).exists()
    return render(request, "audits/schedule_list.html", SCHEDULES.shown(request, found) | {"makes": makes})


def form_for(request: PersonRequest, data: Any, **more: Any) -> ScheduleForm:
    """The form with what the person may choose in it."""
    projects = reportable_projects(request.user)
    return ScheduleForm(data, offer(projects, None), readers_of(projects), **more)


def set_as_asked(request: PersonRequest, form: ScheduleForm, schedule: ReportSchedule | None) -> ReportSchedule | None:
    """The schedule as it was worded; None when the form says what is wrong. Raises PermissionDenied."""
    options = form.options
    if options is None:
        return None
    told = form.cleaned_data
    projects = reportable_projects(request.user)
    require_may_put_in(request.user, projects, privileged=options.privileged, contents=options.with_contents)
    try:
        return set_schedule(
            options=options, recipients=told["recipients"], acting_user=request.user, schedule=schedule,
            **{name: told[name] for name in FIELDS},
        )  # fmt: skip
    except ValidationError as error:
        take_errors(form, error, {"ids": "kind"})
        return None


def add(request: PersonRequest) -> HttpResponse:
    """A new schedule."""
    require(reportable_projects(request.user).exists(), MAKERS)
    form = form_for(request, request.POST or None)
    if request.method == "POST" and form.is_valid():
        made = set_as_asked(request, form, None)
        if made is not None:
            return redirect("report-schedule", pk=made.pk)
    return render(request, "audits/schedule_change.html", {"form": form}, status=422 if form.errors else 200)


def change(request: PersonRequest, pk: int) -> HttpResponse:
    """Another wording of one's own schedule."""
    schedule = get_object_or_404(visible_schedules(request.user), pk=pk)
    require_may_word(request, schedule)
    form = form_for(request, request.POST or None, initial=initial_of(schedule))
    if request.method == "POST" and form.is_valid() and set_as_asked(request, form, schedule) is not None:
        return redirect("report-schedule", pk=pk)
    context = {"form": form, "schedule": schedule}
    return render(request, "audits/schedule_change.html", context, status=422 if form.errors else 200)


def require_may_word(request: PersonRequest, schedule: ReportSchedule) -> None:
    """Raise PermissionDenied unless the person words the schedule: its owner, until it has ended."""
    require(schedule.owner == request.user and schedule.ended_at is None, OWNERS)


def detail(request: PersonRequest, pk: int) -> HttpResponseBase:
    """One schedule and each time it was due."""
    schedule = get_object_or_404(visible_schedules(request.user), pk=pk)
    times = times_of(schedule)
    if wants_csv(request):
        return TIMES.as_csv(request, times, f"schedule-{schedule.pk}")
    context = {
        **TIMES.shown(request, times),
        "schedule": schedule,
        "weekday": WEEKDAYS[schedule.weekday],
        "about": about(schedule.options["scope"]),
    }
    return render(request, "audits/schedule_detail.html", context)


@require_POST
def do(request: PersonRequest, pk: int, deed: str) -> HttpResponse:
    """Pause, resume, end, or make one now. Whoever sees it pauses it; the others need projects to have reports made of."""
    schedule = get_object_or_404(visible_schedules(request.user), pk=pk)
    if deed not in ("pause", "resume", "end", "now"):
        raise Http404(deed)
    require(schedule.owner == request.user or reportable_projects(request.user).exists(), MAKERS)
    try:
        carry_out(request, schedule, deed)
    except (NoAccess, ValidationError) as problem:
        messages.error(request, " ".join(getattr(problem, "messages", [str(problem)])))
    return redirect("report-schedule", pk=pk)


def carry_out(request: PersonRequest, schedule: ReportSchedule, deed: str) -> None:
    """Do one of pause, resume, end and now. Raises NoAccess and ValidationError."""
    if deed == "pause":
        pause(schedule=schedule, acting_user=request.user, because=f"Paused by {request.user}.")
    elif deed == "resume":
        resume(schedule=schedule, acting_user=request.user)
    elif deed == "end":
        end(schedule=schedule, acting_user=request.user)
    else:
        made = make_now(schedule=schedule, acting_user=request.user)
        if made.report_id is not None:
            render_report.delay_on_commit(made.report_id)
