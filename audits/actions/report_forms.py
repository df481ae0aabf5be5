"""Reports in other forms are asked for, made once, and kept beside the frozen context that they are made from."""

from django.db import transaction
from django.utils import timezone

from audits.models import Report, ReportForm

OPEN = (ReportForm.State.QUEUED, ReportForm.State.MAKING)


def ask_for_form(*, report: Report, name: str) -> tuple[ReportForm, bool]:
    """The form of a report, and whether it was asked for just now; the caller then has it made."""
    return ReportForm.objects.get_or_create(report=report, name=name)


def begin_form(form_id: int) -> bool:
    """Take a form that waits, or one whose worker died; False when it is made already."""
    return ReportForm.objects.filter(pk=form_id, state__in=OPEN).update(state=ReportForm.State.MAKING) == 1


def finish_form(form_id: int, *, sha256: str, size: int) -> None:
    """Put down where it is kept. `size`: bytes."""
    ReportForm.objects.filter(pk=form_id).update(
        state=ReportForm.State.READY, finished_at=timezone.now(), sha256=sha256, size=size, error=""
    )


def fail_form(form_id: int, error: str) -> None:
    """Put down why it could not be made."""
    ReportForm.objects.filter(pk=form_id).update(
        state=ReportForm.State.ERRORED, finished_at=timezone.now(), error=error
    )


@transaction.atomic
def ask_again(form: ReportForm) -> bool:
    """Queue a form that could not be made, or whose bytes are gone; False when another asked a moment ago."""
    ended = ReportForm.objects.filter(pk=form.pk).exclude(state__in=OPEN)
    return ended.update(state=ReportForm.State.QUEUED, finished_at=None, sha256="", size=None, error="") == 1
