"""Forms of imports: what is given and what is declared of it, and what the columns of a table mean."""

from typing import Any

from django import forms

from audits.ingest.readers.mapped import MEANINGS, BadMapping, guessed, mapping_of
from audits.ingest.sources import SOURCES
from audits.models import ModelCall
from audits.views.forms import offered
from compliance.access import may_run_audits, visible_projects
from compliance.models import Project, User
from compliance.templatetags.unseen import with_names

MOST_BYTES = 500 * 1024 * 1024
PURPOSES = [
    ("", "Not known"),
    (ModelCall.Purpose.TRAIN, "Training data"),
    (ModelCall.Purpose.FILTER, "Choosing training data"),
    (ModelCall.Purpose.EVALUATE, "Evaluation"),
]


class ImportForm(forms.Form):
    """A log or export, and what the person who gives it declares."""

    project = forms.ModelChoiceField(label="Project", queryset=Project.objects.none(), empty_label=None)
    source = forms.ChoiceField(
        label="Written by", choices=[(one.name, f"{one.title}: {one.files}") for one in SOURCES.values()]
    )
    file = forms.FileField(
        label="File",
        widget=forms.FileInput(attrs={"data-most": MOST_BYTES}),
        help_text="At most 500 MB, packed with gzip or as a ZIP if you like. Keys in it are masked before it is kept.",
        error_messages={"required": "Choose the file.", "empty": "The file is empty."},
    )
    log = forms.CharField(
        label="Log", required=False, max_length=120,
        help_text="Which log it belongs to. Leave it empty for one log a source; two gateways, or two students, want two.",
    )  # fmt: skip
    purpose = forms.ChoiceField(
        label="What the answers were for", required=False, choices=PURPOSES,
        help_text="A log does not say. What you declare stands with your name beside each verdict that rests on it.",
    )  # fmt: skip
    student = forms.CharField(
        label="Student", required=False, max_length=120, help_text="The model that the answers went into, if any."
    )

    def __init__(self, data: Any = None, files: Any = None, *, user: User) -> None:
        super().__init__(data, files)
        mine = [project.pk for project in visible_projects(user) if may_run_audits(user, project)]
        self.fields["project"].queryset = Project.objects.filter(pk__in=mine)  # type: ignore[attr-defined]

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > MOST_BYTES:
            raise forms.ValidationError("The file is larger than 500 MB; import_usage on the command line takes it.")
        return file

    def declared(self) -> dict[str, Any]:
        """What the person declared, as an import keeps it."""
        data = self.cleaned_data
        declared: dict[str, Any] = {"purpose": data["purpose"]} if data["purpose"] else {}
        return declared | ({"student": {"name": data["student"]}} if data["student"] else {})


class MappingForm(forms.Form):
    """What each column of a table means, and what holds for all of its rows."""

    def __init__(self, data: Any = None, *, columns: list[str]) -> None:
        super().__init__(data)
        guess = guessed(columns)
        for meaning, words in MEANINGS.items():
            self.fields[meaning] = forms.ChoiceField(
                label=f"{words}{' (needed)' if meaning == 'at' else ''}", required=False, initial=guess.get(meaning, "")
            )
            offered(self, meaning, "No column", ((column, with_names(column)) for column in columns))
        self.fields["constant_channel"] = forms.CharField(
            label="Provider or gateway of every row", required=False, max_length=60,
            help_text="Where no column says it, as in openai, azure, bedrock, openrouter.",
        )  # fmt: skip
        self.fields["constant_model"] = forms.CharField(label="Model of every row", required=False, max_length=200)
        self.fields["time_format"] = forms.CharField(
            label="How times are written", required=False, max_length=60,
            help_text="Leave it empty for ISO 8601 and seconds since 1970; else as in %d.%m.%Y %H:%M.",
        )  # fmt: skip
        self.fields["time_zone"] = forms.CharField(
            label="Time zone", required=False, max_length=60,
            help_text="Of times that name none: leave it empty for UTC; else as in Europe/Berlin.",
        )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        try:
            data["mapping"] = mapping_of(self._asked(data))
        except BadMapping as problem:
            raise forms.ValidationError(str(problem)) from problem
        return data

    def _asked(self, data: dict[str, Any]) -> dict[str, Any]:
        constants = {"channel": data.get("constant_channel"), "model": data.get("constant_model")}
        return {
            "columns": {meaning: data[meaning] for meaning in MEANINGS if data.get(meaning)},
            "constants": {meaning: value for meaning, value in constants.items() if value},
            "time_format": data.get("time_format") or "",
            "time_zone": data.get("time_zone") or "",
        }
