"""What a person is told: listed, read, and how it is mailed."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.html import format_html
from django.views.decorators.http import require_GET, require_POST

from audits.actions.notices import choose_mail, read_notices
from audits.models import Notice, NoticeChoice
from audits.views.listing import page_of
from compliance.views.requests import PersonRequest


@require_GET
def listing(request: PersonRequest) -> HttpResponse:
    """One's notices, newest first."""
    mine = Notice.objects.filter(user=request.user).select_related("project")
    choice = NoticeChoice.objects.filter(user=request.user).first()
    context = {
        "page": page_of(request, mine),
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
