"""Answers behind answers: which answer stood in the prompt of which call, and how much of each data set that reached."""

from django.db import models

from audits.models.datasets import Dataset
from audits.models.usage import ModelCall


class AnswerInPrompt(models.Model):
    """An answer that stood in the prompt of a later call. Kept for calls that data sets go back to."""

    call = models.ForeignKey(
        ModelCall, on_delete=models.CASCADE, related_name="answers_shown", help_text="The later call"
    )
    source = models.ForeignKey(
        ModelCall, on_delete=models.CASCADE, related_name="shown_to", help_text="Whose answer it was"
    )
    kind = models.CharField(max_length=12, help_text="How it was told, as RowMatch names it")
    similarity = models.FloatField()
    words = models.PositiveIntegerField(default=0, help_text="Words of the prompt that the answer explains")

    class Meta:
        ordering = ["call", "source"]
        constraints = [models.UniqueConstraint(fields=["call", "source"], name="one_link_between_two_calls")]

    def __str__(self) -> str:
        return f"{self.source_id} stood in the prompt of {self.call_id}"


class ChainShare(models.Model):
    """Rows of a data set behind whose answers an answer of this model stands; `only_rows` of them hold none of it directly."""

    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="chain_shares")
    provider = models.CharField(max_length=60, blank=True)
    model = models.CharField(max_length=300, blank=True)
    rows = models.PositiveBigIntegerField()
    only_rows = models.PositiveBigIntegerField()
    calls = models.PositiveBigIntegerField(help_text="Calls of this model that stand behind, each once")
    output_tokens = models.PositiveBigIntegerField(default=0, help_text="Of those calls that told a number")

    class Meta:
        ordering = ["dataset", "-rows", "provider", "model"]
        constraints = [models.UniqueConstraint(fields=["dataset", "provider", "model"], name="one_chain_share_each")]

    def __str__(self) -> str:
        return f"{self.rows} rows of {self.dataset_id} go back to {self.model}"
