"""Reconciliation: what was recorded, what gateways logged and what the provider billed, for a period."""

import datetime as dt
from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone

from audits.queries.reconciling import channels_of, latest_day, reconcile
from audits.views.forms import offered
from compliance.access import visible_projects
from compliance.models import Project
from compliance.queries.names import provider_names
from compliance.views.requests import PersonRequest

DAYS = 30
LONGEST = 400


class PeriodForm(forms.Form):
    """Whose bill, of which days, for which project."""

    channel = forms.ChoiceField(label="Provider", required=False)
    project = forms.ChoiceField(label="Project", required=False)
    since = forms.DateField(label="From", required=False, widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(label="To", required=False, widget=forms.DateInput(attrs={"type": "date"}))

    def __init__(self, data: Any, channels: list[tuple[str, str]], projects: list[tuple[str, str]]) -> None:
        super().__init__(data)
        self.fields["channel"].choices = channels  # type: ignore[attr-defined]
        offered(self, "project", "Every project", projects)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        since, until = data.get("since"), data.get("until")
        if since and until and not dt.timedelta() <= until - since <= dt.timedelta(days=LONGEST):
            raise forms.ValidationError(
                f"Choose a period of at most {LONGEST} days that does not end before it begins."
            )
        return data


def page(request: PersonRequest) -> HttpResponse:
    """Side by side by day and model, with the rest that nobody explains."""
    projects = visible_projects(request.user)
    names = provider_names()
    channels = [(one, names.get(one, one)) for one in channels_of(projects)]
    asked = request.GET.copy()
    last = latest_day(projects) or timezone.now().date()
    asked.setdefault("channel", channels[0][0] if channels else "")
    asked["until"] = asked.get("until") or asked.get("to") or last.isoformat()
    asked["since"] = asked.get("since") or asked.get("from") or (last - dt.timedelta(days=DAYS - 1)).isoformat()
    form = PeriodForm(asked, channels, list(projects.values_list("slug", "name")))
    context: dict[str, Any] = {"form": form, "channels": channels, "names": names}
    if channels and form.is_valid():
        data = form.cleaned_data
        mine = projects.filter(slug=data["project"]) if data["project"] else projects
        context["found"] = reconcile(_plain(mine), data["channel"], data["since"], data["until"])
        context |= {"who": names.get(data["channel"], data["channel"]), "since": data["since"], "until": data["until"]}
    return render(
        request, "audits/reconciliation.html", context, status=200 if not channels or form.is_valid() else 422
    )


def _plain(projects: Any) -> Any:
    return Project.objects.filter(pk__in=projects.values("pk"))
