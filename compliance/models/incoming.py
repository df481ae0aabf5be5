"""Texts on their way in: what waits for a person's word, what changed, and how watched sources fare."""

from django.conf import settings
from django.db import models

from compliance.models.documents import Snapshot, SourceDocument, TermsDocument, Version


class Arrival(models.Model):
    """A text that waits for a person's word, or got it: uploaded, or held back as doubtful. Never deleted."""

    class Origin(models.TextChoices):
        UPLOAD = "upload", "Uploaded"
        IMPORT = "import", "Imported from an archive"
        WATCH = "watch", "Fetched from its source"

    class State(models.TextChoices):
        WAITING = "waiting", "Waits for a person"
        ACCEPTED = "accepted", "Taken as the provider's text"
        DISCARDED = "discarded", "Discarded"

    document = models.ForeignKey(TermsDocument, on_delete=models.PROTECT, related_name="arrivals")
    snapshot = models.ForeignKey(Snapshot, on_delete=models.PROTECT, related_name="arrivals")
    origin = models.CharField(max_length=20, choices=Origin)
    state = models.CharField(max_length=20, choices=State, default=State.WAITING)
    captured_at = models.DateTimeField()
    text = models.TextField(blank=True)
    mark = models.CharField(max_length=80, help_text="What decides sameness, with the number of its rules")
    doubt = models.CharField(max_length=600, blank=True, help_text="Why it should not be believed; empty if it may")
    detail = models.JSONField(default=dict, help_text="What it says beside the text before: sentences, dates, its name")
    arrived_at = models.DateTimeField(auto_now_add=True)
    brought_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="arrivals_brought"
    )
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="arrivals_decided"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=600, blank=True)
    version = models.ForeignKey(Version, on_delete=models.SET_NULL, null=True, blank=True, related_name="arrivals")

    class Meta:
        ordering = ["-captured_at", "-pk"]
        verbose_name = "text coming in"
        verbose_name_plural = "texts coming in"
        constraints = [
            models.UniqueConstraint(fields=["document", "snapshot"], name="one_arrival_per_snapshot"),
            models.CheckConstraint(
                name="arrivals_are_decided_by_somebody",
                condition=models.Q(state="waiting") | models.Q(decided_at__isnull=False),
            ),
        ]
        indexes = [models.Index(fields=["state", "-captured_at"], name="arrivals_by_state")]

    def __str__(self) -> str:
        return f"{self.document} as of {self.captured_at:%Y-%m-%d}"


class TermsChange(models.Model):
    """One thing that people are told of a document: its text changed, or an old text came back."""

    document = models.ForeignKey(TermsDocument, on_delete=models.PROTECT, related_name="changes")
    version = models.ForeignKey(Version, on_delete=models.SET_NULL, null=True, blank=True, related_name="changes")
    judgement = models.CharField(max_length=40)
    captured_at = models.DateTimeField()
    told_at = models.DateTimeField(auto_now_add=True)
    mark = models.CharField(max_length=80)
    reason = models.CharField(max_length=300)
    added = models.JSONField(default=list, help_text="Sentences that are new, as the page words them; the first ones")
    gone = models.JSONField(default=list, help_text="Sentences that are gone; the first ones")

    class Meta:
        ordering = ["-captured_at", "-pk"]
        verbose_name = "change of terms"
        verbose_name_plural = "changes of terms"
        constraints = [
            models.UniqueConstraint(fields=["document", "captured_at", "mark"], name="told_once"),
        ]

    def __str__(self) -> str:
        return f"{self.document} changed, {self.captured_at:%Y-%m-%d}"


class Watch(models.Model):
    """How fetching one source fares. Errors are a state, not an event: the last success stands beside them."""

    class State(models.TextChoices):
        NEW = "new", "Not asked yet"
        UNCHANGED = "unchanged", "Nothing new"
        CHANGED = "changed", "A new text"
        HELD = "held", "Held back"
        FAILED = "failed", "Can't be fetched"

    source = models.OneToOneField(SourceDocument, on_delete=models.CASCADE, related_name="watch")
    state = models.CharField(max_length=20, choices=State, default=State.NEW)
    due_at = models.DateTimeField(help_text="When it is asked next")
    asked_at = models.DateTimeField(null=True, blank=True)
    succeeded_at = models.DateTimeField(null=True, blank=True)
    failures = models.PositiveIntegerField(default=0, help_text="Failed attempts in a row")
    problem = models.CharField(max_length=600, blank=True)
    status = models.PositiveIntegerField(null=True, blank=True, help_text="HTTP status of the last answer")
    way = models.JSONField(default=list, help_text="The addresses it was redirected through, with their status")
    etag = models.CharField(max_length=500, blank=True)
    last_modified = models.CharField(max_length=100, blank=True)
    sha256 = models.CharField(max_length=64, blank=True, help_text="Of the bytes fetched last")
    memory = models.JSONField(default=dict, help_text="What judging the next text needs beside the versions")
    doubted = models.CharField(max_length=80, blank=True, help_text="Mark of the doubtful text that is shown now")
    doubted_since = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["due_at"]
        verbose_name_plural = "watches"

    def __str__(self) -> str:
        return f"watch of {self.source}"


class WatchedHost(models.Model):
    """A host that sources lie on: when it may be asked again, and what its robots.txt says."""

    origin = models.CharField(max_length=300, unique=True, help_text="scheme://host:port")
    free_at = models.DateTimeField(help_text="Not to be asked before")
    robots = models.TextField(blank=True)
    robots_read_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.origin
