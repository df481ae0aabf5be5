"""The builder of reports: what is chosen, what it would look like, and having it made."""

from typing import Any, Final
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_GET, require_POST

from audits.access import reportable_projects, require_may_put_in, require_may_report_on, visible_reports
from audits.actions.report_choices import forget_preset, keep_preset
from audits.actions.reports import request_report
from audits.models import ReportBrand
from audits.queries.report_choices import brand_of, earlier_reports, offer, presets_for
from audits.queries.report_scope import OutOfReach, reach
from audits.reporting.context.material import material_for
from audits.reporting.context.preview import preview
from audits.reporting.options import ANNEXES, BARRED, OF_ONE_RUN, PARTS, PRIVILEGED, ReportOptions
from audits.reporting.screen import screen_html
from audits.tasks import render_report
from audits.views.report_builder_forms import BuilderForm, initial_of
from compliance.models import Project
from compliance.views.middleware import PAGES, policy_header
from compliance.views.requests import PersonRequest

WITH_FRAME: Final = policy_header(PAGES | {"frame-src": ("'self'",)})
"""The builder's page shows the preview in a frame; no other page has one."""
PREVIEW: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; base-uri 'none'; "
    "frame-ancestors 'self'; sandbox"
)
"""A preview runs nothing, loads nothing and reaches nothing, whatever names stand in it."""
NOT_SENT: Final = ("csrfmiddlewaretoken", "name", "keep", "for_project")


