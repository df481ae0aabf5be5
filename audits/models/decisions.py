"""Decisions: made by people, never overwritten."""

from django.conf import settings
from django.db import models

from audits.models.findings import Finding
from compliance.models import Project
from compliance.models.people import APPEND_ONLY


class Decision(models.Model):
    class Kind(models.TextChoices):
        CONFIRM = "confirm", "Confirm"
        ACCEPT_RISK = "accept_risk", "Accept the risk"
        FALSE_POSITIVE = "false_positive", "False positive"
        NEEDS_FACTS = "needs_facts", "Needs facts"

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="decisions")
    finding_key = models.CharField(max_length=500)
    finding = models.ForeignKey(Finding, on_delete=models.PROTECT, related_name="decisions")
    kind = models.CharField(max_length=14, choices=Kind)
    reason = models.TextField()
    basis_sha256 = models.CharField(max_length=64, help_text="What the finding rested on when this was decided")
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT)
    decided_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["project", "finding_key"], name="decisions_by_key")]
        triggers = [APPEND_ONLY]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} by {self.decided_by}"
