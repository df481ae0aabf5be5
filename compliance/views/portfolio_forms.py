"""Forms of the portfolio matrix: what is asked of it, and what becomes a policy."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.utils import timezone

from compliance.engine.facts import FactValue
from compliance.engine.vocabulary import ACTIVITIES, FACTS, MODALITIES, STUDENT_KINDS
from compliance.exchange.gateways import CHOICES
from compliance.models import IssuedPolicy, Project
from compliance.queries.portfolio import Question
from compliance.views.forms import REGIONS

_YES_NO = (("", "not said"), ("yes", "yes"), ("no", "no"))
FACT_FIELDS: Mapping[str, str] = {
    "kind": "student.kind",
    "general_purpose": "student.general_purpose",
    "competes": "student.competes_with_provider",
    "distributed": "student.distributed",
    "commercial": "student.commercial",
    "trained_there": "student.trained_at_provider",
    "modality": "output_modality",
    "region": "organisation.region",
}
"""Field of the form → fact."""


def _choices(values: Mapping[str, str]) -> list[tuple[str, str]]:
    return [("", "not said"), *values.items()]


class PortfolioForm(forms.Form):
    """What the matrix is asked; what is left out is unknown, or the plainest case, today."""

    on = forms.DateField(
        label="In force on", required=False, widget=forms.DateInput(attrs={"type": "date"}),
        error_messages={"invalid": "Write the day as year-month-day: 2026-07-08."},
    )  # fmt: skip
    shown = forms.ChoiceField(
        label="Reached through", required=False,
        choices=[
            ("direct", "APIs and apps"), ("api", "APIs"), ("consumer_app", "consumer apps"), ("weights", "weights"),
            ("all", "everything"),
        ],
    )  # fmt: skip
    served_by = forms.ChoiceField(label="Served by", required=False)
    provider = forms.ChoiceField(label="Models of", required=False)
    agreements = forms.ChoiceField(label="Agreements", required=False)
    kind = forms.ChoiceField(label="The student is", required=False, choices=_choices(STUDENT_KINDS))
    general_purpose = forms.ChoiceField(label="General purpose", required=False, choices=_YES_NO)
    competes = forms.ChoiceField(label="Competes with the provider", required=False, choices=_YES_NO)
    distributed = forms.ChoiceField(label="Given to third parties", required=False, choices=_YES_NO)
    commercial = forms.ChoiceField(label="Used commercially", required=False, choices=_YES_NO)
    trained_there = forms.ChoiceField(label="Trained at the provider", required=False, choices=_YES_NO)
    modality = forms.ChoiceField(label="Output is", required=False, choices=_choices(MODALITIES))
    region = forms.ChoiceField(label="Organisation in", required=False, choices=list(REGIONS))

    def __init__(
        self, data: Mapping[str, Any], *, developers: Sequence[tuple[str, str]], channels: Sequence[tuple[str, str]],
        projects: Sequence[Project],
    ) -> None:  # fmt: skip
        plain = {"on": timezone.localdate().isoformat(), "shown": "direct", "agreements": "organisation"}
        super().__init__({**plain, **{name: value for name, value in data.items() if value}})
        self._projects = {f"project-{one.pk}": one for one in projects}
        self.fields["provider"].choices = [("", "every developer"), *developers]  # type: ignore[attr-defined]
        self.fields["served_by"].choices = [("", "the developer itself"), *channels]  # type: ignore[attr-defined]
        self.fields["agreements"].choices = [  # type: ignore[attr-defined]
            ("organisation", "the organisation’s count"), ("none", "left out"),
            *((key, f"and those of {one.name}") for key, one in self._projects.items()),
        ]  # fmt: skip
        self.is_valid()

    @property
    def student_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in FACT_FIELDS]

    @property
    def place_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in ("on", "shown", "served_by", "provider", "agreements")]

    @property
    def day(self) -> dt.date:
        return self.cleaned_data.get("on") or timezone.localdate()

    @property
    def project(self) -> Project | None:
        """Whose agreements count beside the organisation's."""
        return self._projects.get(self.cleaned_data.get("agreements") or "")

    def facts(self) -> dict[str, FactValue]:
        """The declared facts by path."""
        found: dict[str, FactValue] = {}
        for name, path in FACT_FIELDS.items():
            value = self.cleaned_data.get(name)
            if value:
                found[path] = value == "yes" if FACTS[path].kind == "bool" else value
        return found

    def question(self, purposes: tuple[str, ...] = tuple(ACTIVITIES)) -> Question:
        """The question; a choice that is none of those offered counts as the plainest."""
        told = self.cleaned_data
        project = self.project
        return Question(
            on=self.day, shown=told.get("shown") or "direct", provider=told.get("provider") or "",
            served_by=told.get("served_by") or "", facts=self.facts(), agreements=told.get("agreements") != "none",
            project_id=project.pk if project else None, purposes=purposes,
        )  # fmt: skip


class PolicyForm(forms.Form):
    """A policy for a gateway from the matrix as it is shown."""

    form = forms.ChoiceField(label="For", choices=IssuedPolicy.Form.choices)
    purposes = forms.MultipleChoiceField(
        label="Purposes", choices=list(ACTIVITIES.items()), widget=forms.CheckboxSelectMultiple,
        help_text="OpenRouter takes one for each file.", initial=["train_on_output"],
    )  # fmt: skip
    conditional = forms.ChoiceField(label="Conditional cells", choices=list(CHOICES.items()), initial="block")
    unknown = forms.ChoiceField(
        label="Unknown cells", choices=[("block", "Block them"), ("allow", "Let them through")], initial="block",
        help_text="Silence is no permission: blocked unless you choose otherwise.",
    )  # fmt: skip
