"""Forms of work: which findings are listed, and what is to be changed by whom until when."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.db.models import Q, QuerySet
from django.utils import timezone

from audits.models import Outcome
from audits.queries.work import OPEN_WORK
from audits.views.forms import Filter, offered
from compliance.models import Project, User

_DAY = forms.DateInput(attrs={"type": "date"})
_BAD_DAY = {"invalid": "Write the day as year-month-day: 2027-03-31."}
MINE, NOBODYS, OVERDUE = "me", "nobody", "overdue"


class WorkFilter(Filter):
    """Without a choice: everything that calls for a change in projects that the person sees."""

    outcome = forms.ChoiceField(label="Outcome", required=False, choices=[("", "Any outcome"), *Outcome.choices])
    project = forms.ChoiceField(label="Project", required=False)
    pipeline = forms.ChoiceField(label="Pipeline", required=False)
    provider = forms.ChoiceField(label="Provider", required=False)
    who = forms.ChoiceField(
        label="Whose", required=False,
        choices=[("", "Anybody’s"), (MINE, "Mine"), (NOBODYS, "Nobody’s yet"), (OVERDUE, "Overdue")],
    )  # fmt: skip
    state = forms.ChoiceField(
        label="Work", required=False,
        choices=[("", "Any state"), ("none", "Nothing asked for"), *((one.value, one.label) for one in OPEN_WORK)],
    )  # fmt: skip

    def __init__(
        self, data: Any, person: User, projects: QuerySet[Project], pipelines: Iterable[tuple[str, str]],
        providers: Iterable[tuple[str, str]],
    ) -> None:  # fmt: skip
        super().__init__(data)
        self.person = person
        offered(self, "project", "Any project", projects.values_list("slug", "name"))
        offered(self, "pipeline", "Any pipeline", pipelines)
        offered(self, "provider", "Any provider", providers)
        self.full_clean()

    def narrow(self, findings: QuerySet[Any]) -> QuerySet[Any]:
        """What is left of findings that `findings_to_work_on` gave."""
        asked = {
            "outcome": "outcome", "provider": "provider", "project": "run__pipeline__project__slug",
            "pipeline": "run__pipeline",
        }  # fmt: skip
        narrowed = findings.filter(**{path: self.asked(name) for name, path in asked.items() if self.asked(name)})
        return self._of_state(self._whose(narrowed))

    def _whose(self, findings: QuerySet[Any]) -> QuerySet[Any]:
        who = self.asked("who")
        if who == MINE:
            return findings.filter(Q(assignee=self.person.pk) | Q(work_owner=self.person.pk))
        if who == NOBODYS:
            return findings.filter(assignee__isnull=True, has_work=False)
        return findings.filter(next_due__lt=timezone.localdate()) if who == OVERDUE else findings

    def _of_state(self, findings: QuerySet[Any]) -> QuerySet[Any]:
        state = self.asked("state")
        if state == "none":
            return findings.filter(has_work=False)
        return findings.filter(work_state=state) if state else findings


class RemedyForm(forms.Form):
    """What is to be changed, by whom, until when."""

    what = forms.CharField(
        label="What is to be changed", max_length=4000, widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": "Say what is to be changed."},
    )  # fmt: skip
    owner = forms.ModelChoiceField(
        label="Who", queryset=User.objects.none(), error_messages={"required": "Choose who changes it."}
    )
    due_on = forms.DateField(
        label="Due", widget=_DAY, error_messages={**_BAD_DAY, "required": "Say until when, as year-month-day."}
    )

    def __init__(self, data: Any = None, *, people: Any, initial: Any = None) -> None:
        super().__init__(data, initial=initial, auto_id="id_work_%s")
        self.fields["owner"].queryset = people  # type: ignore[attr-defined]
