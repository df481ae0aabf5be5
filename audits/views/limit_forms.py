"""The part of the form that starts an audit in which bounds are set and what is kept is chosen."""

from typing import Any

from django import forms

from audits.models import LimitEvent, Run
from audits.run_limits import ACTIONS, LONGEST_HOLD_MINUTES

_DONE = [("", "As audit.toml says, or stop"), *((action, words.capitalize()) for action, words in ACTIONS.items())]
_ON = ("hosts", "prohibited", "calls", "tokens", "money", "unknown_price")


def _on(label: str) -> forms.ChoiceField:
    return forms.ChoiceField(label=label, required=False, choices=_DONE)


class LimitFields(forms.Form):
    """What is left empty is as audit.toml says; without a word there either, nothing is bounded."""

    limit_hosts = forms.CharField(
        label="Only these hosts",
        required=False,
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 2, "placeholder": "api.openai.com", "class": "mono"}),
        help_text="One a line; *.example.com stands for all below it. Every other host is out of bounds.",
    )
    limit_calls = forms.IntegerField(label="Calls, at most", required=False, min_value=0)
    limit_tokens = forms.IntegerField(
        label="Tokens, at most", required=False, min_value=0, help_text="In and out together."
    )
    limit_money_usd = forms.DecimalField(
        label="US dollars, at most",
        required=False,
        min_value=0,
        max_value=1_000_000,
        decimal_places=2,
        help_text="Counted by a price list whose date the run names.",
    )
    limit_prohibited = forms.BooleanField(
        label="Let nothing out that the terms prohibit",
        required=False,
        help_text="Needs the purpose that audit.toml declares; calls of unknown purpose leave, and the run says so.",
    )
    on_hosts = _on("At another host")
    on_prohibited = _on("At a prohibited call")
    on_calls = _on("At the last call")
    on_tokens = _on("At the last token")
    on_money = _on("At the last dollar")
    on_unknown_price = forms.ChoiceField(
        label="At an unknown price", required=False, choices=[("", "As audit.toml says, or hold"), *_DONE[1:]]
    )
    hold_minutes = forms.IntegerField(
        label="Minutes a held call waits",
        required=False,
        min_value=1,
        max_value=LONGEST_HOLD_MINUTES,
        help_text="10 unless said. Then it is refused.",
    )
    content = forms.ChoiceField(
        label="What evidence keeps of requests and answers",
        required=False,
        choices=[(choice.value, str(choice.label)) for choice in Run.Content],
    )

    @property
    def bounds(self) -> list[Any]:
        """The fields that set a bound, but for the tick."""
        return [self[name] for name in ("limit_calls", "limit_tokens", "limit_money_usd", "limit_hosts")]

    @property
    def actions(self) -> list[Any]:
        """What happens at each."""
        return [self[f"on_{name}"] for name in _ON]

    def limits(self) -> dict[str, Any]:
        """The bounds that were set, in the words of [limits]."""
        data = self.cleaned_data
        money = data.get("limit_money_usd")
        said: dict[str, Any] = {
            "hosts": [line.strip().lower() for line in data.get("limit_hosts", "").splitlines() if line.strip()]
            or None,
            "calls": data.get("limit_calls"),
            "tokens": data.get("limit_tokens"),
            "money_usd": None if money is None else float(money),
            "prohibited": data.get("limit_prohibited") or None,
            "hold_minutes": data.get("hold_minutes"),
            "on": {name: data[f"on_{name}"] for name in _ON if data.get(f"on_{name}")} or None,
        }
        return {key: value for key, value in said.items() if value is not None}

    def clean_limit_hosts(self) -> str:
        text: str = self.cleaned_data["limit_hosts"]
        for number, line in enumerate(text.splitlines(), 1):
            if set(line.strip()) & set("/: "):
                raise forms.ValidationError(f"Line {number}: write a name alone, as in api.openai.com.")
        return text


class AnswerHoldForm(forms.Form):
    """What shall become of a held call."""

    event = forms.IntegerField()
    answer = forms.ChoiceField(
        choices=[(value, value) for value in (LimitEvent.Answer.PASS, LimitEvent.Answer.PASS_ALL,
                                              LimitEvent.Answer.REFUSE, LimitEvent.Answer.STOP)]
    )  # fmt: skip
