"""Forms of the desk: which findings are listed, what is decided on them, and who sees to them."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.db.models import F, QuerySet
from django.utils import timezone

from audits.models import Decision, Outcome
from audits.queries.review import standing_today
from audits.queries.standing import STANDINGS, TO_DECIDE, with_assignment
from audits.views.forms import Filter, offered
from compliance.models import Project, User

_DAY = forms.DateInput(attrs={"type": "date"})
_BAD_DAY = {"invalid": "Write the day as year-month-day: 2027-03-31."}
MINE, NOBODYS, OVERDUE = "me", "nobody", "overdue"


class FindingFilter(Filter):
    """Without a choice: findings of each pipeline's newest completed run on which somebody has to decide."""

    standing = forms.ChoiceField(
        label="State",
        required=False,
        choices=[
            ("", "To be decided"),
            *STANDINGS.items(),
            ("undecided", "Anything not decided"),
            ("any", "Any state"),
        ],
    )
    outcome = forms.ChoiceField(label="Outcome", required=False, choices=[("", "Any outcome"), *Outcome.choices])
    provider = forms.ChoiceField(label="Provider", required=False)
    project = forms.ChoiceField(label="Project", required=False)
    assignee = forms.ChoiceField(label="Seen to by", required=False)
    runs = forms.ChoiceField(label="Runs", required=False, choices=[("", "Newest only"), ("all", "All runs")])

    def __init__(
        self, data: Any, projects: QuerySet[Project], providers: Iterable[tuple[str, str]], person: User,
        people: Iterable[tuple[int, str]],
    ) -> None:  # fmt: skip
        super().__init__(data)
        self.person = person
        offered(self, "provider", "Any provider", providers)
        offered(self, "project", "Any project", projects.values_list("slug", "name"))
        others = [(str(pk), name) for pk, name in people if pk != person.pk]
        fixed = [(MINE, "me"), (NOBODYS, "nobody yet"), (OVERDUE, "anybody, overdue")]
        offered(self, "assignee", "Anybody", [*fixed, *others])
        self.full_clean()

    def narrow(self, findings: QuerySet[Any]) -> QuerySet[Any]:
        """The findings left, from those that carry `standing`; they carry the assignment too."""
        if self.asked("runs") != "all":
            findings = standing_today(findings)
        standing = self.asked("standing")
        if standing is None:
            findings = findings.filter(standing__in=TO_DECIDE)
        elif standing == "undecided":
            findings = findings.exclude(standing="decided")
        elif standing != "any":
            findings = findings.filter(standing=standing)
        asked = {"outcome": "outcome", "provider": "provider", "project": "run__pipeline__project__slug"}
        findings = findings.filter(**{path: self.asked(name) for name, path in asked.items() if self.asked(name)})
        return self._assigned(with_assignment(findings))

    def _assigned(self, findings: QuerySet[Any]) -> QuerySet[Any]:
        who = self.asked("assignee")
        if who is None:
            return findings
        if who == NOBODYS:
            return findings.filter(assignee__isnull=True)
        if who == OVERDUE:
            return findings.filter(due_on__lt=timezone.localdate())
        return findings.filter(assignee=self.person.pk if who == MINE else int(who))


def in_order_of_work(findings: QuerySet[Any]) -> QuerySet[Any]:
    """Gravest first; among these what is due first, then the oldest. Wants `gravity` and `due_on`."""
    return findings.order_by("gravity", F("due_on").asc(nulls_last=True), "run_id", "number")


class DecisionForm(forms.Form):
    """What a person decides on a finding, and why."""

    EXPLAINED = {
        Decision.Kind.CONFIRM: "The finding is right; something has to change.",
        Decision.Kind.ACCEPT_RISK: "The finding is right, and the use goes on knowingly.",
        Decision.Kind.WAIVE: "It may go on until a day; then it is open again by itself.",
        Decision.Kind.FALSE_POSITIVE: "The finding is wrong: the facts or the reading do not hold.",
        Decision.Kind.REMEDIATED: "What caused it is changed. It rests on work that a run has shown; without any, the next "
        "run has to show it, and it is open again if that still finds it.",
        Decision.Kind.NEEDS_FACTS: "It can’t be decided yet; say which facts are missing.",
        Decision.Kind.REOPEN: "An earlier decision no longer counts.",
    }
    kind = forms.ChoiceField(
        label="Decision", choices=Decision.Kind.choices, widget=forms.RadioSelect,
        error_messages={"required": "Choose a decision."},
    )  # fmt: skip
    reason = forms.CharField(
        label="Reason",
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="Stands in the report beside your name and the date.",
        error_messages={"required": "Say why: the reason stands in the report beside the decision."},
    )
    until = forms.DateField(
        label="Last day", required=False, widget=_DAY, error_messages=_BAD_DAY,
        help_text="Needed for a waiver; possible for an accepted risk. Afterwards the finding is open again.",
    )  # fmt: skip
    scope = forms.ChoiceField(
        label="Holds for", required=False, choices=Decision.Scope.choices, initial=Decision.Scope.FINDING
    )

    def __init__(
        self, data: Any = None, *, has_rule: bool = True, decided: bool = True, many: bool = False, initial: Any = None
    ) -> None:
        super().__init__(data, initial=initial)
        self.left_out = set() if decided else {Decision.Kind.REOPEN}
        if many or not has_rule:
            del self.fields["scope"]

    def clean_scope(self) -> str:
        return self.cleaned_data["scope"] or Decision.Scope.FINDING

    def explained(self) -> list[tuple[str, str, str, bool]]:
        """Value, label, meaning, chosen: one for each kind of decision."""
        chosen = self["kind"].value()
        offered_kinds = [kind for kind in Decision.Kind if kind not in self.left_out]
        return [(kind.value, str(kind.label), self.EXPLAINED[kind], kind.value == chosen) for kind in offered_kinds]


class AssignForm(forms.Form):
    """Who sees to a finding, and until when."""

    assignee = forms.ModelChoiceField(label="Who", queryset=User.objects.none(), required=False, empty_label="nobody")
    due_on = forms.DateField(label="Due", required=False, widget=_DAY, error_messages=_BAD_DAY)

    def __init__(self, data: Any = None, *, people: QuerySet[User], initial: Any = None) -> None:
        super().__init__(data, initial=initial)
        self.fields["assignee"].queryset = people  # type: ignore[attr-defined]


class ViewForm(forms.Form):
    """A name for the filter that is set."""

    name = forms.CharField(max_length=80)
    query = forms.CharField(max_length=500, required=False)