def new(request: PersonRequest) -> HttpResponse:
    """The builder. POST has the report made, or keeps the choice under a name."""
    projects = reportable_projects(request.user)
    if not projects.exists():
        return render(request, "audits/report_new.html", {"nothing": True})
    form = _form(request, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        answer = _keep(request, form) if "keep" in request.POST else _make(request, form)
        if answer is not None:
            return answer
    presets = presets_for(request.user, projects)
    context = {"form": form, "presets": presets, "parts": _parts(form), "query": request.GET.urlencode()}
    response = render(request, "audits/report_new.html", context)
    response["Content-Security-Policy"] = WITH_FRAME
    return response


def _form(request: PersonRequest, data: QueryDict | None) -> BuilderForm:
    projects = reportable_projects(request.user)
    asked = {key: str(value) for key, value in (data or request.GET).items()}
    run = asked.get("run") or (asked.get("id") if asked.get("kind") == "run" else "")
    offered = offer(projects, int(run) if run and run.isdigit() and len(run) < 12 else None)
    brand = _brand(request, asked, data)
    earlier = earlier_reports(visible_reports(request.user))
    pk = request.GET.get("preset", "")
    preset = presets_for(request.user, projects).filter(pk=pk).first() if pk.isdigit() and len(pk) < 12 else None
    return BuilderForm(data, offered, earlier, brand, initial=initial_of(preset, brand, asked), prefix=None)


def _brand(request: PersonRequest, asked: dict[str, str], data: QueryDict | None) -> ReportBrand | None:
    """The brand of the project that is asked about, where it is one."""
    projects, kind = reportable_projects(request.user), asked.get("scope") or asked.get("kind") or "run"
    run = asked.get("run") or asked.get("id", "")
    slugs = data.getlist("projects") if data else [asked.get("id", "")]
    found: Project | None = None
    if kind == "run" and run.isdigit() and len(run) < 12:
        found = projects.filter(pipelines__runs__pk=run).first()
    elif kind == "student":
        found = projects.filter(slug=(asked.get("student") or asked.get("id", "")).partition("/")[0]).first()
    elif kind in ("project", "period") and len(slugs) == 1:
        found = projects.filter(slug=slugs[0]).first()
    return brand_of(found)


def _make(request: PersonRequest, form: BuilderForm) -> HttpResponse | None:
    options = _checked(request, form)
    if options is None:
        return None
    report = request_report(
        acting_user=request.user,
        options=options,
        marking=form.cleaned_data.get("marking") or "draft",
        among=reportable_projects(request.user),
    )
    render_report.delay_on_commit(report.pk)
    return redirect("report", pk=report.pk)


def _checked(request: PersonRequest, form: BuilderForm) -> ReportOptions | None:
    """The options, when what they name exists for the person; else the form says what does not. Raises PermissionDenied."""
    options = form.options
    assert options is not None, "a valid form has options"
    try:
        found = reach(options.scope.as_json(), reportable_projects(request.user))
    except OutOfReach as problem:
        form.add_error(None, f"{problem.sentence[:1].upper()}{problem.sentence[1:]}.")
        return None
    require_may_put_in(request.user, found.projects, privileged=options.privileged, contents=options.with_contents)
    return options


def _keep(request: PersonRequest, form: BuilderForm) -> HttpResponse | None:
    assert form.options is not None, "a valid form has options"
    options = form.options.as_json()
    if not form.cleaned_data.get("own_parts"):
        options["parts"] = None
    project = _preset_project(request)
    try:
        preset = keep_preset(
            name=request.POST.get("name", ""), options=options, acting_user=request.user, project=project
        )
    except ValidationError as problem:
        form.add_error(None, " ".join(problem.messages))
        return None
    messages.info(request, f"The choice is kept as “{preset.name}”.")
    scope = {"kind": form.options.scope.kind, "id": (form.options.scope.ids or ("",))[0]}
    return redirect(f"{reverse('report-new')}?{urlencode({**scope, 'preset': preset.pk})}")


def _preset_project(request: PersonRequest) -> Project | None:
    slug = request.POST.get("for_project", "")
    return get_object_or_404(reportable_projects(request.user), slug=slug) if slug else None


@require_POST
def preset_forget(request: PersonRequest, pk: int) -> HttpResponse:
    """Remove a choice that is kept: one's own, or the project's."""
    preset = get_object_or_404(presets_for(request.user, reportable_projects(request.user)), pk=pk)
    if preset.project:
        require_may_report_on(request.user, preset.project)
    forget_preset(preset=preset, acting_user=request.user)
    return redirect("report-new")


def _parts(form: BuilderForm) -> list[dict[str, Any]]:
    """Every part in the order chosen, the others after it; which audiences and scopes have it."""
    data = form.data
    chosen = data.getlist("parts") if hasattr(data, "getlist") else list(form.initial.get("parts") or ())
    order = [name for name in chosen if name in PARTS] + [name for name in PARTS if name not in chosen]
    return [
        {
            "name": name,
            "words": PARTS[name],
            "chosen": name in chosen,
            "annex": name in ANNEXES,
            "one_run": name in OF_ONE_RUN,
            "privileged": name in PRIVILEGED,
            "not_for": " ".join(profile for profile, barred in BARRED.items() if name in barred),
        }
        for name in sorted(order, key=lambda name: name in ANNEXES)
    ]


@require_GET
def preview_frame(request: PersonRequest) -> HttpResponse:
    """What was chosen, in words, with the frame that shows it; or what is wrong with it."""
    form = _form(request, request.GET)
    context: dict[str, Any] = {"form": form}
    if form.is_valid():
        try:
            options = _checked(request, form)
        except PermissionDenied as problem:
            form.add_error(None, str(problem))
            options = None
        if options is not None:
            sent = request.GET.copy()
            for key in NOT_SENT:
                sent.pop(key, None)
            context |= {
                "options": options,
                "chosen": [PARTS[name] for name in options.parts],
                "query": sent.urlencode(),
            }
    return render(request, "audits/_report_preview.html", context)


@require_GET
@xframe_options_sameorigin
def preview_page(request: PersonRequest) -> HttpResponse:
    """The report as it would read now, as one page without any program in it."""
    form = _form(request, request.GET)
    options = _checked(request, form) if form.is_valid() else None
    if options is None:
        answer = HttpResponse(_told("Nothing is shown until the choice is complete."))
    else:
        material = material_for(options, request.user, reportable_projects(request.user))
        context, whole = preview(material)
        answer = HttpResponse(screen_html(context, whole=whole))
    answer["Content-Security-Policy"] = PREVIEW
    answer["Cache-Control"] = "private, no-store"
    return answer


def _told(words: str) -> str:
    return render_to_string("audits/report_preview_empty.html", {"words": words})
