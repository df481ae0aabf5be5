"""Forms of the terms side, and the way in."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from allauth.account.forms import LoginForm
from django import forms
from django.utils import timezone

from compliance.engine.vocabulary import ACCESS_KINDS


class SignInForm(LoginForm):
    """A name or an address, and the password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].label = "Name or e-mail address"
        for field in self.fields.values():
            field.widget.attrs.pop("placeholder", None)
            field.help_text = ""


class DayForm(forms.Form):
    """A chosen day; today when none is chosen, or what was written is none."""

    on = forms.DateField(
        label="In force on",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        error_messages={"invalid": "Write the day as year-month-day: 2026-07-08."},
    )

    def __init__(self, data: Mapping[str, Any]) -> None:
        today = timezone.localdate().isoformat()
        super().__init__({"on": data.get("on") or today, **{key: value for key, value in data.items() if key != "on"}})

    @property
    def day(self) -> dt.date:
        """The chosen day."""
        self.is_valid()
        return self.cleaned_data.get("on") or timezone.localdate()


REGIONS = (
    ("", "not given"),
    ("EU", "European Union"),
    ("EEA", "rest of the EEA"),
    ("GB", "United Kingdom"),
    ("CH", "Switzerland"),
    ("US", "United States"),
    ("CN", "mainland China"),
    ("KR", "South Korea"),
    ("ZZ", "elsewhere"),
)
"""Regions that terms tell apart; "ZZ" is nobody's code, and lies in none of them."""


class InForceForm(forms.Form):
    """Whose models, on which day, how reached, by whom served, from where. What is left out is the plainest case, today."""

    provider = forms.ChoiceField(label="Models of", required=False)
    on = forms.DateField(
        label="On",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        error_messages={"invalid": "Write the day as year-month-day: 2026-07-08."},
    )
    access = forms.ChoiceField(label="Reached through", required=False, choices=list(ACCESS_KINDS.items()))
    served_by = forms.ChoiceField(label="Served by", required=False)
    region = forms.ChoiceField(label="Organisation in", required=False, choices=list(REGIONS))
    model = forms.CharField(
        label="Model", required=False, max_length=200, widget=forms.TextInput(attrs={"placeholder": "any"})
    )

    def __init__(
        self, data: Mapping[str, Any], *, developers: Sequence[tuple[str, str]], channels: Sequence[tuple[str, str]]
    ) -> None:
        provider = channels[0][0] if channels else ""
        plainest = {
            "on": timezone.localdate().isoformat(),
            "access": "api",
            "served_by": provider,
            "model": "",
            "region": "",
        }
        given = {name: data[name] for name in plainest if data.get(name)}
        super().__init__({"provider": provider, **plainest, **given})
        self.plainest = plainest
        self.fields["provider"].choices = list(developers)  # type: ignore[attr-defined]
        self.fields["served_by"].choices = list(channels)  # type: ignore[attr-defined]
        self.is_valid()

    def asked(self, name: str) -> str:
        """What was chosen; the plainest case where the choice is none of those offered."""
        return str(self.cleaned_data.get(name) or self.plainest[name])

    @property
    def day(self) -> dt.date:
        """The chosen day; today when what was written is none."""
        return self.cleaned_data.get("on") or timezone.localdate()
