"""Links to reports: made and revoked by whoever may share, followed by people outside who never sign in."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Final

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ValidationError
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.text import slugify
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from audits.access import get_report, require_may_share
from audits.actions.report_forms import ask_for_form
from audits.actions.sharing import (
    BUNDLE,
    PDF,
    is_throttled,
    link_of,
    may_share_bundle,
    note_share_look,
    opens,
    revoke_link,
    share,
    use_link,
)
from audits.evidence.store import Missing, open_store
from audits.models import Report, ReportForm, ShareLink, ShareLook
from audits.procedures.bundling import NoBundle, open_bundle
from audits.procedures.report_forms import AS_KEPT
from audits.queries.report_forms import projects_of
from audits.reporting.forms import FORMS
from audits.tasks import make_report_form
from audits.views.looks import address_of
from audits.views.sharing_forms import ShareForm
from compliance.problems import Problem
from compliance.queries.house import house_rules
from compliance.rates import count
from compliance.views.lists import Listing, field, wants_csv
from compliance.views.requests import PersonRequest, take_errors

LOOKS_PER_MINUTE: Final = 30
BUNDLES_PER_MINUTE: Final = 3
"""By one link: a bundle is made anew each time."""
GONE: Final = (
    "Ask whoever gave it to you for a new one. A link ends on its last day, when it was used as often as it may be, or when it "
    "is revoked."
)
TITLES: Final = {PDF: "PDF", BUNDLE: "evidence bundle"}
Handler = Callable[..., HttpResponseBase]


LOOKS: Final = Listing(
    "looks",
    (
        field("at", "at", "id"), field("link_for", "link__recipient", "id", of="link.recipient"), field("what", "what", "id"),
        field("form"), field("from", "address", "id", of="address"), field("program", of="agent"),
    ),
    words=("link__recipient", "address", "agent"),
)  # fmt: skip


def links(request: PersonRequest, pk: int) -> HttpResponseBase:
    """The links of one report and who followed them; POST makes one, whose address is shown once."""
    report = get_report(request.user, pk)
    require_may_share(request.user, projects_of(report))
    looks = ShareLook.objects.filter(link__report=report).select_related("link")
    if wants_csv(request):
        return LOOKS.as_csv(request, looks, f"report-{report.number}-looks")
    bundled = may_share_bundle(report, request.user)
    form = ShareForm(request.POST or None, report=report, longest=house_rules().share_days, is_bundled=bundled)
    if request.method == "POST" and form.is_valid():
        try:
            link, secret = share(report=report, acting_user=request.user, **form.cleaned_data)
        except ValidationError as error:
            take_errors(form, error, {"expires_at": "expires_on"})
        else:
            have_made(link)
            request.session["share_link"] = request.build_absolute_uri(reverse("shared", args=[secret]))
            return redirect("report-links", pk=pk)
    context = {
        "report": report,
        "links": ShareLink.objects.filter(report=report).select_related("made_by", "revoked_by"),
        **LOOKS.shown(request, looks),
        "form": form,
        "made": request.session.pop("share_link", None),
    }
    return render(request, "audits/report_links.html", context, status=422 if form.errors else 200)


def have_made(link: ShareLink) -> None:
    """Have the forms made that the link opens, so that they are there when it is followed."""
    for name in set(link.forms) - {PDF, AS_KEPT, BUNDLE}:
        made, new = ask_for_form(report=link.report, name=name)
        if new:
            make_report_form.delay_on_commit(made.pk)


@require_POST
def revoke(request: PersonRequest, pk: int) -> HttpResponse:
    """Have a link refused from now on."""
    link = get_object_or_404(ShareLink.objects.select_related("report"), pk=pk)
    report = get_report(request.user, link.report_id)
    require_may_share(request.user, projects_of(report))
    revoke_link(link=link, acting_user=request.user)
    return redirect("report-links", pk=report.pk)


def _outside(view: Handler) -> Handler:
    """What holds of every answer to a link: nobody keeps it, lists it, or is told where it was read; and it is rated."""

    @wraps(view)
    def answered(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            count("shared", request.META.get("REMOTE_ADDR") or "local", LOOKS_PER_MINUTE)
            answer = view(request, *args, **kwargs)
        except Problem as problem:
            answer = render(request, "audits/shared_wait.html", {"why": problem.detail}, status=problem.status)
            for name, value in problem.headers.items():
                answer.headers[name] = value
        answer.headers["X-Robots-Tag"] = "noindex, nofollow, noarchive"
        answer.headers.setdefault("Referrer-Policy", "no-referrer")
        answer.headers["Cache-Control"] = "no-store"
        return answer

    return login_not_required(answered)


@_outside
@sensitive_post_parameters("password")
def shared(request: HttpRequest, secret: str) -> HttpResponse:
    """What a link leads to: which report, from whom, until when, and its files; a password first where one was set."""
    link, is_open = link_of(secret)
    if link is None or not is_open:
        return _gone(request, link)
    if not _let_in(request, link):
        return _asked_for_password(request, link, secret)
    _note(request, link, ShareLook.What.PAGE)
    files = [(name, TITLES.get(name) or FORMS[name].title, _waits(link.report, name)) for name in link.forms]
    return render(
        request, "audits/shared.html", {"link": link, "report": link.report, "files": files, "secret": secret}
    )


def _waits(report: Report, name: str) -> bool:
    if name in (PDF, AS_KEPT, BUNDLE):
        return False
    return not ReportForm.objects.filter(report=report, name=name, state=ReportForm.State.READY).exists()


def _gone(request: HttpRequest, link: ShareLink | None) -> HttpResponse:
    """One answer for links that are unknown, ended, used up and revoked: it tells none from another."""
    if link is not None:
        _note(request, link, ShareLook.What.REFUSED)
    return render(request, "audits/shared_gone.html", {"why": GONE}, status=410)


def _note(request: HttpRequest, link: ShareLink, what: str) -> None:
    note_share_look(link, what, address=address_of(request), agent=request.headers.get("User-Agent", ""))


def _let_in(request: HttpRequest, link: ShareLink) -> bool:
    return not link.password or request.session.get(f"shared-{link.pk}") == link.password


def _asked_for_password(request: HttpRequest, link: ShareLink, secret: str) -> HttpResponse:
    complaint, status = "", 200
    if request.method == "POST":
        if is_throttled(link):
            raise Problem(
                429, "Too many wrong passwords were given. Wait fifteen minutes.", headers={"Retry-After": "900"}
            )
        if opens(link, request.POST.get("password", "")):
            request.session[f"shared-{link.pk}"] = link.password
            return redirect("shared", secret=secret)
        _note(request, link, ShareLook.What.PASSWORD)
        complaint, status = "This is not the password. Ask whoever sent you the link; it was told separately.", 403
    answer = render(request, "audits/shared_password.html", {"complaint": complaint, "link": link}, status=status)
    # With no-referrer a browser sends the form with “Origin: null”, which can't be told from another site's.
    answer.headers["Referrer-Policy"] = "same-origin"
    return answer


@_outside
def shared_file(request: HttpRequest, secret: str, form: str) -> HttpResponseBase:
    """One file of a shared report. Each one that is given out counts, and is on record before it is."""
    link, is_open = link_of(secret)
    if link is None or not is_open or form not in link.forms:
        return _gone(request, link)
    if not _let_in(request, link):
        return redirect("shared", secret=secret)
    if form == BUNDLE:
        return _bundle(request, link)
    sha256 = _sha256_of(link.report, form)
    if not sha256:
        return render(
            request, "audits/shared_wait.html", {"why": "This file is being made. Try again in a minute."}, status=503
        )
    try:
        content = open_store(settings.EVIDENCE_URL).open(sha256)
    except Missing:
        return _gone(request, link)
    agent = request.headers.get("User-Agent", "")
    if request.method != "HEAD" and not use_link(
        link, form=form, sha256=sha256, address=address_of(request), agent=agent
    ):
        content.close()
        return _gone(request, link)
    return _file(link, form, content)


def _bundle(request: HttpRequest, link: ShareLink) -> HttpResponseBase:
    """The evidence bundle of the report's run with this report in it, made now; counted and on record before it leaves."""
    if request.method == "HEAD":
        return HttpResponse(content_type="application/zip")
    count("shared-bundle", str(link.pk), BUNDLES_PER_MINUTE)
    run = link.report.run
    try:
        if run is None:
            return _gone(request, link)
        made = open_bundle(run, link.report)
    except NoBundle:
        why = "The bundle can’t be made: what it has to hold is not whole. Tell whoever gave you the link."
        return render(request, "audits/shared_wait.html", {"why": why}, status=503)
    agent = request.headers.get("User-Agent", "")
    if not use_link(link, form=BUNDLE, sha256=made.sha256, address=address_of(request), agent=agent):
        made.file.close()
        return _gone(request, link)
    return FileResponse(made.file, as_attachment=True, filename=made.name, content_type="application/zip")


def _sha256_of(report: Report, form: str) -> str:
    if form in (PDF, AS_KEPT):
        return report.pdf_sha256 if form == PDF else report.context_sha256
    made = ReportForm.objects.filter(report=report, name=form, state=ReportForm.State.READY).first()
    return made.sha256 if made else ""


def _file(link: ShareLink, form: str, content: Any) -> FileResponse:
    report = link.report
    stem = slugify(f"{report.title or (report.run.pipeline.name if report.run else '')}-report-{report.number}")[:80]
    suffix, kind = (".pdf", "application/pdf") if form == PDF else (FORMS[form].suffix, FORMS[form].content_type)
    attached = link.reach == ShareLink.Reach.DOWNLOAD
    return FileResponse(content, as_attachment=attached, filename=f"{stem or 'report'}{suffix}", content_type=kind)
