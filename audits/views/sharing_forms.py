"""The form by which a report is shared."""

import datetime as dt
from typing import Any

from django import forms
from django.utils import timezone

from audits.actions.sharing import BUNDLE, PDF
from audits.models import Report, ShareLink
from audits.reporting.forms import FORMS
from compliance.ends import end_of

A_FORTNIGHT = 14


class ShareForm(forms.Form):
    """Whom a link is for, what it opens, and for how long."""

    recipient = forms.CharField(
        label="For whom",
        max_length=200,
        help_text="A person or a firm, as you would name them. Stands on the page they see.",
    )
    reach = forms.ChoiceField(label="They may", choices=ShareLink.Reach.choices, initial=ShareLink.Reach.VIEW)
    expires_on = forms.DateField(label="Last day", widget=forms.DateInput(attrs={"type": "date"}))
    password = forms.CharField(
        label="Password", required=False, max_length=200, help_text="Optional. Tell it by another way than the link.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )  # fmt: skip
    most_uses = forms.IntegerField(
        label="How often",
        required=False,
        min_value=1,
        max_value=1000,
        help_text="Files given out at most; empty: any number.",
    )
    privileged_confirmed = forms.BooleanField(
        label="Notes among lawyers may leave", required=False,
        help_text="This report holds privileged notes. Who receives them may waive the privilege.",
    )  # fmt: skip

    contents_confirmed = forms.BooleanField(
        label="Prompts and answers may leave", required=False,
        help_text="For the evidence bundle: it holds what was said in full, even where the report tells it by hash.",
    )  # fmt: skip

    forms = forms.MultipleChoiceField(
        label="Files", widget=forms.CheckboxSelectMultiple, initial=[PDF],
        help_text="To be read in the browser alone: the PDF.",
    )  # fmt: skip
    field_order = (
        "recipient",
        "reach",
        "forms",
        "expires_on",
        "password",
        "most_uses",
        "privileged_confirmed",
        "contents_confirmed",
    )

    def __init__(self, data: Any = None, *, report: Report, longest: int, is_bundled: bool = False) -> None:
        super().__init__(
            data, initial={"expires_on": timezone.localdate() + dt.timedelta(days=min(A_FORTNIGHT, longest))}
        )
        files = [(PDF, "PDF"), *((one.name, one.title) for one in FORMS.values())]
        if is_bundled:
            files.append((BUNDLE, "Evidence bundle, with its own verifier"))
        else:
            del self.fields["contents_confirmed"]
        self.fields["forms"].choices = files  # type: ignore[attr-defined]
        self.fields["expires_on"].help_text = f"At most {longest} days from now."
        if not report.privileged:
            del self.fields["privileged_confirmed"]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if "expires_on" in cleaned:
            cleaned["expires_at"] = end_of(cleaned.pop("expires_on"))
        return cleaned
