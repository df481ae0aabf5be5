"""Requests for facts: asked on a finding, answered in place by whoever is asked, withdrawn."""

from typing import Any, Final

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import F, QuerySet
from django.http import FileResponse, Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from audits.access import (
    get_finding,
    get_request,
    may_answer,
    require_may_answer,
    require_may_ask,
    require_may_read_contents_of,
    require_may_reply,
    require_may_withdraw,
    visible_requests,
)
from audits.actions.asking import ask_for_fact, scope_of, withdraw_request
from audits.actions.remarks import LARGEST_ENCLOSURE, Kept
from audits.actions.replying import answer_for_record, reply_in_words
from audits.evidence.store import Missing, open_store
from audits.models import FactRequest
from audits.queries.people import people_of_project
from audits.views.asked_forms import AskForm, reply_form
from audits.views.looks import looked_in
from audits.views.unsent import keep_unsent
from compliance.bounds import takes_files
from compliance.engine.phrases import fact_phrase
from compliance.queries.names import names
from compliance.views.lists import Column, Listing, field, wants_csv
from compliance.views.requests import PersonRequest, take_errors


@require_GET
def listing(request: PersonRequest) -> HttpResponseBase:
    """What is asked of the person, what is due first; what they asked of others; and what was answered."""
    if wants_csv(request):
        return ANSWERED.as_csv(request, _closed(request, _seen(request)), "asked")
    return _page(request, None)


def _seen(request: PersonRequest) -> QuerySet[FactRequest]:
    return visible_requests(request.user).select_related("finding__use", "asked_by", "asked_of", "answer", "project")


def _page(request: PersonRequest, failed: tuple[FactRequest, Any] | None, status: int = 200) -> HttpResponse:
    seen = _seen(request)
    open_ones = seen.filter(replied_at=None, withdrawn_at=None).order_by(F("due_on").asc(nulls_last=True), "pk")
    mine = open_ones.filter(asked_of=request.user)
    rows = [
        {
            "asked": one,
            "form": failed[1] if failed and failed[0].pk == one.pk else reply_form(one),
            "may": not one.fact or may_answer(request.user, scope_of(one), one.fact),
        }
        for one in mine[:100]
    ]
    context = {
        "rows": rows,
        "others": open_ones.filter(asked_by=request.user).exclude(asked_of=request.user)[:100],
        **ANSWERED.shown(request, _closed(request, seen)),
        "today": timezone.localdate(),
        "names": names(),
        "said": said,
    }
    return render(request, "audits/asked_list.html", context, status=status)


def _closed(request: PersonRequest, seen: QuerySet[FactRequest]) -> QuerySet[FactRequest]:
    mine = seen.filter(asked_of=request.user) | seen.filter(asked_by=request.user)
    return mine.exclude(replied_at=None, withdrawn_at=None).order_by("-pk")


def said(asked: FactRequest) -> str:
    """What a request was answered with, in words."""
    return fact_phrase(asked.answer.fact, asked.answer.value) if asked.answer else asked.reply


ANSWERED: Final = Listing(
    "asked",
    (
        field("question", "question"), field("asked_by"), field("asked_of"), field("asked", "asked_at", of="asked_at"),
        field("due_on"), Column("reply", said), field("replied", "replied_at", of="replied_at"),
        field("withdrawn", "withdrawn_at", of="withdrawn_at"), field("document", of="document_name"),
        field("finding", "finding__title", of="finding.title"), field("project", of="project.name"),
    ),
)  # fmt: skip


@require_POST
def ask(request: PersonRequest, pk: int) -> HttpResponse:
    """Ask a person of the project for a fact that a finding needs."""
    finding = get_finding(request.user, pk)
    project = finding.run.pipeline.project
    require_may_ask(request.user, project)
    form = AskForm(request.POST, finding=finding, people=people_of_project(project))
    try:
        if not form.is_valid():
            raise ValidationError([str(one) for held in form.errors.values() for one in held])
        made = ask_for_fact(finding=finding, acting_user=request.user, **form.cleaned_data)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        keep_unsent(request, "ask", pk)
    else:
        messages.info(request, f"{made.asked_of} is asked, and told.")
    return redirect(f"{reverse('finding', args=[pk])}#asked")


@takes_files(LARGEST_ENCLOSURE)
@require_POST
def reply(request: PersonRequest, pk: int) -> HttpResponse:
    """Answer in place: a fact goes on record, words stay words."""
    asked = get_request(request.user, pk)
    require_may_reply(request.user, asked)
    if asked.fact:
        require_may_answer(request.user, scope_of(asked), asked.fact)
    form = reply_form(asked, request.POST, request.FILES)
    if form.is_valid():
        try:
            answered(request, asked, form.cleaned_data)
        except ValidationError as error:
            take_errors(form, error)
        else:
            messages.info(request, f"{asked.asked_by} is told.")
            return redirect("asked")
    return _page(request, (asked, form), status=422)


def answered(request: PersonRequest, asked: FactRequest, given: dict[str, Any]) -> None:
    """Put a reply on record, as its form cleaned it. Raises ValidationError."""
    if asked.fact:
        told = {name: given[name] for name in ("value", "reason", "valid_from")}
        answer_for_record(request=asked, acting_user=request.user, **told)
        return
    file, document = given.get("document"), None
    if file is not None:
        if file.size > LARGEST_ENCLOSURE:
            raise ValidationError({"document": f"{file.name} is larger than {LARGEST_ENCLOSURE // 2**20} MB."})
        document = Kept(file.name or "document", open_store(settings.EVIDENCE_URL).put(file.file), file.size)
    reply_in_words(request=asked, reply=given["reply"], acting_user=request.user, document=document)


@require_POST
def withdraw(request: PersonRequest, pk: int) -> HttpResponse:
    """Ask no longer."""
    asked = get_request(request.user, pk)
    require_may_withdraw(request.user, asked)
    try:
        withdraw_request(request=asked, acting_user=request.user, reason=request.POST.get("reason", ""))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    return redirect(f"{reverse('finding', args=[asked.finding_id])}#asked")


@require_GET
def document(request: PersonRequest, pk: int) -> HttpResponseBase:
    """The document that somebody gave as an answer. Always a download, never shown by the browser."""
    asked = get_request(request.user, pk)
    require_may_read_contents_of(request.user, asked.project)
    if not asked.document_sha256:
        raise Http404
    looked_in(request, "document", asked.document_name, project=asked.project, sha256=asked.document_sha256)
    try:
        body = open_store(settings.EVIDENCE_URL).open(asked.document_sha256)
    except Missing as problem:
        raise Http404(str(problem)) from problem
    return FileResponse(body, as_attachment=True, filename=asked.document_name, content_type="application/octet-stream")
