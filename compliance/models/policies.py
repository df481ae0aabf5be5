"""What was handed to gateways, and what administrators set for the whole installation."""

import pgtrigger
from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from compliance.models.people import Project


class IssuedPolicy(models.Model):
    """A policy as it left the house, with the matrix it was made from: what a gateway's file is traced back to."""

    class Form(models.TextChoices):
        LITELLM = "litellm", "LiteLLM: model list of a proxy"
        OPENROUTER = "openrouter", "OpenRouter: preferences of a request"
        GUARDRAIL = "guardrail", "OpenRouter: guardrail for keys"

    form = models.CharField(max_length=12, choices=Form)
    on = models.DateField(help_text="Day on which the terms are in force")
    purposes = models.JSONField(default=list)
    asked = models.JSONField(default=dict, help_text="Declared facts and choices")
    rulebook_sha256 = models.CharField(max_length=64, db_index=True)
    matrix_sha256 = models.CharField(max_length=64, db_index=True)
    matrix = models.JSONField(default=dict, help_text="Way → purpose → state, and what it rests on")
    content = models.TextField(help_text="The file, as it was handed out")
    content_sha256 = models.CharField(max_length=64, db_index=True)
    project = models.ForeignKey(
        Project, on_delete=models.PROTECT, null=True, blank=True, related_name="+",
        help_text="Whose agreements were counted beside the organisation's",
    )  # fmt: skip
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "issued policies"
        triggers = [pgtrigger.Protect(name="policies_stay", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"{self.get_form_display()} of {self.on}"


class HouseRules(models.Model):
    """One row: what administrators set for the whole installation."""

    class SecondFactor(models.TextChoices):
        NOBODY = "nobody", "Left to each person"
        STAFF = "staff", "Administrators, legal, auditors, and whoever decides or approves in a project"
        EVERYBODY = "everybody", "Everybody"

    second_factor = models.CharField(
        max_length=9, choices=SecondFactor, default=SecondFactor.NOBODY, help_text="Who must sign in with one"
    )
    share_days = models.PositiveSmallIntegerField(
        default=30, validators=[MinValueValidator(1), MaxValueValidator(366)],
        help_text="Longest life of a link to a report, in days",
    )  # fmt: skip

    class Meta:
        verbose_name_plural = "house rules"
        constraints = [
            models.CheckConstraint(condition=models.Q(pk=1), name="one_row_of_house_rules"),
            models.CheckConstraint(
                condition=models.Q(share_days__gte=1) & models.Q(share_days__lte=366), name="links_live_1_to_366_days"
            ),
        ]

    def __str__(self) -> str:
        return "House rules"
