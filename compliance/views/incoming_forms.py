"""What a person says of a text that came in, and of its dates."""

import datetime as dt
from typing import Any

from django import forms

ACCEPT, DISCARD = "accept", "discard"


class DecisionForm(forms.Form):
    """A person's word on a text that waits."""

    decision = forms.ChoiceField(choices=[(ACCEPT, ""), (DISCARD, "")])
    reason = forms.CharField(
        label="Why",
        max_length=600,
        widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={"required": "Say why: a decision without a reason can’t be checked later."},
        help_text="It stands in the audit trail with your name.",
    )


class DatesForm(forms.Form):
    """From when to when a version is in force, and what that rests on."""

    since = forms.DateField(
        label="First day in force",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={
            "required": "Say from which day it is in force.",
            "invalid": "Write the day as year-month-day: 2026-07-08.",
        },
    )
    last_day = forms.DateField(
        label="Last day in force",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text="Empty: still in force. The version it follows ends the day before this one begins.",
        error_messages={"invalid": "Write the day as year-month-day: 2026-07-08."},
    )
    reason = forms.CharField(
        label="What the dates rest on",
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={"required": "Say what the dates rest on: without it they can’t be checked later."},
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        since, last = cleaned.get("since"), cleaned.get("last_day")
        if since and last and last < since:
            self.add_error("last_day", f"The last day lies before the first, {since:%Y-%m-%d}.")
        return cleaned

    @property
    def until(self) -> dt.date | None:
        """The first day no longer in force."""
        last = self.cleaned_data["last_day"]
        return last + dt.timedelta(days=1) if last else None
