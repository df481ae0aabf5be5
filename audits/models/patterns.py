"""Who is behind an account, a key or a user as logs name it; and what patterns a period's calls show."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from compliance.models import Project


class AccountOwner(models.Model):
    """Says whose an account, key or user of a log is, for a time: the team, the person, the project it works for."""

    class Field(models.TextChoices):
        KEY = "key", "Key"
        PERSON = "person", "User or service"
        ACCOUNT = "account", "Account, organisation or team"

    project = models.ForeignKey(
        Project, on_delete=models.CASCADE, related_name="account_owners", help_text="Whose logs and runs it is said of"
    )
    served_by = models.CharField(max_length=60, blank=True, help_text="Only there; empty: wherever it is named")
    field = models.CharField(max_length=7, choices=Field)
    pattern = models.CharField(max_length=160, help_text="As logs name it; * stands for any characters")
    team = models.CharField(max_length=120, blank=True)
    person = models.CharField(max_length=120, blank=True)
    works_for = models.ForeignKey(
        Project, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", help_text="Whose work it does"
    )
    region = models.CharField(
        max_length=2, blank=True, help_text="Country where it is to be used from, as in DE; empty: not said"
    )
    first_day = models.DateField(null=True, blank=True, help_text="Empty: always was")
    last_day = models.DateField(null=True, blank=True, help_text="Empty: still is")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["field", "pattern", "-id"]
        constraints = [
            models.CheckConstraint(condition=~Q(team="", person="", works_for=None), name="owners_name_somebody"),
            models.CheckConstraint(
                condition=Q(first_day=None) | Q(last_day=None) | Q(last_day__gte=F("first_day")), name="owners_in_order"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_field_display()} {self.pattern}: {self.team or self.person or self.works_for}"


class PatternReading(models.Model):
    """One look over the calls of a project and period for patterns of extraction. A later look replaces it."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="pattern_readings")
    first_day = models.DateField()
    last_day = models.DateField()
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    requested_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True, help_text="Empty: it waits, or is under way")
    recorded = models.PositiveBigIntegerField(default=0, help_text="Calls from runs under audit")
    logged = models.PositiveBigIntegerField(default=0, help_text="Calls from imported logs")
    wordless = models.PositiveBigIntegerField(default=0, help_text="Calls of which no prompt is kept")
    accounts = models.PositiveIntegerField(default=0)
    problem = models.TextField(blank=True, help_text="Why it came to nothing, as a sentence")

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["project", "-id"], name="pattern_readings_by_project")]

    def __str__(self) -> str:
        return f"{self.project}, {self.first_day} to {self.last_day}"


class PatternIndicator(models.Model):
    """One indicator and its evidence. It says what was counted and against which baseline, never what it means."""

    reading = models.ForeignKey(PatternReading, on_delete=models.CASCADE, related_name="indicators")
    kind = models.CharField(max_length=20)
    subject = models.CharField(max_length=300, help_text="The account, or the words that the prompts share")
    calls = models.PositiveBigIntegerField(help_text="Calls that it rests on")
    value = models.FloatField()
    baseline = models.FloatField()
    figures = models.JSONField(default=dict)
    samples = models.JSONField(default=list, help_text="Which calls: kind and id, time, account, prompt as kept")

    class Meta:
        ordering = ["kind", "-calls", "id"]

    def __str__(self) -> str:
        return f"{self.kind}: {self.subject}"
