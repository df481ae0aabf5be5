"""Reports are asked for, rendered once, and kept with their frozen context."""

from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from audits.actions.events import report_ready
from audits.models import Report, Run
from compliance.actions.trail import record
from compliance.models import User


@transaction.atomic
def request_report(*, run: Run, acting_user: User | None, marking: str = Report.Marking.DRAFT) -> Report:
    """Queue a report on a run. The caller sends the task, after the transaction."""
    Run.objects.select_for_update().get(pk=run.pk)  # report numbers are given one at a time
    last = Report.objects.filter(run=run).aggregate(last=Max("number"))["last"] or 0
    report = Report.objects.create(run=run, number=last + 1, requested_by=acting_user, marking=marking)
    record(acting_user=acting_user, action="report requested", subject=report, project=run.pipeline.project)
    return report


def begin_report(report_id: int) -> bool:
    """Take a report that waits, or one whose worker died; False when it is finished already."""
    open_states = [Report.State.QUEUED, Report.State.RENDERING]
    return Report.objects.filter(pk=report_id, state__in=open_states).update(state=Report.State.RENDERING) == 1


@transaction.atomic
def finish_report(report_id: int, **fields: Any) -> None:
    """Store what rendering made: hashes in the evidence store, pages, size in bytes."""
    Report.objects.filter(pk=report_id).update(state=Report.State.READY, finished_at=timezone.now(), **fields)
    report_ready(Report.objects.select_related("run__pipeline__project").get(pk=report_id))


def fail_report(report_id: int, error: str) -> None:
    Report.objects.filter(pk=report_id).update(state=Report.State.ERRORED, finished_at=timezone.now(), error=error)
