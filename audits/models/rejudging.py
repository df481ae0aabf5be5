"""Judging anew what was recorded, after rules, texts, agreements, the catalogue or answers changed; and what it changed."""

from django.conf import settings
from django.db import models

from audits.models.findings import Finding
from compliance.models.people import APPEND_ONLY


class Rejudging(models.Model):
    """One time everything concerned was judged anew: why, on whose word, how much, and how long it took."""

    cause = models.TextField()
    caused_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    at = models.DateTimeField()
    seconds = models.FloatField()
    runs = models.PositiveIntegerField(help_text="Runs looked at")
    uses = models.PositiveIntegerField(help_text="Distinct uses judged")
    calls = models.PositiveBigIntegerField(help_text="Recorded calls behind them")
    changed_runs = models.PositiveIntegerField()
    changed_uses = models.PositiveIntegerField()
    changed_calls = models.PositiveBigIntegerField()
    changed_findings = models.PositiveIntegerField()

    class Meta:
        ordering = ["-id"]
        triggers = [APPEND_ONLY]

    def __str__(self) -> str:
        return self.cause


class FindingChange(models.Model):
    """What a re-judging did to one finding; what it said before is kept here."""

    class What(models.TextChoices):
        APPEARED = "appeared", "Appeared"
        CHANGED = "changed", "Changed"
        GONE = "gone", "No longer found"
        RETURNED = "returned", "Found again"

    rejudging = models.ForeignKey(Rejudging, on_delete=models.PROTECT, related_name="changes")
    finding = models.ForeignKey(Finding, on_delete=models.CASCADE, related_name="changes")
    what = models.CharField(max_length=8, choices=What)
    reopened = models.BooleanField(default=False, help_text="A decision on it rested on what has changed")
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.get_what_display()}: {self.finding}"
