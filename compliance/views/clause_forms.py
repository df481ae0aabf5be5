"""What a person says of a passage: the clause it is, why it is none, what became of it."""

from collections.abc import Sequence
from typing import Any

from django import forms

from compliance.engine.rules import LABELS
from compliance.models import Clause
from compliance.text.labels import label_words

NEW = ""


class ClauseForm(forms.Form):
    """A passage as a clause: a new one with a key, or one that is known from other versions."""

    wording = forms.CharField(
        label="The passage",
        max_length=20_000,
        strip=False,
        widget=forms.Textarea(attrs={"class": "passage-words", "rows": 8, "spellcheck": "false"}),
        help_text="As it stands in the text. Shorten or lengthen it; line breaks and mark-up do not matter, words do.",
    )
    labels = forms.MultipleChoiceField(
        label="What it speaks of",
        choices=[(label, label_words(label)) for label in LABELS],
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one label."},
    )
    clause = forms.ChoiceField(label="Which clause it is", required=False)
    key = forms.SlugField(
        label="Key of a new clause", max_length=80, required=False, help_text="Short and readable; rules cite it."
    )
    section = forms.CharField(label="Section", max_length=200, required=False, help_text="As you would cite it: 3.2(e)")
    summary = forms.CharField(
        label="In our own words",
        max_length=2_000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="What it says; pages and reports show this, not the provider’s text.",
    )

    def __init__(self, *args: Any, clauses: Sequence[Clause] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._clauses = {str(clause.pk): clause for clause in clauses}
        choices = [(NEW, "A new clause"), *((pk, clause.key) for pk, clause in self._clauses.items())]
        self.fields["clause"].choices = choices  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not cleaned.get("clause") and not cleaned.get("key") and "key" not in self.errors:
            self.add_error("key", "Give the new clause a key, or choose a clause that is known.")
        return cleaned

    def said(self) -> dict[str, Any]:
        """The cleaned data as the actions take them."""
        return {**self.cleaned_data, "clause": self._clauses.get(self.cleaned_data["clause"])}


class RejectForm(forms.Form):
    reason = forms.CharField(
        label="Why it is no clause",
        max_length=2_000,
        widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={"required": "Say why it is no clause: whoever reads the next version will meet it again."},
    )


class SettleForm(forms.Form):
    decision = forms.CharField(max_length=12)
    reason = forms.CharField(max_length=2_000, required=False)
    wording = forms.CharField(max_length=20_000, required=False, strip=False)
