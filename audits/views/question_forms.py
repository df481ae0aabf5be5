"""Forms for what people say: the answer to one question, and what a model's name means."""

import datetime as dt
from typing import Any

from django import forms

from audits.matching.questions import Topic
from compliance.models import CatalogueEntry, Provider, TermsDocument

YES_NO = [("true", "Yes"), ("false", "No")]


class AnswerForm(forms.Form):
    """One question with the field that fits its fact."""

    fact = forms.CharField(widget=forms.HiddenInput)
    provider = forms.CharField(widget=forms.HiddenInput, required=False)
    value = forms.CharField(label="Answer", max_length=200)
    reason = forms.CharField(
        label="Reason", widget=forms.Textarea(attrs={"rows": 2}), max_length=4000,
        help_text="Stands beside the fact in findings and reports.",
    )  # fmt: skip
    valid_from = forms.DateField(
        label="Valid from", widget=forms.DateInput(attrs={"type": "date"}),
        help_text="Uses before that day keep waiting for an answer of their own.",
    )  # fmt: skip

    def __init__(self, topic: Topic, data: Any = None, *, since: dt.date | None = None) -> None:
        name = f"{topic.fact}-{topic.provider}" if topic.provider else topic.fact
        initial = {"fact": topic.fact, "provider": topic.provider, "valid_from": since}
        super().__init__(data, initial=initial, auto_id=f"id_{name.replace('.', '-')}_%s")
        self.topic = topic
        self.fields["value"] = _value_field(topic)

    def clean_value(self) -> Any:
        """The answer as the engine holds such facts."""
        value, kind = self.cleaned_data["value"], self.topic.definition.kind
        return value == "true" if kind == "bool" else value


def _value_field(topic: Topic) -> forms.Field:
    definition = topic.definition
    if definition.kind == "bool":
        return forms.ChoiceField(label="Answer", choices=YES_NO, widget=forms.RadioSelect)
    if definition.allowed is not None:
        return forms.ChoiceField(label="Answer", choices=[("", "Choose"), *definition.allowed.items()])
    if definition.kind in ("count", "amount"):
        return forms.IntegerField(label="Answer", min_value=0, max_value=10**15)
    helps = {
        "region": "A country as two letters, such as DE, US or CN; or EU.",
        "model": "As it is called at its hub; none, when it was trained from scratch.",
    }
    return forms.CharField(label="Answer", max_length=200, help_text=helps.get(definition.kind, ""))


class NamedEntry(forms.ModelChoiceField):
    """Catalogue entries by the title that people know them by."""

    def label_from_instance(self, obj: Any) -> str:
        title = obj.definition.get("title") or obj.pattern
        return f"{title} ({obj.definition['developer']})"


class CorrectionForm(forms.Form):
    """What a model's name means."""

    name = forms.CharField(widget=forms.HiddenInput, max_length=300)
    developer = forms.ModelChoiceField(
        label="Developer", queryset=Provider.objects.order_by("name"), required=False, empty_label="Not known",
    )  # fmt: skip
    family = NamedEntry(
        label="It is", queryset=CatalogueEntry.objects.exclude(pattern__startswith="publisher:"), required=False,
        empty_label="A model of its own", help_text="A catalogued family, with its licences and its base.",
    )  # fmt: skip
    base = NamedEntry(
        label="Built on", queryset=CatalogueEntry.objects.exclude(pattern__startswith="publisher:"), required=False,
        empty_label="Nothing that is known", help_text="For a model of its own: its base's licences travel along.",
    )  # fmt: skip
    licences = forms.ModelMultipleChoiceField(
        label="Licences of its weights", queryset=TermsDocument.objects.filter(kind="licence").order_by("title"),
        required=False,
    )  # fmt: skip
    open_weights = forms.BooleanField(label="Its weights are public", required=False)
    reason = forms.CharField(label="Reason", widget=forms.Textarea(attrs={"rows": 2}), max_length=4000)
