"""The electronic signature of a report, as it was made."""

from django.db import models

from audits.models.approvals import Approval
from audits.models.reports import Report


class ReportSignature(models.Model):
    """What signed a final report: certificate, level and times; `approval` is what it stands on."""

    class Level(models.TextChoices):
        BASIC = "B-B", "signed"
        STAMPED = "B-T", "signed, with a time stamp"
        LASTING = "B-LT", "signed, with a time stamp and what its validation needs"

    report = models.OneToOneField(Report, on_delete=models.CASCADE, related_name="signature")
    approval = models.ForeignKey(Approval, on_delete=models.PROTECT, related_name="+")
    approvals = models.ManyToManyField(
        Approval,
        related_name="+",
        help_text="Of a report about several runs: those of each, the newest of which is `approval`",
    )
    level = models.CharField(max_length=4, choices=Level)
    subject = models.CharField(max_length=300)
    certificate_sha256 = models.CharField(max_length=64)
    own = models.BooleanField(default=False, help_text="The installation's own certificate")
    signed_at = models.DateTimeField()
    stamped_at = models.DateTimeField(null=True, blank=True, help_text="By an authority")
    note = models.TextField(blank=True, help_text="Why there is no time stamp though one was asked for")

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"Signature of {self.report}"
