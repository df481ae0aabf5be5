"""Rules: machine-readable readings of clauses, after W3C ODRL. A published revision is never edited, only superseded."""

import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import DateRangeField
from django.db import models
from django.db.models import F, Q

from compliance.models.documents import Clause, TermsDocument


class Rule(models.Model):
    """One reading of one document's clause, followed through its revisions."""

    identifier = models.CharField(max_length=200, unique=True, help_text="openai/business-terms:competing-models")
    document = models.ForeignKey(TermsDocument, on_delete=models.PROTECT, related_name="rules")

    class Meta:
        ordering = ["identifier"]

    def __str__(self) -> str:
        return self.identifier


class RuleRevision(models.Model):
    class Status(models.TextChoices):
        DRAFT = "draft", "Draft"
        IN_REVIEW = "in_review", "In review"
        PUBLISHED = "published", "Published"
        SUPERSEDED = "superseded", "Superseded"

    class Effect(models.TextChoices):
        PROHIBITION = "prohibition", "Prohibition"
        PERMISSION = "permission", "Permission"
        DUTY = "duty", "Duty"

    rule = models.ForeignKey(Rule, on_delete=models.PROTECT, related_name="revisions")
    number = models.PositiveIntegerField()
    status = models.CharField(max_length=12, choices=Status, default=Status.DRAFT)
    effect = models.CharField(max_length=12, choices=Effect)
    title = models.CharField(max_length=200)
    statement = models.TextField(help_text="The rule in our own words: a sentence a lawyer could quote")
    guidance = models.TextField(blank=True, help_text="For counsel")
    remedy = models.TextField(blank=True)
    severity = models.CharField(max_length=20, blank=True)
    section = models.CharField(max_length=200, blank=True)
    in_force = DateRangeField()
    definition = models.JSONField(help_text="The whole rule as the engine reads it")
    content_sha256 = models.CharField(max_length=64)
    clauses = models.ManyToManyField(Clause, blank=True, related_name="rule_revisions")
    shipped = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    published_at = models.DateTimeField(null=True, blank=True)
    superseded_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["rule", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["rule", "number"], name="revision_numbers_are_unique"),
            models.UniqueConstraint(
                fields=["rule"], condition=Q(status="published"), name="one_published_revision_per_rule"
            ),
            models.CheckConstraint(
                condition=~Q(status__in=["published", "superseded"]) | Q(published_at__isnull=False),
                name="published_revisions_are_dated",
            ),
            models.CheckConstraint(
                condition=Q(shipped=True)
                | ~Q(status="published")
                | (Q(published_by__isnull=False) & ~Q(published_by=F("created_by"))),
                name="published_by_a_second_person",
            ),
        ]
        triggers = [
            pgtrigger.Protect(
                name="published_is_not_deleted",
                operation=pgtrigger.Delete,
                condition=pgtrigger.Q(old__status__in=["published", "superseded"]),
            ),
            pgtrigger.Trigger(
                name="published_is_not_edited",
                operation=pgtrigger.Update,
                when=pgtrigger.Before,
                condition=pgtrigger.Q(old__status__in=["published", "superseded"]),
                func="""
                IF (to_jsonb(NEW) - 'status' - 'superseded_at') IS DISTINCT FROM (to_jsonb(OLD) - 'status' - 'superseded_at')
                   OR NEW.status NOT IN (OLD.status, 'superseded') THEN
                    RAISE EXCEPTION 'revision % of this rule is published: supersede it with a new revision', OLD.number;
                END IF;
                RETURN NEW;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.rule.identifier} r{self.number}"
