"""Usage that other tools logged or providers billed: imported files, the entries in them, and what could not be read.

Imported entries are what a log says, not what a recorder saw: they have tables of their own, so that nobody takes the one
for the other (decision 0190).
"""

from django.conf import settings
from django.db import models

from audits.models.pipelines import Pipeline
from audits.models.runs import Run
from audits.models.usage import ModelCall
from compliance.models import Project


class ReceiverToken(models.Model):
    """Lets one sender post traces for one project. The token itself is shown once and never stored."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="receiver_tokens")
    name = models.CharField(max_length=120, help_text="Who sends with it, as in “gateway, production”")
    digest = models.CharField(max_length=64, unique=True, editable=False, help_text="SHA-256 of the token")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(help_text="From then on it is refused")
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.name


class Import(models.Model):
    """One file, or one day of what a receiver was sent: who gave it, what was in it, and what could not be read.

    `pipeline` is the log that it belongs to (origin "import"); `run` holds what judging that log came to after this import.
    """

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        READING = "reading", "Being read"
        DONE = "done", "Read"
        FAILED = "failed", "Could not be read"

    ACTIVE = (State.WAITING, State.READING)

    pipeline = models.ForeignKey(Pipeline, on_delete=models.PROTECT, related_name="imports")
    run = models.OneToOneField(Run, on_delete=models.SET_NULL, null=True, blank=True, related_name="imported")
    token = models.ForeignKey(
        ReceiverToken, on_delete=models.PROTECT, null=True, blank=True, related_name="imports",
        help_text="What sent it; empty: a person gave the file",
    )  # fmt: skip
    source = models.CharField(max_length=30)
    name = models.CharField(max_length=300, help_text="Of the file, as it was given")
    sha256 = models.CharField(max_length=64, blank=True, help_text="Of the bytes as they were given")
    size = models.PositiveBigIntegerField(default=0, help_text="Bytes as they were given")
    parts = models.JSONField(
        default=list, help_text="What is kept, credentials masked: name, sha256, size of each part"
    )
    options = models.JSONField(default=dict, blank=True, help_text="Mapping of columns, provider")
    declared = models.JSONField(default=dict, blank=True, help_text="Purpose and student, as the importing person said")
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    reason = models.TextField(blank=True, help_text="Why it could not be read, as a sentence")
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    requested_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    done_bytes = models.PositiveBigIntegerField(default=0)
    total_bytes = models.PositiveBigIntegerField(default=0)
    read = models.PositiveBigIntegerField(default=0, help_text="Entries found in it")
    new = models.PositiveBigIntegerField(default=0)
    known = models.PositiveBigIntegerField(default=0, help_text="Entries that an earlier import had brought")
    passed_over = models.PositiveBigIntegerField(default=0, help_text="Records that are no use of a model")
    rejected = models.PositiveBigIntegerField(default=0)
    first_at = models.DateTimeField(null=True, blank=True)
    last_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.name

    @property
    def is_active(self) -> bool:
        return self.state in self.ACTIVE


class RejectedLine(models.Model):
    """A line of an imported file that could not be read: where, why, and the line itself, credentials masked."""

    imported = models.ForeignKey(Import, on_delete=models.CASCADE, related_name="rejected_lines")
    part = models.CharField(max_length=300, blank=True)
    line = models.PositiveBigIntegerField(help_text="Counted from 1; in a JSON document, the number of the entry")
    reason = models.CharField(max_length=400)
    raw = models.TextField(blank=True)

    class Meta:
        ordering = ["imported", "id"]

    def __str__(self) -> str:
        return f"{self.line}: {self.reason}"


class UsageEntry(models.Model):
    """One call that a log tells of, or calls or money that a provider's export sums up."""

    class Kind(models.TextChoices):
        CALL = "call", "One call"
        USAGE = "usage", "Usage of a period, summed up"
        COST = "cost", "Cost of a period"

    # Neither is checked row by row; both are written by one action that has them at hand. The constraint below begins with
    # the pipeline, so that has no index of its own.
    imported = models.ForeignKey(Import, on_delete=models.CASCADE, related_name="entries", db_constraint=False)
    pipeline = models.ForeignKey(
        Pipeline, on_delete=models.CASCADE, related_name="usage_entries", db_constraint=False, db_index=False
    )
    key = models.UUIDField(help_text="Of the source's own id, or of the line")
    line = models.PositiveBigIntegerField()
    kind = models.CharField(max_length=5, choices=Kind)
    at = models.DateTimeField()
    until = models.DateTimeField(null=True, blank=True, help_text="End of the period that is summed up")
    host = models.CharField(max_length=300, blank=True)
    provider = models.CharField(max_length=60, blank=True, help_text="Developer of the model; empty: unknown")
    served_by = models.CharField(max_length=60, blank=True)
    operation = models.CharField(max_length=60, blank=True)
    request_model = models.CharField(max_length=300, blank=True)
    response_model = models.CharField(max_length=300, blank=True)
    calls = models.PositiveBigIntegerField(null=True, blank=True, help_text="Empty: the source does not say how many")
    failed = models.BooleanField(default=False)
    status = models.PositiveSmallIntegerField(null=True, blank=True)
    input_tokens = models.PositiveBigIntegerField(null=True, blank=True)
    output_tokens = models.PositiveBigIntegerField(null=True, blank=True)
    cost = models.DecimalField(max_digits=20, decimal_places=10, null=True, blank=True)
    currency = models.CharField(max_length=3, blank=True)
    account = models.CharField(max_length=120, blank=True, help_text="Organisation, project or workspace as logged")
    person = models.CharField(max_length=120, blank=True, help_text="User or service as logged")
    key_hint = models.CharField(max_length=80, blank=True, help_text="Which key, by its id, hash or fingerprint")
    purpose = models.CharField(max_length=10, choices=ModelCall.Purpose, blank=True, help_text="As declared")
    prompt_excerpt = models.CharField(max_length=240, blank=True)
    output_excerpt = models.CharField(max_length=240, blank=True)
    # The hashes of both ids stay when the ids are erased: one call is known as one by them (audits.ingest.identities).
    response_id = models.CharField(max_length=200, blank=True, help_text="That the provider gave the answer")
    request_id = models.CharField(max_length=200, blank=True, help_text="That the provider gave the request")
    response_key = models.UUIDField(null=True, blank=True, editable=False)
    request_key = models.UUIDField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["id"]
        verbose_name_plural = "usage entries"
        constraints = [models.UniqueConstraint(fields=["pipeline", "key"], name="entries_are_imported_once")]
        indexes = [
            models.Index(fields=["pipeline", "at"], name="entries_by_time"),
            models.Index(
                fields=["response_key"], name="entries_by_answer", condition=models.Q(response_key__isnull=False)
            ),
            models.Index(
                fields=["request_key"], name="entries_by_request", condition=models.Q(request_key__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.request_model or self.host} at {self.at:%Y-%m-%d %H:%M}"


class UsageDay(models.Model):
    """Entries of one log alike in all that rules and reconciliation ask about, summed up for a day."""

    class Seen(models.TextChoices):
        HERE = "", "Counted here"
        RECORDED = "recorded", "Recorded in a run that was judged, and counted there"
        NOTED = "noted", "Recorded in a run that judged nothing, and counted there"
        REPEATED = "repeated", "Counted by another entry"

    pipeline = models.ForeignKey(Pipeline, on_delete=models.CASCADE, related_name="usage_days")
    day = models.DateField()
    kind = models.CharField(max_length=5, choices=UsageEntry.Kind)
    provider = models.CharField(max_length=60, blank=True)
    served_by = models.CharField(max_length=60, blank=True)
    model = models.CharField(max_length=300, blank=True)
    operation = models.CharField(max_length=60, blank=True)
    account = models.CharField(max_length=120, blank=True)
    purpose = models.CharField(max_length=10, blank=True)
    seen = models.CharField(max_length=8, choices=Seen, blank=True, default="", help_text="Where its calls are counted")
    calls = models.PositiveBigIntegerField(help_text="Where the source says how many")
    uncounted = models.PositiveBigIntegerField(default=0, help_text="Entries of which it does not say how many calls")
    failed = models.PositiveBigIntegerField(default=0)
    input_tokens = models.PositiveBigIntegerField(default=0)
    output_tokens = models.PositiveBigIntegerField(default=0)
    cost = models.DecimalField(max_digits=20, decimal_places=10, default=0)
    currency = models.CharField(max_length=3, blank=True)

    class Meta:
        ordering = ["day", "provider", "model"]
        indexes = [
            models.Index(fields=["pipeline", "day"], name="imported_days"),
            models.Index(fields=["day", "provider"], name="imported_days_by_provider"),
        ]

    def __str__(self) -> str:
        return f"{self.calls} × {self.model} on {self.day}"
