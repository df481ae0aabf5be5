"""Who logs name, and what imports brought, summed up by day: pages read these, not the entries (decision 0332)."""

from django.db import models

from audits.models.imports import Import
from audits.models.pipelines import Pipeline


class SenderDay(models.Model):
    """What came in one log on one day (UTC) with one account, user and key together. Costs and nameless entries are left out.

    `calls`: where the source says how many; `repeated`: their calls are counted by another entry.
    """

    # No index of its own: the one below begins with it.
    pipeline = models.ForeignKey(Pipeline, on_delete=models.CASCADE, related_name="sender_days", db_index=False)
    day = models.DateField()
    served_by = models.CharField(max_length=60, blank=True)
    account = models.CharField(max_length=120, blank=True)
    person = models.CharField(max_length=120, blank=True)
    key_hint = models.CharField(max_length=80, blank=True)
    repeated = models.BooleanField()
    entries = models.PositiveBigIntegerField()
    calls = models.PositiveBigIntegerField()
    input_tokens = models.PositiveBigIntegerField()
    output_tokens = models.PositiveBigIntegerField()
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["pipeline", "day"], name="senders_by_day")]

    def __str__(self) -> str:
        return f"{self.key_hint or self.person or self.account} on {self.day}"


class ImportedDay(models.Model):
    """What one import brought of one model on one day (UTC). What no entry says is empty, and no nought."""

    pipeline = models.ForeignKey(Pipeline, on_delete=models.CASCADE, related_name="+", db_index=False)
    imported = models.ForeignKey(Import, on_delete=models.CASCADE, related_name="days")
    day = models.DateField()
    provider = models.CharField(max_length=60, blank=True)
    served_by = models.CharField(max_length=60, blank=True)
    model = models.CharField(max_length=300, blank=True)
    currency = models.CharField(max_length=3, blank=True)
    entries = models.PositiveBigIntegerField()
    calls = models.PositiveBigIntegerField(null=True)
    input_tokens = models.PositiveBigIntegerField(null=True)
    output_tokens = models.PositiveBigIntegerField(null=True)
    cost = models.DecimalField(max_digits=20, decimal_places=10, null=True)

    class Meta:
        indexes = [models.Index(fields=["pipeline", "day"], name="imports_by_day")]

    def __str__(self) -> str:
        return f"{self.entries} × {self.model} on {self.day}"
