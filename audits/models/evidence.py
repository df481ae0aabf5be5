"""The append-only log of a run's evidence, and the seal over it. Triggers refuse every change (migrations/_sealed.py)."""

from django.db import models

from audits.models.runs import Run


class EvidenceEntry(models.Model):
    """One piece of evidence, chained by hash to the one before it. Never changed, never deleted."""

    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="evidence")
    seq = models.PositiveIntegerField()
    at = models.DateTimeField()
    kind = models.CharField(max_length=40)
    reference = models.CharField(max_length=500)
    sha256 = models.CharField(max_length=64)
    size = models.PositiveBigIntegerField()
    line = models.JSONField(help_text="The chained entry as it was hashed")
    hash = models.CharField(max_length=64)

    class Meta:
        ordering = ["run", "seq"]
        verbose_name_plural = "evidence entries"
        constraints = [models.UniqueConstraint(fields=["run", "seq"], name="evidence_is_numbered")]

    def __str__(self) -> str:
        return f"{self.kind}: {self.reference}"


class Seal(models.Model):
    """Signature over the Merkle root of a run's evidence, with the statement of what ran."""

    run = models.OneToOneField(Run, on_delete=models.PROTECT, related_name="seal")
    root = models.CharField(max_length=80)
    entries = models.PositiveIntegerField()
    definition = models.JSONField(help_text="Signature, public key and statement")
    sealed_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.root
