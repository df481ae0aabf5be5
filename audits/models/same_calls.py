"""One call that several sources tell of: recorded ids to find it by, and which entry of a log is counted elsewhere.

Both are worked out from what was recorded and imported, and are no evidence of their own (decision 0327).
"""

from django.db import models
from django.utils import timezone

from audits.models.imports import UsageEntry
from audits.models.pipelines import Pipeline
from audits.models.runs import Run
from audits.models.usage import ModelCall


class RecordedId(models.Model):
    """An id that a provider gave a recorded call, as a hash. Not of calls that a stand-in or a recording answered."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="+", db_constraint=False)
    call = models.ForeignKey(ModelCall, on_delete=models.CASCADE, related_name="+", db_constraint=False, db_index=False)
    key = models.UUIDField(db_index=True)

    def __str__(self) -> str:
        return str(self.key)


class SameCall(models.Model):
    """An entry of a log that tells of a call which another source tells of as well, and by which it is counted.

    `other` is the entry that counts instead, `call` the recorded call, which counts before any entry. An entry that is
    `apart` has the same id and can't be the same call: it counts, and the contradiction is shown.
    """

    entry = models.OneToOneField(UsageEntry, on_delete=models.CASCADE, related_name="same_call", db_constraint=False)
    pipeline = models.ForeignKey(
        Pipeline, on_delete=models.CASCADE, related_name="same_calls", db_constraint=False, help_text="Log of the entry"
    )
    other = models.ForeignKey(
        UsageEntry, on_delete=models.CASCADE, null=True, related_name="seen_again", db_constraint=False
    )
    call = models.ForeignKey(
        ModelCall, on_delete=models.CASCADE, null=True, related_name="seen_again", db_constraint=False
    )
    run = models.ForeignKey(Run, on_delete=models.CASCADE, null=True, related_name="+", db_constraint=False)
    apart = models.BooleanField(default=False, help_text="The same id, and yet not the same call")
    differs = models.CharField(max_length=80, blank=True, help_text="In what the sources contradict each other")
    at = models.DateTimeField(default=timezone.now, help_text="When it was found")

    class Meta:
        ordering = ["entry"]
        indexes = [
            models.Index(fields=["pipeline", "at"], name="same_calls_by_log"),
            models.Index(fields=["pipeline"], name="same_calls_that_differ", condition=models.Q(differs__gt="")),
        ]

    def __str__(self) -> str:
        return f"{self.entry_id} as {self.call_id or self.other_id}"
