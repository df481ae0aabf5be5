"""Who logs name, summed up by day: pages of accounts read these, not the entries (decision 0332)."""

from django.db import models

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
