"""Runs under audit: state, steps, log lines, and what the recorder could not let through or could not see."""

from django.conf import settings
from django.db import models

from audits.models.pipelines import Pipeline


class Run(models.Model):
    """One execution of a pipeline under audit.

    The state moves only through audits.actions.runs.move, by a guarded UPDATE. *failed*: the audited program, or what
    it left, made the audit impossible. *errored*: our own fault. *stale*: the worker vanished.
    """

    class State(models.TextChoices):
        QUEUED = "queued", "Queued"
        PREPARING = "preparing", "Preparing"
        RUNNING = "running", "Running"
        ANALYSING = "analysing", "Analysing"
        COMPLETED = "completed", "Completed"
        FAILED = "failed", "Failed"
        ERRORED = "errored", "Errored"
        ABORTED = "aborted", "Aborted"
        STALE = "stale", "Stale"

    ACTIVE = (State.QUEUED, State.PREPARING, State.RUNNING, State.ANALYSING)
    ENDED = (State.COMPLETED, State.FAILED, State.ERRORED, State.ABORTED, State.STALE)

    class Isolation(models.TextChoices):
        UNKNOWN = "", "Not yet known"
        ENFORCED = "enforced", "Enforced: the recorder is the only way out"
        PROXY_ONLY = "proxy_only", "Proxy only: calls could have bypassed the recorder"

    class Content(models.TextChoices):
        UNSAID = "", "As audit.toml says"
        FULL = "full", "Everything is kept"
        MASKED = "masked", "Personal data is kept under pseudonyms"
        HASHES = "hashes", "Hashes, sizes and token counts alone are kept"

    pipeline = models.ForeignKey(Pipeline, on_delete=models.PROTECT, related_name="runs")
    number = models.PositiveIntegerField(help_text="Counts within the pipeline")
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True)
    requested_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    heartbeat_at = models.DateTimeField(null=True, blank=True)
    worker = models.CharField(max_length=120, blank=True)
    cancel_requested_at = models.DateTimeField(null=True, blank=True)
    rerun_of = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="reruns")
    replay_of = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="replays")
    replay = models.JSONField(default=dict, blank=True, help_text="Where recorded answers came from, and what differed")

    upstreams = models.JSONField(default=dict, blank=True, help_text="Simulated: host to the URL that answers for it")
    record_only = models.BooleanField(default=False, help_text="Record and trace; do not judge")
    limits = models.JSONField(default=dict, blank=True, help_text="Bounds held before a call leaves (docs/manifest.md)")
    limits_used = models.JSONField(default=dict, blank=True, help_text="What was used of them, as the recorder counted")
    content = models.CharField(max_length=8, choices=Content, default=Content.UNSAID, blank=True)

    isolation = models.CharField(max_length=12, choices=Isolation, default=Isolation.UNKNOWN, blank=True)
    isolation_reasons = models.JSONField(default=list, blank=True)
    source_sha256 = models.CharField(max_length=64, blank=True)
    manifest_text = models.TextField(blank=True)
    manifest = models.JSONField(default=dict, blank=True)
    scan = models.JSONField(default=dict, blank=True, help_text="Result of the static scan")
    prompts = models.JSONField(default=dict, blank=True, help_text="Host to the profile of what it was asked")
    environment = models.JSONField(default=dict, blank=True, help_text="Interpreter and packages of the pipeline")
    exit_status = models.CharField(max_length=20, blank=True)
    exit_code = models.IntegerField(null=True, blank=True)
    reason = models.TextField(blank=True, help_text="Why the run did not complete, as a sentence")
    traceback = models.TextField(blank=True, help_text="Of our own error, for whoever mends it")
    outcome = models.CharField(max_length=24, blank=True)
    summary = models.JSONField(default=dict, blank=True, help_text="The answer of the audit command")
    evidence_root = models.CharField(max_length=80, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["pipeline", "number"], name="run_numbers_are_unique")]
        indexes = [
            models.Index(fields=["state", "heartbeat_at"], name="run_by_state"),
            models.Index(
                fields=["pipeline", "-id"],
                name="newest_completed_runs",
                condition=models.Q(state="completed", replay={}),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.pipeline.name}, run {self.number}"

    @property
    def is_active(self) -> bool:
        return self.state in self.ACTIVE

    @property
    def is_simulated(self) -> bool:
        return bool(self.upstreams)

    @property
    def is_replay(self) -> bool:
        """Whether recorded answers stood in for every provider: nothing of it is usage."""
        return bool(self.replay)


class RunStep(models.Model):
    """One step of the audit procedure, with its progress."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"
        SKIPPED = "skipped", "Skipped"

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="steps")
    position = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=20)
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(null=True, blank=True)
    note = models.CharField(max_length=400, blank=True)

    class Meta:
        ordering = ["run", "position"]
        constraints = [models.UniqueConstraint(fields=["run", "name"], name="one_row_per_step")]

    def __str__(self) -> str:
        return self.name


class LogLine(models.Model):
    """One line that the pipeline printed, or that the audit says of itself (stream "audit"). Secrets are masked."""

    # No index of its own: the constraint below begins with it.
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="log_lines", db_index=False)
    seq = models.PositiveIntegerField()
    at = models.DateTimeField()
    step = models.CharField(max_length=20)
    stream = models.CharField(max_length=6)
    text = models.TextField()

    class Meta:
        ordering = ["run", "seq"]
        constraints = [models.UniqueConstraint(fields=["run", "seq"], name="log_lines_are_numbered")]

    def __str__(self) -> str:
        return self.text


class Connection(models.Model):
    """A way out that was tried and was not an intercepted exchange: refused, passed on unread, or only a name lookup."""

    class Disposition(models.TextChoices):
        REFUSED = "refused", "Refused"
        SPLICED = "spliced", "Passed on unread"
        FAILED = "failed", "Failed"

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="connections")
    at = models.DateTimeField()
    step = models.CharField(max_length=20)
    disposition = models.CharField(max_length=10, choices=Disposition)
    protocol = models.CharField(max_length=30)
    host = models.CharField(max_length=300, blank=True)
    address = models.CharField(max_length=60, blank=True)
    port = models.PositiveIntegerField(null=True, blank=True)
    count = models.PositiveIntegerField(default=1, help_text="Alike tries that the recorder counted instead of listing")
    bytes_out = models.PositiveBigIntegerField(default=0)
    bytes_in = models.PositiveBigIntegerField(default=0)
    reason = models.CharField(max_length=400, blank=True)

    class Meta:
        ordering = ["run", "id"]

    def __str__(self) -> str:
        return f"{self.get_disposition_display()}: {self.host or self.address}:{self.port}"


class Gap(models.Model):
    """Something that could not be observed or read, named so that nobody takes silence for absence."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="gaps")
    at = models.DateTimeField()
    step = models.CharField(max_length=20)
    kind = models.CharField(max_length=60)
    subject = models.CharField(max_length=400)
    detail = models.TextField(blank=True)

    class Meta:
        ordering = ["run", "id"]

    def __str__(self) -> str:
        return f"{self.kind}: {self.subject}"
