"""Usage: exchanges as they passed the recorder, the calls of models in them, and their roll-up by signature."""

from django.contrib.postgres.indexes import BrinIndex
from django.db import models

from audits.models.runs import Run


class Exchange(models.Model):
    """One request and its response, as recorded. Bodies lie in the evidence store under their hashes."""

    # No index of its own: the constraint below begins with it.
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="exchanges", db_index=False)
    seq = models.PositiveIntegerField(help_text="Line of the recorder's log")
    reference = models.CharField(max_length=64, help_text="The recorder's own id of the exchange")
    step = models.CharField(max_length=20)
    started_at = models.DateTimeField()
    first_byte_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    scheme = models.CharField(max_length=5)
    host = models.CharField(max_length=300)
    address = models.CharField(max_length=60, blank=True)
    port = models.PositiveIntegerField()
    http_version = models.CharField(max_length=12)
    method = models.CharField(max_length=20)
    target = models.TextField()
    status = models.PositiveSmallIntegerField(null=True, blank=True)
    request_headers = models.JSONField(default=list)
    response_headers = models.JSONField(default=list)
    request_sha256 = models.CharField(max_length=64, blank=True)
    request_size = models.PositiveBigIntegerField(default=0)
    response_sha256 = models.CharField(max_length=64, blank=True)
    response_size = models.PositiveBigIntegerField(default=0)
    truncated = models.BooleanField(default=False)
    simulated = models.BooleanField(default=False, help_text="A stand-in answered, not the host itself")
    upstream = models.CharField(max_length=300, blank=True)
    error = models.CharField(max_length=400, blank=True)
    unparsed = models.CharField(max_length=400, blank=True, help_text="Why no parser could read it")
    not_a_model_call = models.CharField(max_length=200, blank=True, help_text="What it was instead")
    line_hash = models.CharField(max_length=64, help_text="Of the recorder's hash-chained log line")

    class Meta:
        ordering = ["run", "seq"]
        constraints = [models.UniqueConstraint(fields=["run", "step", "seq"], name="exchanges_are_numbered")]
        indexes = [
            models.Index(
                fields=["run"],
                name="exchanges_beside_calls",
                condition=models.Q(not_a_model_call__gt="") | models.Q(unparsed__gt=""),
            ),
            models.Index(fields=["run", "host"], name="hosts_of_runs"),
            # Next to nothing at each write, and a content is found without reading every exchange (decision 0332).
            BrinIndex(
                fields=["request_sha256"], name="asked_contents", opclasses=["text_bloom_ops"], autosummarize=True
            ),
            BrinIndex(
                fields=["response_sha256"], name="answered_contents", opclasses=["text_bloom_ops"], autosummarize=True
            ),
        ]

    def __str__(self) -> str:
        return f"{self.method} {self.host}{self.target}"


class ModelCall(models.Model):
    """One question to one model, read from an exchange. Names after OpenTelemetry's GenAI conventions."""

    class Purpose(models.TextChoices):
        TRAIN = "train", "Training data"
        FILTER = "filter", "Choosing training data"
        EVALUATE = "evaluate", "Evaluation"
        UNUSED = "unused", "Answer not kept"
        UNKNOWN = "", "Not known"

    # The run of its exchange, kept here too for reading. Its exchange is checked, so this need not be. No index of its own
    # either: the one below begins with it.
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="calls", db_constraint=False, db_index=False)
    # PostgreSQL's own check of a foreign key looks each row up, which takes it longer than writing the row. Two triggers
    # check whole statements instead: calls_have_exchanges and exchanges_keep_their_calls, of migration 0005.
    exchange = models.ForeignKey(Exchange, on_delete=models.CASCADE, related_name="calls", db_constraint=False)
    position = models.PositiveIntegerField(default=0, help_text="Within the exchange")
    at = models.DateTimeField()
    step = models.CharField(max_length=20)
    host = models.CharField(max_length=300)
    provider = models.CharField(max_length=60, blank=True, help_text="Developer of the model; empty: unknown")
    served_by = models.CharField(max_length=60, blank=True)
    api = models.CharField(max_length=60)
    operation = models.CharField(max_length=60)
    request_model = models.CharField(max_length=300, blank=True)
    response_model = models.CharField(max_length=300, blank=True)
    response_id = models.CharField(max_length=200, blank=True)
    input_tokens = models.PositiveBigIntegerField(null=True, blank=True)
    output_tokens = models.PositiveBigIntegerField(null=True, blank=True)
    status = models.PositiveSmallIntegerField(null=True, blank=True)
    failed = models.BooleanField(default=False)
    streamed = models.BooleanField(default=False)
    simulated = models.BooleanField(default=False)
    outputs = models.PositiveIntegerField(default=0, help_text="Choices returned")
    output_sha256 = models.CharField(max_length=64, blank=True, help_text="Of the outputs' text")
    prompt_excerpt = models.CharField(max_length=240, blank=True)
    output_excerpt = models.CharField(max_length=240, blank=True)
    purpose = models.CharField(max_length=10, choices=Purpose, default=Purpose.UNKNOWN, blank=True)
    purpose_source = models.CharField(max_length=10, blank=True, help_text="observed, inferred or declared")

    class Meta:
        ordering = ["run", "id"]
        indexes = [
            models.Index(fields=["run", "id"], name="calls_by_run"),
            models.Index(fields=["run", "request_model", "purpose"], name="calls_by_model"),
            models.Index(fields=["run"], name="calls_that_failed", condition=models.Q(failed=True)),
        ]

    def __str__(self) -> str:
        return f"{self.request_model or self.api} at {self.host}"


class UsageSignature(models.Model):
    """Calls alike in all that rules can ask about, counted. Matching and pages read these, not the calls."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="signatures")
    day = models.DateField()
    provider = models.CharField(max_length=60, blank=True)
    served_by = models.CharField(max_length=60, blank=True)
    model = models.CharField(max_length=300, blank=True)
    operation = models.CharField(max_length=60)
    access_kind = models.CharField(max_length=20, blank=True)
    account = models.CharField(max_length=120, blank=True)
    purpose = models.CharField(max_length=10, blank=True)
    simulated = models.BooleanField(default=False)
    calls = models.PositiveBigIntegerField()
    failed = models.PositiveBigIntegerField(default=0)
    input_tokens = models.PositiveBigIntegerField(default=0)
    output_tokens = models.PositiveBigIntegerField(default=0)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()

    class Meta:
        ordering = ["run", "day", "provider", "model"]
        indexes = [models.Index(fields=["day", "provider"], name="usage_by_day")]

    def __str__(self) -> str:
        return f"{self.calls} × {self.model} on {self.day}"
