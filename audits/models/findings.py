"""What the terms say of the use that was recorded: computed, and recomputed at will."""

from django.db import models

from audits.models.covering import COVERED
from audits.models.runs import Run
from compliance.models import RuleRevision


class Outcome(models.TextChoices):
    """Strictest first; the order is that of the interface (CONTRACTS, "Strictest wins")."""

    PROHIBITED = "prohibited", "Prohibited"
    NEEDS_FACTS = "needs_facts", "Needs facts"
    PERMITTED_WITH_DUTIES = "permitted_with_duties", "Permitted, with duties"
    PERMITTED = "permitted", "Permitted"
    NOT_ADDRESSED = "not_addressed", "Terms are silent"


class CurrentUses(models.Manager["AssessedUse"]):
    """Uses as they are judged today; what a re-judging replaced is kept under `AssessedUse.every`."""

    def get_queryset(self) -> models.QuerySet["AssessedUse"]:
        return super().get_queryset().filter(superseded_at__isnull=True)


class AssessedUse(models.Model):
    """One distinct use of one provider's model in one run, with the engine's whole answer. Re-judging adds rows."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="uses")
    provider = models.CharField(max_length=60, blank=True)
    served_by = models.CharField(max_length=60, blank=True)
    model = models.CharField(max_length=300, blank=True)
    activity = models.CharField(max_length=40)
    first_on = models.DateField()
    last_on = models.DateField()
    calls = models.PositiveBigIntegerField()
    rows = models.PositiveBigIntegerField(default=0)
    outcome = models.CharField(max_length=24, choices=Outcome)
    facts = models.JSONField(help_text="Dotted fact to {value, source, by}")
    answer = models.JSONField(help_text="The engine's answer")
    simulated = models.BooleanField(default=False)
    days = models.JSONField(default=dict, blank=True, help_text="Calls on each day of the use: ISO day to number")
    law_sha256 = models.CharField(max_length=64, blank=True, help_text="Of the papers, rules and results in the answer")
    superseded_at = models.DateTimeField(null=True, blank=True, help_text="When a re-judging replaced it")

    objects = CurrentUses()
    every = models.Manager()

    class Meta:
        ordering = ["run", "id"]
        default_manager_name = "objects"
        base_manager_name = "every"

    def __str__(self) -> str:
        return f"{self.activity} with {self.model}"


class CurrentFindings(models.Manager["Finding"]):
    """Findings that stand today; what re-judging no longer finds is kept under `Finding.every`."""

    def get_queryset(self) -> models.QuerySet["Finding"]:
        return super().get_queryset().filter(gone_at__isnull=True)


class Finding(models.Model):
    """One thing counsel should read: a rule that applies or might, a silence, a missing text, a contradiction."""

    class Kind(models.TextChoices):
        RULE = "rule", "Rule"
        DUTY = "duty", "Duty"
        TERMS_MISSING = "terms_missing", "Terms not held"
        SILENCE = "silence", "Terms are silent"
        CONTRADICTION = "contradiction", "Contradiction"

    class Level(models.TextChoices):
        ERROR = "error", "Error"
        WARNING = "warning", "Warning"
        NOTE = "note", "Note"
        NONE = "none", "None"

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="findings")
    use = models.ForeignKey(AssessedUse, on_delete=models.CASCADE, null=True, blank=True, related_name="findings")
    number = models.PositiveIntegerField()
    key = models.CharField(max_length=500, help_text="Rule, subject and scope: decisions are kept under it")
    kind = models.CharField(max_length=14, choices=Kind)
    outcome = models.CharField(max_length=24, choices=Outcome)
    level = models.CharField(max_length=8, choices=Level)
    provider = models.CharField(max_length=60, blank=True)
    title = models.CharField(max_length=300)
    sentence = models.TextField(help_text="The verdict as a sentence a lawyer could quote")
    rule_revision = models.ForeignKey(RuleRevision, on_delete=models.PROTECT, null=True, blank=True)
    document = models.CharField(max_length=160, blank=True)
    version = models.CharField(max_length=60, blank=True)
    section = models.CharField(max_length=200, blank=True)
    because = models.JSONField(default=list)
    missing_facts = models.JSONField(default=list)
    detail = models.JSONField(default=dict)
    calls = models.PositiveBigIntegerField(default=0)
    rows = models.PositiveBigIntegerField(default=0)
    basis_sha256 = models.CharField(max_length=64, help_text="Of what a decision on it would rest on")
    gone_at = models.DateTimeField(null=True, blank=True, help_text="When re-judging no longer found it")
    decision = models.ForeignKey(
        "audits.Decision", on_delete=models.PROTECT, null=True, blank=True, editable=False, related_name="+",
        db_index=False, help_text="The newest that covers it, kept by the database (decision 0308)",
    )  # fmt: skip

    objects = CurrentFindings()
    every = models.Manager()

    class Meta:
        ordering = ["run", "number"]
        default_manager_name = "objects"
        base_manager_name = "every"
        constraints = [
            models.UniqueConstraint(fields=["run", "number"], name="finding_numbers_are_unique"),
            models.UniqueConstraint(fields=["run", "key"], name="one_finding_per_key"),
        ]
        indexes = [
            models.Index(fields=["key"], name="findings_by_key"),
            models.Index(
                fields=["run", "provider"], name="findings_by_provider", condition=models.Q(gone_at__isnull=True)
            ),
        ]
        triggers = [COVERED]

    def __str__(self) -> str:
        return self.title
