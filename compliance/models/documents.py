"""Terms documents, the bytes they were fetched as, and their dated versions."""

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.db import models

from compliance.models.providers import Provider


class TermsDocument(models.Model):
    """One paper of one provider for one audience and region, followed through time."""

    identifier = models.CharField(
        max_length=160, unique=True, help_text="provider/document, e.g. openai/business-terms"
    )
    provider = models.ForeignKey(Provider, on_delete=models.PROTECT, related_name="documents")
    title = models.CharField(max_length=200)
    kind = models.CharField(max_length=60, help_text="terms, usage policy, licence, service terms, …")
    audience = models.CharField(max_length=200, blank=True)
    region = models.CharField(max_length=200, blank=True)
    url = models.URLField(max_length=500, blank=True)
    definition = models.JSONField(default=dict, help_text="Incorporated papers and other links, as in the rulebook.")
    shipped = models.BooleanField(default=False)

    class Meta:
        ordering = ["identifier"]

    def __str__(self) -> str:
        return self.title


class SourceDocument(models.Model):
    """Where a terms document is published and fetched from."""

    document = models.ForeignKey(TermsDocument, on_delete=models.CASCADE, related_name="sources")
    url = models.URLField(max_length=500)
    watched = models.BooleanField(default=False)
    added_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["document", "url"], name="one_source_per_url")]

    def __str__(self) -> str:
        return self.url


class Snapshot(models.Model):
    """Bytes as fetched or uploaded, kept in the evidence store under their hash."""

    source = models.ForeignKey(SourceDocument, on_delete=models.PROTECT, related_name="snapshots")
    fetched_at = models.DateTimeField()
    media_type = models.CharField(max_length=80)
    sha256 = models.CharField(max_length=64)
    size = models.PositiveBigIntegerField()

    class Meta:
        ordering = ["-fetched_at"]

    def __str__(self) -> str:
        return f"{self.source} at {self.fetched_at:%Y-%m-%d}"


class Version(models.Model):
    """A document's text from one day to another. Ranges of one document never overlap (the database sees to it)."""

    document = models.ForeignKey(TermsDocument, on_delete=models.PROTECT, related_name="versions")
    label = models.CharField(max_length=60, help_text="The version's date, as it is cited: 2025-05-31")
    in_force = DateRangeField(help_text="First day in force, and the first day no longer in force")
    basis = models.CharField(max_length=600, help_text="What the dates rest on: stated, captured, …")
    text = models.TextField(blank=True, help_text="Empty: we cite this version without holding its text here.")
    text_sha256 = models.CharField(max_length=64, blank=True)
    snapshot = models.ForeignKey(Snapshot, on_delete=models.PROTECT, null=True, blank=True)
    definition = models.JSONField(default=dict)
    shipped = models.BooleanField(default=False)

    class Meta:
        ordering = ["document", "in_force"]
        constraints = [
            models.UniqueConstraint(fields=["document", "label"], name="one_version_per_label"),
            ExclusionConstraint(
                name="versions_do_not_overlap",
                expressions=[("document", RangeOperators.EQUAL), ("in_force", RangeOperators.OVERLAPS)],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.document} of {self.label}"


class Clause(models.Model):
    """A passage that bears on building models from output, followed through a document's versions; in our words."""

    document = models.ForeignKey(TermsDocument, on_delete=models.PROTECT, related_name="clauses")
    key = models.SlugField(max_length=80)
    labels = models.JSONField(default=list)
    summary = models.TextField(blank=True, help_text="What it says, in our own words")

    class Meta:
        ordering = ["document", "key"]
        constraints = [models.UniqueConstraint(fields=["document", "key"], name="one_clause_per_key")]

    def __str__(self) -> str:
        return f"{self.document}: {self.key}"


class ClauseText(models.Model):
    """Where a clause stands in one version, and the hash of its normalised text there."""

    clause = models.ForeignKey(Clause, on_delete=models.CASCADE, related_name="texts")
    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="clause_texts")
    section = models.CharField(max_length=200, blank=True)
    sha256 = models.CharField(max_length=64, blank=True, help_text="SHA-256 of the normalised text")
    start = models.PositiveIntegerField(null=True, blank=True)
    end = models.PositiveIntegerField(null=True, blank=True)

    class Meta:
        ordering = ["clause", "version"]
        constraints = [models.UniqueConstraint(fields=["clause", "version"], name="one_text_per_version")]

    def __str__(self) -> str:
        return f"{self.clause}, {self.version.label}"
