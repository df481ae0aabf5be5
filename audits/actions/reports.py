"""Reports are asked for, made once part by part, cancelled, and kept with their frozen context."""

from collections.abc import Sequence
from typing import Any, Protocol

from django.db import transaction
from django.db.models import Max, QuerySet
from django.utils import timezone

from audits.actions.events import report_ready
from audits.models import Report, Run
from audits.queries.report_scope import Reach, reach
from compliance.actions.trail import record
from compliance.models import Project, User

WAITING, MAKING, DONE = "waiting", "making", "done"
PAPER = "paper"
"""The last step of making a report, after its parts."""


class Asked(Protocol):
    """What was chosen for a report: audits.reporting.options.ReportOptions."""

    @property
    def parts(self) -> tuple[str, ...]: ...
    @property
    def profile(self) -> str: ...
    @property
    def privileged(self) -> bool: ...
    @property
    def with_contents(self) -> bool: ...
    @property
    def since(self) -> int | None: ...
    def as_json(self) -> dict[str, Any]: ...


@transaction.atomic
def request_report(
    *,
    run: Run | None = None,
    acting_user: User | None,
    marking: str = Report.Marking.DRAFT,
    options: Asked | None = None,
    among: QuerySet[Project] | None = None,
) -> Report:
    """Queue a report. The caller sends the task, after the transaction.

    Without `options`: the standard one on `run`, for counsel. `among`: the projects that whoever asks has reports made of; None:
    all. Raises OutOfReach when what the options name is not among them.
    """
    if options is None:
        assert run is not None, "a report without options is about a run"
        return _create(Reach(Run.objects.filter(pk=run.pk), (), (), str(run)), run, acting_user, marking, {})
    told = options.as_json()
    found = reach(told["scope"], Project.objects.all() if among is None else among)
    fields = {
        "options": told,
        "scope": told["scope"]["kind"],
        "profile": options.profile,
        "since_id": options.since,
        "privileged": options.privileged,
        "with_contents": options.with_contents,
        "progress": [{"part": part, "state": WAITING} for part in (*options.parts, PAPER)],
    }
    one = found.runs.get() if told["scope"]["kind"] == "run" else None
    return _create(found, one, acting_user, marking, fields)


def _create(found: Reach, run: Run | None, acting_user: User | None, marking: str, fields: dict[str, Any]) -> Report:
    project = found.projects[0] if run is None and len(found.projects) == 1 else None
    report = Report.objects.create(
        run=run, project=project, number=_next(run, project), title=found.title,
        requested_by=acting_user, marking=marking, **fields,
    )  # fmt: skip
    if run is None:
        report.projects.set(found.projects)
    of = run.pipeline.project if run else project
    detail = {"profile": report.profile, "scope": report.scope} if fields else {}
    record(acting_user=acting_user, action="report requested", subject=report, project=of, **detail)
    return report


def _next(run: Run | None, project: Project | None) -> int:
    """Numbers are given one at a time: the run, the project, or the series of what spans projects is locked meanwhile."""
    if run is not None:
        Run.objects.select_for_update().get(pk=run.pk)
    elif project is not None:
        Project.objects.select_for_update().get(pk=project.pk)
    else:
        list(Project.objects.order_by("pk").select_for_update()[:1])
    last = Report.objects.filter(run=run, project=project).aggregate(last=Max("number"))["last"]
    return (last or 0) + 1


def begin_report(report_id: int) -> bool:
    """Take a report that waits, or one whose worker died; False when it is finished already, or was cancelled."""
    return Report.objects.filter(pk=report_id, state__in=Report.OPEN).update(state=Report.State.RENDERING) == 1


def tell_progress(report_id: int, progress: Sequence[dict[str, str]]) -> bool:
    """Put down how far it is; False when somebody asked to stop."""
    found = Report.objects.filter(pk=report_id, cancel_asked_at=None, state=Report.State.RENDERING)
    return found.update(progress=list(progress)) == 1


@transaction.atomic
def cancel_report(*, report: Report, acting_user: User) -> bool:
    """Stop a report that is not made yet: one that waits at once, one at work before its next part. False: it was finished."""
    found = Report.objects.filter(pk=report.pk, state__in=Report.OPEN, cancel_asked_at=None)
    if found.update(cancel_asked_at=timezone.now()) == 0:
        return False
    Report.objects.filter(pk=report.pk, state=Report.State.QUEUED).update(
        state=Report.State.CANCELLED, finished_at=timezone.now()
    )
    project = report.run.pipeline.project if report.run else report.project
    record(acting_user=acting_user, action="report cancelled", subject=report, project=project)
    return True


def leave_report(report_id: int) -> None:
    """End a report that was at work when somebody asked to stop."""
    Report.objects.filter(pk=report_id, state=Report.State.RENDERING).update(
        state=Report.State.CANCELLED, finished_at=timezone.now()
    )


@transaction.atomic
def finish_report(report_id: int, **fields: Any) -> None:
    """Store what rendering made: hashes in the evidence store, pages, size in bytes."""
    Report.objects.filter(pk=report_id).update(
        state=Report.State.READY, finished_at=timezone.now(), progress=[], **fields
    )
    report_ready(Report.objects.select_related("run__pipeline__project", "project").get(pk=report_id))


def fail_report(report_id: int, error: str) -> None:
    Report.objects.filter(pk=report_id).update(state=Report.State.ERRORED, finished_at=timezone.now(), error=error)
