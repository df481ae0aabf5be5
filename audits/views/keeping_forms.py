"""Forms for retention, holds and erasures."""

import re
from collections.abc import Iterator
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.forms.models import ModelChoiceIterator

from audits.models import Run

MOST_NUMBERS = 10_000
_RANGE = re.compile(r"(\d{1,9})(?:\s*[-–]\s*(\d{1,9}))?")


class RetentionForm(forms.Form):
    content_days = forms.IntegerField(
        label="Days for contents", required=False, min_value=1, max_value=36_500,
        help_text="Requests and answers, data sets, students, log lines, excerpts. Empty: kept for good.",
    )  # fmt: skip
    metadata_days = forms.IntegerField(
        label="Days for metadata", required=False, min_value=1, max_value=36_500,
        help_text="Headers, addresses, targets, ids of answers, the recorder’s own logs; persons and keys of imported entries. "
        "Empty: kept for good.",
    )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        contents, metadata = cleaned.get("content_days"), cleaned.get("metadata_days")
        if metadata is not None and (contents is None or contents > metadata) and not self.errors:
            self.add_error("metadata_days", "Metadata are kept at least as long as the contents that they describe.")
        return cleaned


class HoldForm(forms.Form):
    reason = forms.CharField(
        label="Reason",
        max_length=2_000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Such as the matter and its number.",
    )


class LiftForm(forms.Form):
    because = forms.CharField(label="Why it is lifted", max_length=2_000, widget=forms.Textarea(attrs={"rows": 2}))


class ImportErasureForm(forms.Form):
    reason = forms.CharField(
        label="Who asked for it, and why", max_length=2_000, widget=forms.Textarea(attrs={"rows": 2}),
        help_text="It stays on record: name the request, not what is to be erased.",
    )  # fmt: skip
    sure = forms.BooleanField(label="I have seen what goes, and that it does not come back")


class RunsByName(ModelChoiceIterator):
    """Runs as a choice tells them, without reading more of each than that: there may be thousands."""

    def __iter__(self) -> Iterator[tuple[Any, str]]:
        if self.field.empty_label is not None:
            yield "", str(self.field.empty_label)
        for pk, pipeline, number in self.queryset.values_list("pk", "pipeline__name", "number"):
            yield pk, f"{pipeline}, run {number}"


class RunChoice(forms.ModelChoiceField):
    """One of many runs."""

    iterator = RunsByName


class ErasureForm(forms.Form):
    run = RunChoice(Run.objects.none(), label="Run")
    exchanges = forms.CharField(
        label="Exchanges",
        required=False,
        max_length=4_000,
        help_text="As in 12, 15-20. Empty: everything said in the run.",
    )
    reason = forms.CharField(
        label="Who asked for it, and why", max_length=2_000, widget=forms.Textarea(attrs={"rows": 2}),
        help_text="It stays on record: name the request, not what is to be erased.",
    )  # fmt: skip

    def __init__(self, *args: Any, runs: QuerySet[Run], **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["run"].queryset = runs.order_by("-id")  # type: ignore[attr-defined]

    def clean_exchanges(self) -> list[int]:
        numbers: set[int] = set()
        for part in filter(None, (part.strip() for part in self.cleaned_data["exchanges"].split(","))):
            found = _RANGE.fullmatch(part)
            first, last = (int(found[1]), int(found[2] or found[1])) if found else (1, 0)
            if last < first or len(numbers) + last - first > MOST_NUMBERS:
                raise forms.ValidationError(
                    f"“{part}” is no number and no range of at most {MOST_NUMBERS:,}: write 12, 15-20."
                )
            numbers.update(range(first, last + 1))
        return sorted(numbers)
