"""Patterns of extraction: the indicators of a project's period, each with its evidence, and looking anew."""

import datetime as dt
from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from audits.access import may_read_contents, require_may_import
from audits.actions.patterns import LONGEST_DAYS, request_reading
from audits.models import PatternIndicator, PatternReading
from audits.patterns.words import KINDS, ORDER, sentence, subject_words
from audits.procedures.reading_patterns import BY_ITSELF_DAYS, latest_call_day
from audits.tasks import look_for_patterns
from compliance.access import may_run_audits, visible_projects
from compliance.models import Project
from compliance.templatetags.unseen import with_names
from compliance.views.requests import PersonRequest


class LookForm(forms.Form):
    """Of which project, and which days."""

    project = forms.ChoiceField(label="Project")
    since = forms.DateField(label="From", widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(label="To", widget=forms.DateInput(attrs={"type": "date"}))

    def __init__(self, data: Any, projects: list[tuple[str, str]]) -> None:
        super().__init__(data)
        self.fields["project"].choices = [(slug, with_names(name)) for slug, name in projects]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        since, until = data.get("since"), data.get("until")
        if since and until and not 0 <= (until - since).days < LONGEST_DAYS:
            raise forms.ValidationError(
                f"Choose a period of at most {LONGEST_DAYS} days that does not end before it begins."
            )
        return data


def page(request: PersonRequest) -> HttpResponse:
    """The newest look at a project; POST has its calls looked at anew for a period."""
    projects = Project.objects.filter(pk__in=visible_projects(request.user).values("pk"))
    project = projects.filter(slug=request.POST.get("project") or request.GET.get("project", "")).first()
    project = project or projects.filter(pattern_readings__isnull=False).first() or projects.first()
    if project is None:
        return render(request, "audits/patterns.html", {"project": None})
    choices = list(projects.values_list("slug", "name"))
    if request.method == "POST":
        require_may_import(request.user, project)
        form = LookForm(request.POST, choices)
        if form.is_valid():
            return _looked_for(request, project, form.cleaned_data)
        return render(request, "audits/patterns.html", _context(request, project, form), status=422)
    return render(request, "audits/patterns.html", _context(request, project, None, choices))


def _looked_for(request: PersonRequest, project: Project, data: dict[str, Any]) -> HttpResponse:
    reading = request_reading(
        project=project, first_day=data["since"], last_day=data["until"], acting_user=request.user
    )
    look_for_patterns.delay_on_commit(reading.pk)
    return redirect(f"{reverse('import-patterns')}?{urlencode({'project': project.slug})}")


def _context(
    request: PersonRequest, project: Project, form: LookForm | None, choices: list[tuple[str, str]] | None = None
) -> dict[str, Any]:
    readings = PatternReading.objects.filter(project=project).select_related("requested_by")
    newest = readings.exclude(finished_at=None).first()
    waiting = readings.filter(finished_at=None, pk__gt=newest.pk if newest else 0).exists()
    latest = latest_call_day(project)
    last = newest.last_day if newest else latest or timezone.now().date()
    first = newest.first_day if newest else last - dt.timedelta(days=BY_ITSELF_DAYS - 1)
    given = {"project": project.slug, "since": first.isoformat(), "until": last.isoformat()}
    return {
        "project": project, "form": form or LookForm(given, choices or []), "reading": newest, "waiting": waiting,
        "latest": latest, "groups": _groups(newest) if newest else [], "silent": _silent(newest) if newest else [],
        "may_look": may_run_audits(request.user, project), "may_read": may_read_contents(request.user, project),
    }  # fmt: skip


def _groups(reading: PatternReading) -> list[dict[str, Any]]:
    """Indicators by kind, in the order of the kinds, each in words."""
    by_kind: dict[str, list[PatternIndicator]] = {}
    for one in reading.indicators.all():
        by_kind.setdefault(one.kind, []).append(one)
    return [{"kind": KINDS[kind], "shown": [_shown(one) for one in by_kind[kind]]} for kind in ORDER if kind in by_kind]


def _shown(one: PatternIndicator) -> dict[str, Any]:
    samples = [{**kept, "when": dt.datetime.fromtimestamp(kept["at"], dt.UTC)} for kept in one.samples]
    return {
        "subject": subject_words(one.kind, one.subject), "calls": one.calls, "samples": samples,
        "sentence": sentence(one.kind, one.value, one.baseline, one.figures),
    }  # fmt: skip


def _silent(reading: PatternReading) -> list[str]:
    """Kinds of which nothing was found."""
    found = set(reading.indicators.values_list("kind", flat=True))
    return [KINDS[kind].title for kind in ORDER if kind not in found]
