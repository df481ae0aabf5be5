"""The form of the builder of reports: what is chosen there, as options."""

from collections.abc import Mapping
from typing import Any, Final

from django import forms

from audits.models import Report, ReportBrand, ReportPreset
from audits.queries.report_choices import Choice, Offer
from audits.reporting.logos import MOST_BYTES
from audits.reporting.options import (
    DEPTHS,
    LANGUAGES,
    PARTS,
    PROFILES,
    SCOPES,
    OptionsError,
    ReportOptions,
    read_options,
)
from compliance.templatetags.unseen import with_names
from compliance.views.given_names import plain_name

_DAY = {"type": "date"}
PAPER_WORDS: Final = {"A4": "A4", "letter": "US Letter"}
FIELD_OF: Final = {
    "scope.from": "first", "scope.to": "last", "scope.kind": "scope", "brand.colour": "colour", "brand.name": "brand_name",
    "brand.logo_sha256": "logo",
}  # fmt: skip
"""Where the form says what is wrong with a field of the options; others go by their own name."""
ID_FIELDS: Final = {
    "run": "run",
    "project": "projects",
    "student": "student",
    "provider": "provider",
    "period": "projects",
}


def _named(choices: Any) -> list[Choice]:
    return [(value, with_names(str(words))) for value, words in choices]


class BuilderForm(forms.Form):
    """Everything that is chosen for a report."""

    scope = forms.ChoiceField(label="About", choices=list(SCOPES.items()), initial="run")
    run = forms.ChoiceField(label="Run", required=False)
    projects = forms.MultipleChoiceField(label="Projects", required=False, widget=forms.CheckboxSelectMultiple)
    student = forms.ChoiceField(label="Student", required=False)
    provider = forms.ChoiceField(label="Provider", required=False)
    first = forms.DateField(label="From", required=False, widget=forms.DateInput(attrs=_DAY))
    last = forms.DateField(label="To", required=False, widget=forms.DateInput(attrs=_DAY))
    profile = forms.ChoiceField(
        label="For", choices=list(PROFILES.items()), initial="counsel", widget=forms.RadioSelect
    )
    depth = forms.ChoiceField(label="Depth", choices=list(DEPTHS.items()), initial="standard", widget=forms.RadioSelect)
    own_parts = forms.BooleanField(label="Choose the parts and their order", required=False)
    parts = forms.MultipleChoiceField(label="Parts", required=False, choices=list(PARTS.items()))
    since = forms.ChoiceField(
        label="What changed since", required=False, help_text="Adds a part that tells what is new, gone or different."
    )
    language = forms.ChoiceField(label="Language", choices=list(LANGUAGES.items()), initial="en")
    paper = forms.ChoiceField(label="Paper", choices=list(PAPER_WORDS.items()), initial="A4")
    brand_name = forms.CharField(label="Name on the cover", required=False, max_length=80, validators=[plain_name])
    colour = forms.CharField(
        label="Colour", required=False, max_length=7, help_text="As #1F4FD8, dark enough to be read on white paper.",
        widget=forms.TextInput(attrs={"pattern": "#[0-9A-Fa-f]{6}", "placeholder": "#1F4FD8"}),
    )  # fmt: skip
    logo = forms.BooleanField(label="With the logo that is kept", required=False)
    marking = forms.ChoiceField(
        label="Marking", choices=Report.Marking.choices, initial=Report.Marking.DRAFT, required=False
    )

    def __init__(
        self, data: Any, offered: Offer, earlier: list[Choice], brand: ReportBrand | None, **more: Any
    ) -> None:
        super().__init__(data, **more)
        self.brand, self.options = brand, None
        self._offer("run", [("", "Choose a run"), *offered.runs])
        self._offer("projects", offered.projects)
        self._offer("student", [("", "Choose a student"), *offered.students])
        self._offer("provider", [("", "Choose a provider"), *offered.providers])
        self._offer("since", [("", "No comparison"), *earlier])
        if brand is None or not brand.logo_sha256:
            del self.fields["logo"]

    options: ReportOptions | None

    def _offer(self, name: str, choices: list[Choice] | Any) -> None:
        self.fields[name].choices = _named(choices)  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Reads the options; what is wrong with them is said at the field it is about."""
        data = super().clean() or {}
        if not self.errors:
            try:
                self.options = read_options(self.as_options(data))
            except OptionsError as problem:
                ids = ID_FIELDS.get(data.get("scope", ""), "scope")
                field = ids if problem.field == "scope.ids" else FIELD_OF.get(problem.field, problem.field)
                self.add_error(field if field in self.fields else None, _sentence(problem.sentence))
        return data

    def as_options(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """The options as JSON, from the cleaned fields."""
        kind = data["scope"]
        ids = data.get(ID_FIELDS[kind]) if kind in ID_FIELDS else []
        told = {
            "scope": {"kind": kind, "ids": [ids] if isinstance(ids, str) and ids else list(ids or [])},
            "depth": data["depth"],
            "profile": data["profile"],
            "language": data["language"],
            "paper": data["paper"],
            "since": data.get("since") or None,
            "brand": {
                "name": data.get("brand_name", ""),
                "colour": data.get("colour", ""),
                "logo_sha256": self.brand.logo_sha256 if self.brand and data.get("logo") else "",
            },
        }
        if kind != "run":
            told["scope"] |= {"from": _iso(data.get("first")), "to": _iso(data.get("last"))}
        if data.get("own_parts"):
            told["parts"] = self.data.getlist("parts") if hasattr(self.data, "getlist") else data["parts"]
        return told


def _iso(day: Any) -> str | None:
    return day.isoformat() if day else None


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def initial_of(preset: ReportPreset | None, brand: ReportBrand | None, asked: Mapping[str, str]) -> dict[str, Any]:
    """What the form begins with: the address first, then the preset, then the project's brand."""
    held: Mapping[str, Any] = preset.options if preset else {}
    worn = held.get("brand") or {}
    told: dict[str, Any] = {
        "brand_name": worn.get("name") or (brand.name if brand else ""),
        "colour": worn.get("colour") or (brand.colour if brand else ""),
        "logo": bool(brand and brand.logo_sha256),
    }
    told |= {key: held[key] for key in ("profile", "depth", "language", "paper") if key in held}
    if held.get("parts"):
        told |= {"own_parts": True, "parts": held["parts"]}
    kind = asked.get("kind", "")
    if kind in SCOPES:
        told["scope"] = kind
        if kind in ID_FIELDS and asked.get("id"):
            told[ID_FIELDS[kind]] = [asked["id"]] if ID_FIELDS[kind] == "projects" else asked["id"]
    told |= {key: asked[key] for key in ("first", "last", "since", "profile") if asked.get(key)}
    return told


class BrandForm(forms.Form):
    """Name, colour and logo of a project's reports."""

    name = forms.CharField(
        label="Name on the cover", required=False, max_length=80, validators=[plain_name], help_text="Empty: Clausetrail."
    )  # fmt: skip
    colour = forms.CharField(
        label="Colour",
        required=False,
        max_length=7,
        help_text="As #1F4FD8; checked against white paper (4.5:1 or more).",
    )
    logo = forms.FileField(
        label="Logo", required=False, help_text="PNG, JPEG or SVG, at most 1 MB. It is drawn anew; the file itself is not kept.",
        widget=forms.ClearableFileInput(attrs={"accept": "image/png,image/jpeg,image/svg+xml", "data-most": MOST_BYTES}),
    )  # fmt: skip
    without = forms.BooleanField(label="Take the logo away", required=False)
