"""Form fields of the admin: days, words one to a line, and the parts of a JSON definition as fields of their own."""

import datetime as dt
from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms
from unfold.widgets import (
    INPUT_CLASSES,
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldAdminURLInputWidget,
    UnfoldBooleanSwitchWidget,
)


class DayInput(forms.DateInput):
    """The browser's own date picker: it works by keyboard, on a phone, and without a script."""

    input_type = "date"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__({"class": " ".join(INPUT_CLASSES), **(attrs or {})}, format="%Y-%m-%d")


class DayField(forms.DateField):
    widget = DayInput
    default_error_messages: ClassVar = {"invalid": "Write the day as year-month-day: 2026-07-08."}


class LineField(forms.CharField):
    """One line of text."""

    widget = UnfoldAdminTextInputWidget


class AddressField(forms.URLField):
    """A web address; without a scheme, https."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(assume_scheme="https", widget=UnfoldAdminURLInputWidget(), **kwargs)


class ProseField(forms.CharField):
    """Running text."""

    def __init__(self, *, rows: int = 3, **kwargs: Any) -> None:
        super().__init__(widget=UnfoldAdminTextareaWidget(attrs={"rows": rows}), **kwargs)


class WordsField(forms.CharField):
    """A list of words, one to a line."""

    def __init__(self, *, rows: int = 3, **kwargs: Any) -> None:
        super().__init__(widget=UnfoldAdminTextareaWidget(attrs={"rows": rows}), required=False, **kwargs)

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(str(item) for item in value) if isinstance(value, list | tuple) else value

    def to_python(self, value: Any) -> Any:
        lines = (line.strip() for line in (value or "").splitlines())
        return [line for line in lines if line]


class OneOfField(forms.ChoiceField):
    """One of a few, from a list that drops down."""

    widget = UnfoldAdminSelectWidget


class SomeOfField(forms.MultipleChoiceField):
    """Any of a few, as checkboxes."""

    widget = UnfoldAdminCheckboxSelectMultipleWidget


class SwitchField(forms.BooleanField):
    widget = UnfoldBooleanSwitchWidget

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, **kwargs)


class DefinitionForm(forms.ModelForm):
    """Shows each part of the row's `definition` as a field. `parts` names the keys; each is declared as a field of that name.

    Keys that are not named are left as they are. Days are kept as text.
    """

    parts: ClassVar[tuple[str, ...]] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        stored: Mapping[str, Any] = self.instance.definition or {}
        for key in self.parts:
            if key in stored and key in self.fields:
                self.initial.setdefault(key, stored[key])

    def definition(self, cleaned: Mapping[str, Any]) -> dict[str, Any]:
        """The definition that the fields describe together."""
        said = {key: _plain(cleaned[key]) for key in self.parts if key in cleaned}
        return {**(self.instance.definition or {}), **said}

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean() or self.cleaned_data
        if not self.errors:
            self.instance.definition = self.definition(cleaned)
        return cleaned


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, dt.date) else value
