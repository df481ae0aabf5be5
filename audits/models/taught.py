"""The roll-up of lineage: how much of each data set which models taught, counted once when a run has been traced."""

from django.db import models

from audits.models.datasets import Dataset
from audits.models.runs import Run


class TaughtRows(models.Model):
    """Rows of one data set that took something from calls alike. A row counts once for each such calls, under its best technique.

    So rows of one data set and alike calls add up over techniques and days. Rows of several calls do so where none is shared.
    """

    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="taught_rows")
    provider = models.CharField(max_length=60, blank=True)
    served_by = models.CharField(max_length=60, blank=True)
    model = models.CharField(max_length=300, blank=True)
    purpose = models.CharField(max_length=10, blank=True)
    kind = models.CharField(max_length=12, help_text="The best of its matches, as RowMatch names them")
    text_day = models.DateField(null=True, blank=True, help_text="Newest day of an answer whose text it took")
    last_day = models.DateField(help_text="Newest day of an answer that it took anything from")
    rows = models.PositiveBigIntegerField()
    shared_rows = models.PositiveBigIntegerField(help_text="Of these, rows that took something from other calls too")

    class Meta:
        ordering = ["dataset", "provider", "model", "kind"]

    def __str__(self) -> str:
        return f"{self.rows} rows of {self.dataset_id} from {self.model}"


class TaughtCalls(models.Model):
    """Calls of a run, alike and of one day, whose answers stand in one of its data sets, or in any (no data set named).

    Each call counts once in each, whole, under its best technique.
    """

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="taught_calls")
    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, null=True, blank=True, related_name="taught_calls")
    provider = models.CharField(max_length=60, blank=True)
    served_by = models.CharField(max_length=60, blank=True)
    model = models.CharField(max_length=300, blank=True)
    purpose = models.CharField(max_length=10, blank=True)
    kind = models.CharField(max_length=12, help_text="The best of its matches, as RowMatch names them")
    day = models.DateField()
    calls = models.PositiveBigIntegerField()
    input_tokens = models.PositiveBigIntegerField(default=0, help_text="Of the calls that told a number")
    output_tokens = models.PositiveBigIntegerField(default=0, help_text="Of the calls that told a number")
    answer_bytes = models.PositiveBigIntegerField(
        default=0, help_text="Responses as recorded; of one with several calls a part"
    )

    class Meta:
        ordering = ["run", "dataset", "provider", "model"]

    def __str__(self) -> str:
        return f"{self.calls} calls of {self.model} on {self.day}"
