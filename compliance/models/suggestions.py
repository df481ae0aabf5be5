"""Clauses on their way: found in a text and not yet accepted, and what became of accepted ones in other versions."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from compliance.models.documents import Clause, ClauseText, Version


class VersionReading(models.Model):
    """That a version's text was read for clauses: in which state, by which rules of reading. One row for each version."""

    version = models.OneToOneField(Version, on_delete=models.CASCADE, related_name="reading")
    mark = models.CharField(max_length=64, help_text="SHA-256 of the text as it was read, and of what was cited in it")
    rules = models.PositiveIntegerField(help_text="Number of the rules by which it was read")
    read_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"{self.version} read by rules {self.rules}"


class Suggestion(models.Model):
    """A passage that was found to bear on building models: a suggestion, until a person accepts or rejects it."""

    class State(models.TextChoices):
        SUGGESTED = "suggested", "Suggested"
        ACCEPTED = "accepted", "Accepted"
        REJECTED = "rejected", "Rejected"
        SUPERSEDED = "superseded", "Found no longer"

    version = models.ForeignKey(Version, on_delete=models.CASCADE, related_name="suggestions")
    start = models.PositiveIntegerField(help_text="Offsets count characters of the version's text")
    end = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64, help_text="SHA-256 of the normalised text")
    section = models.CharField(max_length=200, blank=True)
    labels = models.JSONField(default=list)
    mode = models.CharField(max_length=12, help_text="prohibition, permission, duty or right")
    score = models.FloatField(help_text="How sure, 0 to 1")
    because = models.JSONField(default=list, help_text="For each label: the cue, the words that decided, how sure")
    modal = models.CharField(max_length=200, blank=True, help_text="The words that decided the mode")
    state = models.CharField(max_length=12, choices=State, default=State.SUGGESTED)
    clause = models.ForeignKey(
        Clause, on_delete=models.PROTECT, null=True, blank=True, related_name="suggestions", help_text="Once accepted"
    )
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    reason = models.TextField(blank=True)
    found_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["version", "start"]
        constraints = [
            models.UniqueConstraint(fields=["version", "start", "end"], name="one_suggestion_per_passage"),
            models.CheckConstraint(condition=Q(end__gt=F("start")), name="suggestions_hold_words"),
            models.CheckConstraint(
                condition=~Q(state__in=["accepted", "rejected"])
                | Q(decided_by__isnull=False, decided_at__isnull=False),
                name="suggestions_are_decided_by_a_person",
            ),
            models.CheckConstraint(
                condition=~Q(state="accepted") | Q(clause__isnull=False), name="accepted_suggestions_name_a_clause"
            ),
            models.CheckConstraint(
                condition=~Q(state="rejected") | ~Q(reason=""), name="rejected_suggestions_have_a_reason"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.version}: {', '.join(self.labels)} at {self.start}"


class Anchoring(models.Model):
    """What became of an accepted clause in another version: found by its words; where they changed, a person says."""

    class Fate(models.TextChoices):
        UNCHANGED = "unchanged", "Unchanged"
        MOVED = "moved", "Moved"
        REWORDED = "reworded", "Reworded"
        GONE = "gone", "Gone"

    class State(models.TextChoices):
        SETTLED = "settled", "Stands there with the same words"
        WAITING = "waiting", "Waits for a person"
        KEPT = "kept", "Means the same"
        ACCEPTED = "accepted", "Goes on in the new words"
        GONE = "gone", "Stands there no longer"

    clause = models.ForeignKey(Clause, on_delete=models.CASCADE, related_name="anchorings")
    version = models.ForeignKey(Version, on_delete=models.CASCADE, related_name="anchorings")
    source = models.ForeignKey(
        ClauseText, on_delete=models.SET_NULL, null=True, related_name="+", help_text="The place it was sought from"
    )
    fate = models.CharField(max_length=12, choices=Fate)
    start = models.PositiveIntegerField(null=True, blank=True)
    end = models.PositiveIntegerField(null=True, blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    likeness = models.FloatField(default=0, help_text="0 to 1: how like the wording it was sought by")
    state = models.CharField(max_length=12, choices=State, default=State.WAITING)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    reason = models.TextField(blank=True)
    found_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["clause", "version"]
        constraints = [
            models.UniqueConstraint(fields=["clause", "version"], name="one_anchoring_per_version"),
            models.CheckConstraint(
                condition=Q(fate="gone", start__isnull=True, end__isnull=True)
                | (~Q(fate="gone") & Q(start__isnull=False, end__isnull=False, end__gt=F("start"))),
                name="only_what_is_gone_has_no_place",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["kept", "accepted", "gone"])
                | Q(decided_by__isnull=False, decided_at__isnull=False),
                name="anchorings_are_decided_by_a_person",
            ),
            models.CheckConstraint(
                condition=~Q(state="settled") | Q(fate__in=["unchanged", "moved"]),
                name="only_same_words_settle_themselves",
            ),
        ]
        indexes = [models.Index(fields=["state"], condition=Q(state="waiting"), name="anchorings_that_wait")]

    def __str__(self) -> str:
        return f"{self.clause} in {self.version.label}: {self.fate}"
