"""Reports: a frozen context, its hash, and the paper made from it."""

from django.conf import settings
from django.db import models

from audits.models.runs import Run


class Report(models.Model):
    class State(models.TextChoices):
        QUEUED = "queued", "Queued"
        RENDERING = "rendering", "Rendering"
        READY = "ready", "Ready"
        ERRORED = "errored", "Errored"

    class Marking(models.TextChoices):
        DRAFT = "draft", "Draft"
        FINAL = "final", "Final"

    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="reports")
    number = models.PositiveIntegerField()
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    marking = models.CharField(max_length=6, choices=Marking, default=Marking.DRAFT)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True)
    requested_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    context_sha256 = models.CharField(max_length=64, blank=True, help_text="Frozen context, in the evidence store")
    pdf_sha256 = models.CharField(max_length=64, blank=True)
    pages = models.PositiveIntegerField(null=True, blank=True)
    size = models.PositiveBigIntegerField(null=True, blank=True)
    error = models.TextField(blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["run", "number"], name="report_numbers_are_unique")]

    def __str__(self) -> str:
        return f"Report {self.number} on {self.run}"
