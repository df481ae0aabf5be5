"""Forms for people: projects, invitations, memberships and tokens."""

import datetime as dt
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.text import slugify

from compliance.ends import end_of
from compliance.models import ApiToken, Membership, Project
from compliance.views.given_names import plain_name

_DAY = forms.DateInput(attrs={"type": "date"})
_BAD_DAY = {"invalid": "Write the day as year-month-day: 2027-03-31."}
TOKEN_LIFE = dt.timedelta(days=90)


class ProjectForm(forms.ModelForm):
    class Meta:
        model = Project
        fields = ("name", "description")
        widgets = {"description": forms.Textarea(attrs={"rows": 2})}

    def clean_name(self) -> str:
        # One space between words: two names that read alike are one.
        name = " ".join(self.cleaned_data["name"].split())
        plain_name(name)
        return name

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        name: str = cleaned.get("name") or ""
        if name and not any(character.isalnum() for character in name):
            self.add_error("name", "Give a name with at least one letter or digit.")
        elif Project.objects.filter(name__iexact=name).exists():
            self.add_error("name", "A project of this name exists. Choose another.")
        self.instance.slug = _free_slug(name)
        return cleaned


def _free_slug(name: str) -> str:
    """The address of a project of that name: of its letters that fit into one, and a number when another project has these."""
    wanted = slugify(name)[:50].strip("-_") or "project"
    taken = set(Project.objects.filter(slug__startswith=wanted).values_list("slug", flat=True))
    candidates = [wanted, *(f"{wanted}-{number}" for number in range(2, len(taken) + 2))]
    return next(slug for slug in candidates if slug not in taken)


class InvitationForm(forms.Form):
    email = forms.EmailField(label="E-mail address", help_text="Only an account with this address can use the link.")
    role = forms.ChoiceField(label="Role", choices=[("", "choose one"), *Membership.Role.choices])
    access_ends_on = forms.DateField(
        label="Last day of access", required=False, widget=_DAY, error_messages=_BAD_DAY,
        help_text="Needed for outside counsel; empty for everybody else means until somebody ends it.",
    )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        cleaned["access_ends_at"] = end_of(cleaned.pop("access_ends_on", None))
        return cleaned


class StandingForm(forms.Form):
    role = forms.ChoiceField(label="Role", choices=Membership.Role.choices)
    ends_on = forms.DateField(label="Last day", required=False, widget=_DAY, error_messages=_BAD_DAY)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        cleaned["ends_at"] = end_of(cleaned.pop("ends_on", None))
        return cleaned


class JoinForm(forms.Form):
    """A new account for whoever was invited."""

    full_name = forms.CharField(label="Your name", max_length=200, help_text="Stands beside what you write and sign.")
    username = forms.CharField(label="Name to sign in with", max_length=150)
    password = forms.CharField(
        label="Password", widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="At least 12 characters, and none that others use.",
    )  # fmt: skip


class TokenForm(forms.Form):
    name = forms.CharField(
        label="What uses it", max_length=120, validators=[plain_name], help_text="As in “nightly gate” or “data platform”."
    )  # fmt: skip
    scopes = forms.MultipleChoiceField(
        label="What it may do", choices=ApiToken.Scope.choices, widget=forms.CheckboxSelectMultiple,
        initial=[ApiToken.Scope.READ], help_text="Never more than you may do yourself.",
    )  # fmt: skip
    project = forms.ModelChoiceField(
        label="Project", queryset=Project.objects.none(), required=False, empty_label="every project that I see"
    )
    expires_on = forms.DateField(label="Last day", widget=_DAY, error_messages=_BAD_DAY)

    def __init__(self, data: Any = None, *, projects: Any) -> None:
        super().__init__(data, initial={"expires_on": timezone.localdate() + TOKEN_LIFE})
        self.fields["project"].queryset = projects  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if "expires_on" in cleaned:
            cleaned["expires_at"] = end_of(cleaned.pop("expires_on"))
        return cleaned


class TrailFilter(forms.Form):
    """Which lines of the trail: what was done, by whom, when."""

    action = forms.ChoiceField(label="Deed", required=False)
    person = forms.ChoiceField(label="Person", required=False)
    first = forms.DateField(label="From", required=False, widget=_DAY, error_messages=_BAD_DAY)
    last = forms.DateField(label="To", required=False, widget=_DAY, error_messages=_BAD_DAY)
    words = forms.CharField(label="About", required=False, max_length=100)
