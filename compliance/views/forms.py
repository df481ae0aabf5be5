"""Forms of the terms side, and the way in."""

from django import forms
from django.contrib.auth.forms import AuthenticationForm


class SignInForm(AuthenticationForm):
    error_messages = {
        "invalid_login": "The name and the password do not belong together. Both mind upper and lower case.",
        "inactive": "This account is closed. An administrator can open it again.",
    }


class DayForm(forms.Form):
    """A chosen day; today when none is chosen."""

    on = forms.DateField(
        label="In force on",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        error_messages={"invalid": "Write the day as year-month-day: 2026-07-08."},
    )
