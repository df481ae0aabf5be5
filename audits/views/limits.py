"""Calls held at a run's bounds, answered by people; and replays of runs."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from audits.access import get_run, require_may_run
from audits.actions.limits import answer_hold
from audits.actions.runs import request_run
from audits.procedures.replaying import NotReplayable, replay_of_run
from audits.tasks import run_audit
from audits.views.limit_forms import AnswerHoldForm
from compliance.views.requests import PersonRequest


@require_POST
def answer(request: PersonRequest, pk: int) -> HttpResponse:
    """Let a held call through, refuse it, or stop the run."""
    run = get_run(request.user, pk)
    require_may_run(request.user, run.pipeline)
    form = AnswerHoldForm(request.POST)
    if form.is_valid():
        event = get_object_or_404(run.limit_events, pk=form.cleaned_data["event"])
        if not answer_hold(event=event, answer=form.cleaned_data["answer"], acting_user=request.user):
            messages.warning(request, "That call no longer waits: it was answered, or its time ran out.")
    return redirect("run", pk=run.pk)


@require_POST
def replay(request: PersonRequest, pk: int) -> HttpResponse:
    """Queue a replay: the pipeline as it is now, with the answers that this run recorded."""
    run = get_run(request.user, pk)
    require_may_run(request.user, run.pipeline)
    try:
        source = replay_of_run(run)
    except NotReplayable as error:
        messages.warning(request, str(error))
        return redirect("run", pk=run.pk)
    new = request_run(pipeline=run.pipeline, acting_user=request.user, replay=source, replay_of=run)
    run_audit.delay_on_commit(new.pk)
    return redirect("run", pk=new.pk)
