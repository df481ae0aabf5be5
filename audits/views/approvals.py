"""Approving a run: what it lacks, what is put forward, who signed, and the certificate."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from audits.access import (
    get_approval,
    get_run,
    puts_audits_forward,
    require_may_approve,
    require_may_ask_for_approval,
)
from audits.actions.approvals import MOST_SIGNERS, present_step, sign, why_not, withdraw_approval
from audits.models import Approval, Run
from audits.procedures.approving import ask_for_approval, certificate, has_changed_since
from audits.queries.readiness import bars_approval, lacks_of
from audits.views.runs import run_context
from compliance.models import ApiToken
from compliance.roles import Deed
from compliance.views.programs import for_programs
from compliance.views.requests import PersonRequest


class StepsForm(forms.Form):
    """One step a line: a name, a colon, and how many sign it."""

    steps = forms.CharField(
        label="Steps", initial="Legal: 1", widget=forms.Textarea(attrs={"rows": 3}),
        help_text="One a line, in order: a name, a colon, how many people sign. Nobody signs what they decided or asked for.",
    )  # fmt: skip

    def clean_steps(self) -> list[dict[str, Any]]:
        made = []
        for number, line in enumerate(self.cleaned_data["steps"].splitlines(), 1):
            if not line.strip():
                continue
            name, sign_, quorum = line.rpartition(":")
            if not sign_ or not name.strip() or not quorum.strip().isdigit():
                raise forms.ValidationError(
                    f"Line {number}: write NAME: NUMBER, as in Legal: 1 (at most {MOST_SIGNERS})."
                )
            made.append({"name": name.strip(), "quorum": int(quorum)})
        return made


def of_run(request: PersonRequest, pk: int) -> HttpResponse:
    """What the run lacks, its approvals, and the form that puts it forward."""
    run = get_run(request.user, pk)
    form = StepsForm(request.POST or None)
    if request.method == "POST":
        require_may_ask_for_approval(request.user, run.pipeline.project)
        if form.is_valid():
            try:
                ask_for_approval(run, form.cleaned_data["steps"], request.user)
                return redirect("run-approval", pk=pk)
            except ValidationError as error:
                form.add_error(None, error.messages)
    return _page(request, run, form)


def _page(request: PersonRequest, run: Run, form: StepsForm) -> HttpResponse:
    approvals = list(
        Approval.objects.filter(run=run)
        .select_related("asked_by", "withdrawn_by")
        .prefetch_related("signatures__signed_by")
    )
    newest = approvals[0] if approvals else None
    standing = newest if newest and newest.withdrawn_at is None else None
    lacks = lacks_of(run)
    context = run_context(request, run, "approval")
    context |= {
        "lacks": lacks,
        "barred": bars_approval(lacks),
        "standing": standing,
        "steps": _steps(standing) if standing else [],
        "changed": standing is not None and has_changed_since(standing),
        "earlier": [one for one in approvals if one.withdrawn_at],
        "may_ask": puts_audits_forward(context["deeds"]),
        "may_approve": Deed.APPROVE in context["deeds"],
        "why_not": why_not(standing, request.user) if standing else "",
        "form": form,
    }
    return render(request, "audits/run_approval.html", context, status=422 if form.errors else 200)


def _steps(approval: Approval) -> list[dict[str, Any]]:
    now = present_step(approval)
    signatures = list(approval.signatures.all())
    return [
        {**step, "signed": [one for one in signatures if one.step == at], "now": at == now}
        for at, step in enumerate(approval.steps)
    ]


@require_POST
def sign_it(request: PersonRequest, pk: int) -> HttpResponse:
    """One's word on what is put forward."""
    approval = get_approval(request.user, pk)
    require_may_approve(request.user, approval.run.pipeline.project)
    try:
        sign(
            approval=approval,
            word=request.POST.get("word", ""),
            reason=request.POST.get("reason", "")[:4000],
            context_sha256=request.POST.get("context_sha256", ""),
            acting_user=request.user,
        )
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    return redirect("run-approval", pk=approval.run_id)


@require_POST
def withdraw(request: PersonRequest, pk: int) -> HttpResponse:
    """Take an approval back."""
    approval = get_approval(request.user, pk)
    require_may_ask_for_approval(request.user, approval.run.pipeline.project)
    try:
        withdraw_approval(approval=approval, reason=request.POST.get("reason", "")[:4000], acting_user=request.user)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    return redirect("run-approval", pk=approval.run_id)


@for_programs(ApiToken.Scope.READ)
@require_GET
def certificate_file(request: PersonRequest, pk: int) -> HttpResponse:
    """The signed certificate of a completed approval."""
    approval = get_approval(request.user, pk)
    try:
        made = certificate(approval)
    except ValueError as error:
        raise Http404(str(error)) from error
    name = f"run-{approval.run_id}-approval-{approval.number}.json"
    return JsonResponse(made, headers={"Content-Disposition": f'attachment; filename="{name}"'})
