"""Accounts, keys and users that logs name: what came with them, whose they are, and saying so of many at once."""

import datetime as dt
from typing import Any, Final

from django import forms
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_POST

from audits.access import require_may_import
from audits.actions.owners import say_owners, take_back
from audits.models import AccountOwner
from audits.patterns.regions import OFFSETS
from audits.procedures.reading_patterns import latest_call_day
from audits.queries.owners import Sender, senders
from compliance.access import may_run_audits, visible_projects
from compliance.models import Project
from compliance.queries.names import provider_names
from compliance.views.lists import Listing, field, wants_csv
from compliance.views.requests import PersonRequest

DAYS = 90
MOST_AT_ONCE = 500
SENDERS: Final = Listing(
    "accounts",
    (
        field("account", "account"), field("user", "person", of="person"), field("key", "key"), field("served_by", "served_by"),
        field("calls", "calls"), field("tokens", "tokens"), field("first", "first_at", of="first_at"),
        field("last", "last_at", of="last_at"), field("team", of="owner.team"), field("person", of="owner.person"),
        field("works_for", of="owner.works_for"), field("region", of="owner.region"),
    ),
    words=("account", "person", "key"),
)  # fmt: skip


class OwnerForm(forms.Form):
    """Whose the marked accounts are, or those that a pattern names."""

    team = forms.CharField(label="Team", required=False, max_length=120)
    person = forms.CharField(label="Person", required=False, max_length=120)
    works_for = forms.ModelChoiceField(
        label="Works for project", required=False, queryset=Project.objects.none(), empty_label="Not said"
    )
    region = forms.ChoiceField(
        label="Used from", required=False, choices=[("", "Not said"), *((one, one) for one in sorted(OFFSETS))],
    )  # fmt: skip
    first_day = forms.DateField(label="From", required=False, widget=forms.DateInput(attrs={"type": "date"}))
    last_day = forms.DateField(label="To", required=False, widget=forms.DateInput(attrs={"type": "date"}))
    field = forms.ChoiceField(label="Or whatever fits a pattern", required=False, choices=AccountOwner.Field)
    pattern = forms.CharField(label="Pattern, * for any characters", required=False, max_length=160)

    def __init__(self, data: Any = None, *, projects: Any, marked: list[str] | None = None) -> None:
        super().__init__(data)
        self._marked = marked or []
        self.fields["works_for"].queryset = projects  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not (data.get("team") or data.get("person") or data.get("works_for")):
            raise forms.ValidationError("Say which team, person or project they belong to.")
        if data.get("first_day") and data.get("last_day") and data["last_day"] < data["first_day"]:
            raise forms.ValidationError("The period ends before it begins.")
        if not self.named(data):
            raise forms.ValidationError("Mark at least one row, or give a pattern.")
        return data

    def named(self, data: dict[str, Any]) -> list[tuple[str, str]]:
        """The (field, pattern) of everything marked, and of the pattern."""
        given = [one.partition(":") for one in self._marked[:MOST_AT_ONCE]]
        named = [
            (field, name.replace("*", "")) for field, _, name in given if field in AccountOwner.Field.values and name
        ]
        pattern = [(data["field"], data["pattern"])] if data.get("pattern") and data.get("field") else []
        return [*dict.fromkeys(named), *pattern]


def page(request: PersonRequest) -> HttpResponseBase:
    """Senders of a project, most calls first; POST says whose the marked ones are."""
    projects = Project.objects.filter(pk__in=visible_projects(request.user).values("pk"))
    project = projects.filter(slug=request.GET.get("project", "")).first() or projects.first()
    if project is None:
        return render(request, "audits/import_accounts.html", {"project": None})
    form = OwnerForm(projects=projects)
    if request.method == "POST":
        require_may_import(request.user, project)
        form = OwnerForm(request.POST, projects=projects, marked=request.POST.getlist("sender"))
        if form.is_valid():
            data = form.cleaned_data
            said = {key: data[key] for key in ("team", "person", "works_for", "region", "first_day", "last_day")}
            say_owners(project=project, named=form.named(data), acting_user=request.user, **said)
            return redirect(f"{request.path}?{request.GET.urlencode()}")
    if wants_csv(request):
        return SENDERS.as_csv(request, _shown(request, _senders(project)[0]), f"{project.slug}-accounts")
    context = _context(request, project) | {"form": form, "projects": projects}
    return render(request, "audits/import_accounts.html", context, status=422 if form.errors else 200)


def _context(request: PersonRequest, project: Project) -> dict[str, Any]:
    found, first, last = _senders(project)
    calls = sum(one.calls for one in found)
    return {
        **SENDERS.shown(request, _shown(request, found)),
        "project": project, "first": first, "last": last, "names": provider_names(),
        "everybody": request.GET.get("show") == "all", "all_senders": len(found), "calls": calls,
        "unmapped_calls": sum(one.calls for one in found if one.owner is None),
        "said": AccountOwner.objects.filter(project=project).select_related("works_for", "created_by")[:200],
        "may_import": may_run_audits(request.user, project),
    }  # fmt: skip


def _senders(project: Project) -> tuple[list[Sender], dt.date, dt.date]:
    """Whoever the project's logs name in the last days that they tell of, with the first and the last of these days."""
    last = latest_call_day(project) or dt.datetime.now(dt.UTC).date()
    first = last - dt.timedelta(days=DAYS - 1)
    return senders(project, first, last), first, last


def _shown(request: PersonRequest, found: list[Sender]) -> list[Sender]:
    return found if request.GET.get("show") == "all" else [one for one in found if one.owner is None]


@require_POST
def remove(request: PersonRequest, pk: int) -> HttpResponse:
    """Take back what was said of one account."""
    owner = get_object_or_404(AccountOwner, pk=pk, project__in=visible_projects(request.user))
    require_may_import(request.user, owner.project)
    slug = owner.project.slug
    take_back(owner=owner, acting_user=request.user)
    return redirect(f"{reverse('import-accounts')}?{urlencode({'project': slug})}")
