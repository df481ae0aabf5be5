"""The form of a schedule: what the report is about, and when it is made."""

import datetime as dt
from collections.abc import Mapping
from typing import Any, Final
from zoneinfo import available_timezones

from django import forms
from django.db.models import QuerySet

from audits.actions.schedules import SCOPES as KINDS
from audits.models import Report, ReportSchedule
from audits.queries.report_choices import Offer
from audits.reporting.options import DEPTHS, LANGUAGES, PROFILES, SCOPES, OptionsError, ReportOptions, read_options
from audits.views.report_builder_forms import PAPER_WORDS
from compliance.models import User
from compliance.templatetags.unseen import with_names
from compliance.views.given_names import plain_name

WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
FIELDS: Final = (
    "name", "marking", "every", "weekday", "day", "at", "zone", "window", "compare", "only_if_changed",
)  # fmt: skip
_IDS: Final = {"project": "projects", "student": "student", "provider": "provider"}


class ScheduleForm(forms.Form):
    """A report by the calendar."""

    name = forms.CharField(
        label="Name", max_length=120, validators=[plain_name], help_text="As in “Monthly for legal”."
    )  # fmt: skip
    kind = forms.ChoiceField(label="About", choices=[(one, SCOPES[one]) for one in KINDS])
    projects = forms.MultipleChoiceField(label="Projects", required=False, widget=forms.CheckboxSelectMultiple)
    student = forms.ChoiceField(label="Student", required=False)
    provider = forms.ChoiceField(label="Provider", required=False)
    profile = forms.ChoiceField(label="For", choices=list(PROFILES.items()))
    depth = forms.ChoiceField(label="Depth", choices=list(DEPTHS.items()), initial="standard")
    language = forms.ChoiceField(label="Language", choices=list(LANGUAGES.items()))
    paper = forms.ChoiceField(label="Paper", choices=list(PAPER_WORDS.items()))
    marking = forms.ChoiceField(label="Marking", choices=Report.Marking.choices)
    every = forms.ChoiceField(label="When", choices=ReportSchedule.Every.choices, initial="month")
    weekday = forms.TypedChoiceField(label="On", choices=list(enumerate(WEEKDAYS)), coerce=int, help_text="Of a week.")
    day = forms.IntegerField(
        label="On day",
        min_value=1,
        max_value=31,
        initial=1,
        help_text="Of a month or quarter; a shorter month ends earlier.",
    )
    at = forms.TimeField(label="At", initial=dt.time(7), widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"))
    zone = forms.ChoiceField(label="Time zone", choices=[(name, name) for name in sorted(available_timezones())])
    window = forms.ChoiceField(label="It covers", choices=ReportSchedule.Window.choices)
    compare = forms.BooleanField(label="Say what changed since the one before", required=False)
    only_if_changed = forms.BooleanField(
        label="Only when something changed", required=False, help_text="Runs, findings, decisions, answers, signatures."
    )
    recipients = forms.ModelMultipleChoiceField(
        label="Who is told", queryset=User.objects.none(), required=False, widget=forms.CheckboxSelectMultiple,
        help_text="By notice and mail, with a link, if they may see the report by then. The owner always is.",
    )  # fmt: skip

    options: ReportOptions | None = None

    def __init__(self, data: Any, offered: Offer, people: QuerySet[User], **more: Any) -> None:
        super().__init__(data, **more)
        self._offer("projects", offered.projects)
        self._offer("student", [("", "choose one"), *offered.students])
        self._offer("provider", [("", "choose one"), *offered.providers])
        self.fields["recipients"].queryset = people  # type: ignore[attr-defined]
        self.fields["zone"].initial = "UTC"

    def _offer(self, name: str, choices: Any) -> None:
        self.fields[name].choices = [(key, with_names(str(words))) for key, words in choices]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Reads the options; what is wrong with them is said at the field it is about."""
        told = super().clean() or {}
        if not self.errors:
            try:
                self.options = read_options(_as_options(told))
            except OptionsError as problem:
                place = _IDS.get(told["kind"], "kind") if problem.field == "scope.ids" else problem.field
                sentence = f"{problem.sentence[:1].upper()}{problem.sentence[1:]}."
                self.add_error(place if place in self.fields else None, sentence)
        return told


def _as_options(told: Mapping[str, Any]) -> dict[str, Any]:
    ids = told.get(_IDS[told["kind"]]) if told["kind"] in _IDS else []
    return {
        "scope": {"kind": told["kind"], "ids": [ids] if isinstance(ids, str) and ids else list(ids or [])},
        **{key: told[key] for key in ("profile", "depth", "language", "paper")},
    }


def initial_of(schedule: ReportSchedule) -> dict[str, Any]:
    """What the form shows of a schedule."""
    options, scope = schedule.options, schedule.options["scope"]
    told = {name: getattr(schedule, name) for name in FIELDS}
    told |= {key: options[key] for key in ("profile", "depth", "language", "paper")} | {"kind": scope["kind"]}
    place = _IDS.get(scope["kind"])
    if place and scope["ids"]:
        told[place] = scope["ids"] if place == "projects" else scope["ids"][0]
    return told | {"recipients": list(schedule.recipients.all())}
