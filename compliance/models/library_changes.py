"""What changed in the things verdicts rest on: written with the change, picked up by whoever has recorded uses to judge anew."""

from django.conf import settings
from django.db import models

from compliance.models.people import Project


class LibraryChange(models.Model):
    """One change of rules, dates, agreements, catalogue or answers, in the transaction that made it.

    Nothing on this side knows what was recorded; the audit side takes open rows and re-judges.
    """

    class Kind(models.TextChoices):
        RULE = "rule", "A rule"
        VERSION = "version", "A version or its dates"
        AGREEMENT = "agreement", "An agreement"
        CATALOGUE = "catalogue", "The model catalogue"
        ANSWER = "answer", "An answer to a question"
        RELEASE = "release", "The shipped rulebook"

    kind = models.CharField(max_length=10, choices=Kind)
    cause = models.CharField(max_length=400, help_text="What was done, as a sentence has it")
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    project = models.ForeignKey(
        Project, on_delete=models.PROTECT, null=True, blank=True, help_text="Empty: every project may be concerned."
    )
    at = models.DateTimeField(auto_now_add=True)
    done_at = models.DateTimeField(null=True, blank=True, help_text="When recorded uses had been judged anew")

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["id"], condition=models.Q(done_at__isnull=True), name="open_library_changes")]

    def __str__(self) -> str:
        return self.cause
