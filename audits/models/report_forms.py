"""A report in another form, made from its frozen context and kept beside it."""

from django.db import models

from audits.models.reports import Report


class ReportForm(models.Model):
    """One form of one report. It is made once; the same context gives the same bytes."""

    class State(models.TextChoices):
        QUEUED = "queued", "Queued"
        MAKING = "making", "Being made"
        READY = "ready", "Ready"
        ERRORED = "errored", "Errored"

    report = models.ForeignKey(Report, on_delete=models.PROTECT, related_name="forms")
    name = models.CharField(max_length=20, help_text="As audits.reporting.forms names it")
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    asked_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    sha256 = models.CharField(max_length=64, blank=True, help_text="In the evidence store")
    size = models.PositiveBigIntegerField(null=True, blank=True, help_text="Bytes")
    error = models.TextField(blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["report", "name"], name="a_form_is_made_once")]

    def __str__(self) -> str:
        return f"{self.report} as {self.name}"
