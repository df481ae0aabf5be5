"""Forms of webhooks: what is told where."""

from typing import Any

from django import forms

from audits.actions.webhooks import EVENTS
from audits.models import Webhook
from compliance.views.given_names import plain_name


class WebhookForm(forms.Form):
    """An address that is to be told of a project's events."""

    name = forms.CharField(
        label="Name", max_length=80, validators=[plain_name], help_text="Who or what is told, so that others know."
    )  # fmt: skip
    url = forms.CharField(
        label="Address", max_length=500, widget=forms.URLInput,
        help_text="Begins with https. Shown without what follows a question mark; for Slack the host alone is shown.",
        error_messages={"required": "Give the address that is to be told."},
    )  # fmt: skip
    form = forms.ChoiceField(label="Form", choices=Webhook.Form.choices, initial=Webhook.Form.SIGNED)
    events = forms.MultipleChoiceField(
        label="Events", choices=list(EVENTS.items()), required=False, widget=forms.CheckboxSelectMultiple,
        help_text="Without a tick: all of them.",
    )  # fmt: skip

    def __init__(self, data: Any = None) -> None:
        super().__init__(data)

    def offered(self) -> list[tuple[str, str, bool]]:
        """Value, words, ticked: one for each event."""
        ticked = self["events"].value() or []
        return [(name, words, name in ticked) for name, words in EVENTS.items()]
