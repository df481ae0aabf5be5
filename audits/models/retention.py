"""How long evidence is kept, what keeps it from being deleted, what was deleted, and who looked at it."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from audits.models.runs import Run
from compliance.models import Project


class Retention(models.Model):
    """After how many days a project's contents, and what else tells of persons, are erased. Empty: kept for good."""

    project = models.OneToOneField(Project, on_delete=models.PROTECT, related_name="retention")
    content_days = models.PositiveIntegerField(
        null=True, blank=True, help_text="Bodies, data sets, log lines, excerpts"
    )
    metadata_days = models.PositiveIntegerField(
        null=True,
        blank=True,
        help_text="Headers, addresses, targets, ids of answers, the recorder's own logs; persons and keys of imported entries",
    )
    set_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    set_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="retention_lasts_a_day",
                condition=models.Q(content_days__isnull=True) | models.Q(content_days__gte=1),
            ),
            models.CheckConstraint(
                name="metadata_outlive_contents",
                condition=models.Q(metadata_days__isnull=True)
                | models.Q(content_days__isnull=False, metadata_days__gte=models.F("content_days")),
            ),
        ]

    def __str__(self) -> str:
        return f"Retention of {self.project}"


class LegalHold(models.Model):
    """While it stands, nothing of the project's evidence is erased. It can be lifted once, and stays on record."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="legal_holds")
    reason = models.TextField()
    placed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    placed_at = models.DateTimeField(auto_now_add=True)
    lifted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    lifted_at = models.DateTimeField(null=True, blank=True)
    lifted_because = models.TextField(blank=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"Legal hold on {self.project} since {self.placed_at:%Y-%m-%d}"


class Erasure(models.Model):
    """Contents that were erased: who asked, when, why, and how much. Never changed, never deleted.

    The database lets sealed rows lose their contents only in the transaction that writes such a row, and refuses the row
    while a legal hold stands.
    """

    class Cause(models.TextChoices):
        REQUEST = "request", "On request"
        CONTENTS = "contents", "Contents had been kept long enough"
        METADATA = "metadata", "Metadata had been kept long enough"

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="erasures")
    run = models.ForeignKey(Run, on_delete=models.PROTECT, null=True, blank=True, related_name="erasures")
    cause = models.CharField(max_length=10, choices=Cause)
    reason = models.TextField()
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+",
        help_text="Empty: the retention of the project",
    )  # fmt: skip
    at = models.DateTimeField(db_default=Now(), editable=False)
    scope = models.JSONField(default=dict, help_text="Which runs, exchanges and imports")
    contents = models.PositiveBigIntegerField(help_text="Contents taken out of the store")
    size = models.PositiveBigIntegerField(help_text="Their bytes, uncompressed")

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.get_cause_display()}: {self.contents} contents of {self.project}"


class ErasedContent(models.Model):
    """The hash and the length of one content that was erased, which is all that is left of it."""

    erasure = models.ForeignKey(Erasure, on_delete=models.PROTECT, related_name="erased")
    sha256 = models.CharField(max_length=64, db_index=True)
    size = models.PositiveBigIntegerField(null=True, help_text="Bytes, uncompressed; empty: nothing tells")
    removed_at = models.DateTimeField(null=True, help_text="When the store had let go of it; empty: still to be done")

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["erasure", "sha256"], name="a_content_is_erased_once")]
        indexes = [
            models.Index(fields=["id"], name="contents_to_be_removed", condition=models.Q(removed_at__isnull=True))
        ]

    def __str__(self) -> str:
        return self.sha256


class Look(models.Model):
    """Somebody read or took away evidence: who, what, when, from where. Never changed, never deleted."""

    class What(models.TextChoices):
        CALL = "call", "Read a call"
        BODY = "body", "Took a body away"
        ROWS = "rows", "Read rows of a data set"
        LOG = "log", "Read log lines"
        BUNDLE = "bundle", "Took the evidence bundle away"
        REPORT = "report", "Took a report away"
        IMPORT = "import", "Read an imported file"
        SHARED = "shared", "Was given a report by a link"
        NOTES = "notes", "Read notes among lawyers"
        ENCLOSURE = "enclosure", "Took an enclosure away"

    at = models.DateTimeField(db_default=Now(), editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+",
        help_text="Empty: the command line",
    )  # fmt: skip
    what = models.CharField(max_length=10, choices=What)
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="looks")
    run = models.ForeignKey(Run, on_delete=models.PROTECT, null=True, blank=True, related_name="looks")
    subject = models.CharField(max_length=300, help_text="What was looked at, as a person names it")
    sha256 = models.CharField(max_length=64, blank=True, help_text="Of the content, where there is one")
    address = models.CharField(max_length=64, blank=True, help_text="Where the request came from")

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["project", "-id"], name="looks_by_project")]

    def __str__(self) -> str:
        return f"{self.get_what_display()}: {self.subject}"
