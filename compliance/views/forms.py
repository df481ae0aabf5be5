"""Forms of the terms side, and the way in."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm
from django.utils import timezone

from compliance.engine.vocabulary import ACCESS_KINDS


class SignInForm(AuthenticationForm):
    error_messages = {
        "invalid_login": "The name and the password do not belong together. Both mind upper and lower case.",
        "inactive": "This account is closed. An administrator can open it again.",
    }


class UseForm(forms.Form):
    """A chosen day, and how a provider's models were reached; what is left out is the plainest case, today."""

    on = forms.DateField(
        label="In force on",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        error_messages={"invalid": "Write the day as year-month-day: 2026-07-08."},
    )
    access = forms.ChoiceField(label="Reached through", required=False, choices=list(ACCESS_KINDS.items()))
    served_by = forms.ChoiceField(label="Served by", required=False)
    model = forms.CharField(
        label="Model", required=False, max_length=200, widget=forms.TextInput(attrs={"placeholder": "any"})
    )

    def __init__(self, data: Mapping[str, Any], *, provider: str, channels: Sequence[tuple[str, str]]) -> None:
        plainest = {"on": timezone.localdate().isoformat(), "access": "api", "served_by": provider, "model": ""}
        super().__init__(plainest | {name: data[name] for name in plainest if data.get(name)})
        self.plainest = plainest
        self.fields["served_by"].choices = list(channels)  # type: ignore[attr-defined]
        self.is_valid()

    def asked(self, name: str) -> str:
        """What was chosen; the plainest case where the choice is none of those offered."""
        return str(self.cleaned_data.get(name) or self.plainest[name])

    @property
    def day(self) -> dt.date:
        """The chosen day; today when what was written is none."""
        return self.cleaned_data.get("on") or timezone.localdate()
