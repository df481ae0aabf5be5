"""What may be asked of the graph by an address."""

import datetime as dt
from collections.abc import Iterable

from django import forms
from django.db.models import QuerySet

from audits.models import Run
from audits.queries.charges import Clause
from audits.queries.graph_answers import Question
from audits.views.forms import Filter, offered
from compliance.models import Project
from compliance.templatetags.unseen import with_names

STEPS = 20


class GraphFilter(Filter):
    """Which part of the graph, and which question. Values that are not offered narrow nothing."""

    q = forms.CharField(
        label="Search", required=False, max_length=200, widget=forms.TextInput(attrs={"type": "search"})
    )
    project = forms.ChoiceField(label="Project", required=False)
    runs = forms.ChoiceField(label="Runs", required=False, choices=[("", "Newest only"), ("all", "All runs")])
    clause = forms.ChoiceField(label="Touched by clause", required=False)
    since = forms.DateField(label="Calls since", required=False, widget=forms.DateInput(attrs={"type": "date"}))
    run = forms.IntegerField(required=False, widget=forms.HiddenInput)
    focus = forms.CharField(required=False, max_length=900, widget=forms.HiddenInput)
    steps = forms.IntegerField(required=False, min_value=1, max_value=STEPS, widget=forms.HiddenInput)
    without = forms.CharField(required=False, max_length=900, widget=forms.HiddenInput)
    prices = forms.CharField(required=False, max_length=1, widget=forms.HiddenInput)
    open = forms.CharField(required=False, max_length=4000, widget=forms.HiddenInput)

    shown = ("q", "project", "runs", "clause", "since")

    def __init__(self, data: object, projects: QuerySet[Project], clauses: Iterable[Clause] = ()) -> None:
        super().__init__(data)
        offered(self, "project", "Any project", projects.values_list("slug", "name"))
        offered(self, "clause", "No clause", ((one.rule, _named(one)) for one in clauses))
        self.full_clean()

    def narrow(self, runs: QuerySet[Run]) -> QuerySet[Run]:
        """The runs of the project, or the one run, that is asked for."""
        if self.asked("run"):
            return runs.filter(pk=self.asked("run"))
        return runs.filter(pipeline__project__slug=self.asked("project")) if self.asked("project") else runs

    def question(self) -> Question:
        """What is asked, of the runs that `narrow` leaves."""
        opened: list[str] = (self.asked("open") or "").split("|")
        without: str | None = self.asked("without")
        since: dt.date | None = self.asked("since")
        return Question(
            every=self.asked("runs") == "all" or bool(self.asked("run")),
            words=self.asked("q") or "",
            focus=self.asked("focus") or "",
            steps=self.asked("steps"),
            clause=self.asked("clause") or "",
            since=since,
            without=(without,) if without else (),
            opened=frozenset(key for key in opened if key),
        )


def _named(clause: Clause) -> str:
    place = f"{clause.document}, {clause.section}" if clause.section else clause.document
    return with_names(f"{clause.title} ({place})")
