"""The name, colour and logo that reports of a project carry, or those about more than one."""

from django.conf import settings
from django.contrib import messages
from django.http import FileResponse, Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render

from audits.access import require_may_report_on
from audits.actions.report_choices import set_brand
from audits.evidence.store import Missing, open_store
from audits.models import ReportBrand
from audits.reporting.logos import LogoError, clean_logo
from audits.reporting.options import OptionsError, check_colour
from audits.views.report_builder_forms import BrandForm
from compliance.access import administers_installation, get_project, require
from compliance.bounds import MB, takes_files
from compliance.models import Project, User
from compliance.views.requests import PersonRequest


@takes_files(MB)
def of_project(request: PersonRequest, slug: str) -> HttpResponse:
    """What reports of a project carry; POST changes it."""
    project = get_project(request.user, slug)
    require_may_report_on(request.user, project)
    return _page(request, project)


@takes_files(MB)
def of_organisation(request: PersonRequest) -> HttpResponse:
    """What reports about more than one project carry."""
    sentence = "What reports of the whole organisation carry is set by legal or an administrator."
    require(administers_installation(request.user) or request.user.role == User.Role.LEGAL, sentence)
    return _page(request, None)


def _page(request: PersonRequest, project: Project | None) -> HttpResponse:
    brand = ReportBrand.objects.filter(project=project).first()
    held = {"name": brand.name, "colour": brand.colour} if brand else {}
    form = BrandForm(request.POST or None, request.FILES or None, initial=held)
    if request.method == "POST" and form.is_valid() and _set(request, project, form):
        messages.info(request, "Reports that are made from now on carry it; those that were made stay as they are.")
        return redirect("report-brand", slug=project.slug) if project else redirect("report-brand-organisation")
    return render(request, "audits/report_brand.html", {"form": form, "brand": brand, "project": project})


def _set(request: PersonRequest, project: Project | None, form: BrandForm) -> bool:
    """Whether it was set; else the form says what is wrong."""
    told, logo = form.cleaned_data, None
    try:
        if told["colour"]:
            check_colour(told["colour"])
        if told["without"]:
            logo = ""
        elif told["logo"]:
            logo = open_store(settings.EVIDENCE_URL).put(clean_logo(told["logo"].read(2_000_000)))
    except OptionsError as problem:
        form.add_error("colour", f"{problem.sentence[:1].upper()}{problem.sentence[1:]}.")
        return False
    except LogoError as problem:
        form.add_error("logo", str(problem))
        return False
    set_brand(project=project, name=told["name"], colour=told["colour"], acting_user=request.user, logo_sha256=logo)
    return True


def logo(request: PersonRequest, pk: int) -> HttpResponseBase:
    """The logo as it is kept: a PNG of our own making."""
    brand = get_object_or_404(ReportBrand, pk=pk)
    if brand.project is not None:
        get_project(request.user, brand.project.slug)
    try:
        return FileResponse(open_store(settings.EVIDENCE_URL).open(brand.logo_sha256), content_type="image/png")
    except (Missing, ValueError) as problem:
        raise Http404("no logo is kept") from problem
