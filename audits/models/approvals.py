"""Approval of an audit: steps, how many sign each, and a snapshot that every signature names by its hash."""

from django.conf import settings
from django.db import models

from audits.models.runs import Run
from compliance.models.people import APPEND_ONLY


class Approval(models.Model):
    """An audit put forward for approval: the frozen context that is signed, and the steps it takes."""

    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="approvals")
    number = models.PositiveIntegerField(help_text="Counts the run's approvals")
    context = models.JSONField(help_text="What the approvers read and sign, frozen")
    context_sha256 = models.CharField(max_length=64)
    steps = models.JSONField(help_text="In order: {name, quorum}")
    warnings = models.JSONField(default=list, help_text="What the check of the audit said when it was put forward")
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(auto_now_add=True)
    completed_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawn_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    withdrawal_reason = models.TextField(blank=True)
    compared = models.CharField(
        max_length=80, blank=True, editable=False,
        help_text="The rows that the run's findings were told from when it was last compared, and what came of it",
    )  # fmt: skip

    class Meta:
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["run", "number"], name="approvals_are_numbered")]

    def __str__(self) -> str:
        return f"approval {self.number} of {self.run}"


class Signature(models.Model):
    """One person's word on one step, over the hash of the snapshot that stood before their eyes."""

    class Word(models.TextChoices):
        APPROVED = "approved", "Approved"
        REFUSED = "refused", "Refused"

    approval = models.ForeignKey(Approval, on_delete=models.PROTECT, related_name="signatures")
    step = models.PositiveIntegerField(help_text="Counts from 0")
    word = models.CharField(max_length=8, choices=Word)
    reason = models.TextField(blank=True)
    signed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    signed_at = models.DateTimeField(auto_now_add=True)
    context_sha256 = models.CharField(max_length=64)

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["approval", "signed_by"], name="one_signature_per_person")]
        triggers = [APPEND_ONLY]

    def __str__(self) -> str:
        return f"{self.get_word_display()} by {self.signed_by}"
