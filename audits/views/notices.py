"""What a person is told: listed, read, and how it is mailed."""

from typing import Final

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.html import format_html
from django.views.decorators.http import require_GET, require_POST

from audits.actions.notices import choose_mail, read_notices
from audits.models import Notice, NoticeChoice
from compliance.views.lists import Listing, field, wants_csv
from compliance.views.requests import PersonRequest

NOTICES: Final = Listing(
    "notices",
    (
        field("at"), field("kind"), field("text"), field("project", of="project.name"), field("address"), field("read_at"),
        field("mailed_at"),
    ),
    words=("text", "project__name"),
)  # fmt: skip


@require_GET
def listing(request: PersonRequest) -> HttpResponseBase:
    """One's notices, newest first."""
    mine = Notice.objects.filter(user=request.user).select_related("project")
    if wants_csv(request):
        return NOTICES.as_csv(request, mine)
    choice = NoticeChoice.objects.filter(user=request.user).first()
    context = {
        **NOTICES.shown(request, mine),
        "unread": mine.filter(read_at=None).count(),
        "ways": NoticeChoice.Mail.choices,
        "way": choice.mail if choice else NoticeChoice.Mail.DAILY,
    }
    return render(request, "audits/notice_list.html", context)


@require_GET
def count(request: PersonRequest) -> HttpResponse:
    """How many notices are not read, for the bar; nothing when none is."""
    unread = Notice.objects.filter(user=request.user, read_at=None).count()
    if not unread:
        return HttpResponse("")
    words = f"{unread} unread notice{'' if unread == 1 else 's'}"
    return HttpResponse(
        format_html('<a class="tag" href="{}" aria-label="{}">{}</a>', reverse("notices"), words, unread)
    )


@require_GET
def follow(request: PersonRequest, pk: int) -> HttpResponse:
    """To the page that a notice is about; it counts as read then."""
    notice = get_object_or_404(Notice, pk=pk, user=request.user)
    read_notices(acting_user=request.user, ids=[pk])
    return redirect(notice.address)


@require_POST
def read(request: PersonRequest) -> HttpResponse:
    """Mark all as read."""
    read_notices(acting_user=request.user)
    return redirect("notices")


@require_POST
def mail(request: PersonRequest) -> HttpResponse:
    """Choose how one is told by mail."""
    if request.POST.get("mail") in NoticeChoice.Mail.values:
        choose_mail(acting_user=request.user, mail=request.POST["mail"])
    return redirect("notices")
