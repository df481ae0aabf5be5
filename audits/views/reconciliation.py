"""Reconciliation: what was recorded, what gateways logged and what the provider billed, for a period."""

import csv
import datetime as dt
from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.text import slugify

from audits.queries.owners import by_owner, logged_by
from audits.queries.reconciling import as_rows, channels_of, latest_day, reconcile
from audits.views.forms import offered
from compliance.access import visible_projects
from compliance.models import ApiToken, Project
from compliance.queries.names import provider_names
from compliance.views.programs import for_programs
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
    """Side by side by day and model, with the rest that nobody explains, and by whom the logged calls were."""
    context = _context(request)
    status = 200 if not context["channels"] or context["form"].is_valid() else 422
    return render(request, "audits/reconciliation.html", context, status=status)


@for_programs(ApiToken.Scope.READ)
def export(request: PersonRequest) -> HttpResponse:
    """The same lines as CSV."""
    context = _context(request)
    if "found" not in context:
        return redirect(f"{reverse('reconciliation')}?{request.GET.urlencode()}")
    name = (
        f"reconciliation-{slugify(context['form'].cleaned_data['channel'])}-{context['since']}-{context['until']}.csv"
    )
    answer = HttpResponse(content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    csv.writer(answer).writerows(as_rows(context["found"]))
    return answer


def _context(request: PersonRequest) -> dict[str, Any]:
    projects = visible_projects(request.user)
    names = provider_names()
    channels = [(one, names.get(one, one)) for one in channels_of(projects)]
    form = PeriodForm(_asked(request, projects, channels), channels, list(projects.values_list("slug", "name")))
    context: dict[str, Any] = {"form": form, "channels": channels, "names": names}
    if channels and form.is_valid():
        data = form.cleaned_data
        mine = _plain(projects.filter(slug=data["project"]) if data["project"] else projects)
        since, until = data["since"], data["until"]
        context |= {
            "found": reconcile(mine, data["channel"], since, until), "who": names.get(data["channel"], data["channel"]),
            "since": since, "until": until, "query": urlencode(form.data if isinstance(form.data, dict) else {}),
            "owners": by_owner(logged_by(mine, since, until, data["channel"])),
        }  # fmt: skip
    return context


def _asked(request: PersonRequest, projects: Any, channels: list[tuple[str, str]]) -> dict[str, str]:
    """What the address asks for; what it leaves open is the last days of which anything is known."""
    last = latest_day(projects) or timezone.now().date()
    since, until = (last - dt.timedelta(days=DAYS - 1)).isoformat(), last.isoformat()
    return {
        "channel": request.GET.get("channel") or (channels[0][0] if channels else ""),
        "project": request.GET.get("project", ""),
        "since": request.GET.get("since") or request.GET.get("from") or since,
        "until": request.GET.get("until") or request.GET.get("to") or until,
    }


def _plain(projects: Any) -> Any:
    return Project.objects.filter(pk__in=projects.values("pk"))
