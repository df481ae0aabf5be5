"""Forms of requests for facts: what is asked of whom, and the reply in the form that was asked for."""

import datetime as dt
from typing import Any

from django import forms
from django.utils import timezone

from audits.actions.asking import topic_of_request
from audits.actions.remarks import LARGEST_ENCLOSURE
from audits.matching.questions import ASKED
from audits.models import FactRequest, Finding
from audits.views.question_forms import AnswerForm
from compliance.engine.vocabulary import FACTS
from compliance.models import User
from compliance.templatetags.looks import sentence

_DAY = forms.DateInput(attrs={"type": "date"})
_BAD_DAY = {"invalid": "Write the day as year-month-day: 2027-03-31."}
Form = FactRequest.Form


class AskForm(forms.Form):
    """A fact, the person who is asked, and until when."""

    fact = forms.ChoiceField(
        label="Fact", required=False, help_text="One that rules ask for goes on record and settles what waits for it."
    )
    question = forms.CharField(
        label="Question", required=False, max_length=4000, widget=forms.Textarea(attrs={"rows": 2}),
        help_text="For a fact of the list: leave it empty, or say more.",
    )  # fmt: skip
    form = forms.ChoiceField(
        label="Answered by", required=False, choices=Form.choices, help_text="For a question in your own words."
    )
    choices = forms.CharField(
        label="Answers offered", required=False, widget=forms.Textarea(attrs={"rows": 2}),
        help_text="For one of several: each on a line of its own.",
    )  # fmt: skip
    asked_of = forms.ModelChoiceField(
        label="Whom", queryset=User.objects.none(), error_messages={"required": "Choose who is asked."}
    )
    due_on = forms.DateField(label="Due", required=False, widget=_DAY, error_messages=_BAD_DAY)

    def __init__(self, data: Any = None, *, finding: Finding, people: Any, initial: Any = None) -> None:
        super().__init__(data, auto_id="id_ask_%s", initial=initial)
        waiting = [fact for fact in ASKED if fact in finding.missing_facts]
        rest = [fact for fact in ASKED if fact not in waiting]
        self.fields["fact"].choices = [  # type: ignore[attr-defined]
            ("", "A question in your own words"),
            *(
                [("The finding waits for", [(fact, sentence(FACTS[fact].label)) for fact in waiting])]
                if waiting
                else []
            ),
            ("Other facts", [(fact, sentence(FACTS[fact].label)) for fact in rest]),
        ]
        self.fields["asked_of"].queryset = people  # type: ignore[attr-defined]
        self.fields["form"].initial = Form.TEXT
        if waiting:
            self.fields["fact"].initial = waiting[0]

    def clean(self) -> dict[str, Any]:
        """As `ask_for_fact` takes it: choices as a list, a form always."""
        cleaned = super().clean() or {}
        cleaned["choices"] = [line for line in cleaned.get("choices", "").splitlines() if line.strip()]
        cleaned["form"] = cleaned.get("form") or Form.TEXT
        return cleaned


class WordsForm(forms.Form):
    """A reply to a question in words, with the field that fits what was asked for."""

    reply = forms.CharField(label="Reply", max_length=4000)
    document = forms.FileField(label="Document", widget=forms.FileInput(attrs={"data-most": LARGEST_ENCLOSURE}))

    def __init__(self, asked: FactRequest, data: Any = None, files: Any = None) -> None:
        super().__init__(data, files, auto_id=f"id_{asked.pk}_%s")
        wanted = asked.form == Form.DOCUMENT
        if not wanted:
            del self.fields["document"]
        self.fields["reply"] = _reply_field(asked)

    def clean_reply(self) -> str:
        value = self.cleaned_data["reply"]
        return value.isoformat() if isinstance(value, dt.date) else str(value or "")


def _reply_field(asked: FactRequest) -> forms.Field:
    if asked.form == Form.YES_NO:
        return forms.ChoiceField(label="Reply", choices=[("yes", "Yes"), ("no", "No")], widget=forms.RadioSelect)
    if asked.form == Form.CHOICE:
        return forms.ChoiceField(label="Reply", choices=[("", "Choose"), *((one, one) for one in asked.choices)])
    if asked.form == Form.DATE:
        return forms.DateField(label="Reply", widget=_DAY, error_messages=_BAD_DAY)
    if asked.form == Form.NUMBER:
        return forms.CharField(label="Reply", max_length=40, widget=forms.TextInput(attrs={"inputmode": "decimal"}))
    if asked.form == Form.DOCUMENT:
        return forms.CharField(label="Say something about it", max_length=4000, required=False)
    return forms.CharField(label="Reply", max_length=4000, widget=forms.Textarea(attrs={"rows": 3}))


def reply_form(asked: FactRequest, data: Any = None, files: Any = None) -> forms.Form:
    """The form that fits a request: a fact of the engine with its reason and first day, or a reply in words."""
    if not asked.fact:
        return WordsForm(asked, data, files)
    use = asked.finding.use
    made = AnswerForm(topic_of_request(asked), data, since=use.first_on if use else timezone.localdate())
    made.auto_id = f"id_{asked.pk}_%s"
    return made
