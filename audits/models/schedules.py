"""Reports that are made again and again, and each time that one was due."""

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from audits.models.reports import Report
from compliance.models import Project


class ReportSchedule(models.Model):
    """A report by the calendar, in the owner's name: it holds what the owner may have reports made of, that day."""

    class Every(models.TextChoices):
        DAY = "day", "Every day"
        WEEK = "week", "Every week"
        MONTH = "month", "Every month"
        QUARTER = "quarter", "Every quarter"

    class Window(models.TextChoices):
        ALL = "all", "Everything on record"
        PAST = "past", "What happened since the time before"

    name = models.CharField(max_length=120)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="report_schedules")
    projects = models.ManyToManyField(Project, related_name="+", help_text="Whose material it was set up for")
    options = models.JSONField(help_text="As audits.reporting.options reads them")
    marking = models.CharField(max_length=6, choices=Report.Marking, default=Report.Marking.DRAFT)
    every = models.CharField(max_length=7, choices=Every, default=Every.WEEK)
    weekday = models.PositiveSmallIntegerField(default=0, help_text="0: Monday", validators=[MaxValueValidator(6)])
    day = models.PositiveSmallIntegerField(
        default=1, help_text="Of the month; in a shorter month its last day",
        validators=[MinValueValidator(1), MaxValueValidator(31)],
    )  # fmt: skip
    at = models.TimeField(help_text="Local time in the zone")
    zone = models.CharField(max_length=60, default="UTC", help_text="As in Europe/Berlin")
    window = models.CharField(max_length=4, choices=Window, default=Window.ALL)
    only_if_changed = models.BooleanField(default=False)
    compare = models.BooleanField(default=False, help_text="Held against the one made before")
    recipients = models.ManyToManyField(settings.AUTH_USER_MODEL, related_name="+", blank=True)
    next_at = models.DateTimeField(null=True, blank=True, db_index=True, help_text="Empty: paused or ended")
    paused_at = models.DateTimeField(null=True, blank=True)
    paused_because = models.CharField(max_length=300, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(next_at__isnull=True) | Q(paused_at__isnull=True, ended_at__isnull=True),
                name="paused_schedules_are_not_due",
            ),
            models.CheckConstraint(condition=Q(weekday__lte=6), name="a_week_has_seven_days"),
            models.CheckConstraint(condition=Q(day__gte=1) & Q(day__lte=31), name="a_month_has_31_days_at_most"),
        ]

    def __str__(self) -> str:
        return self.name


class ScheduledReport(models.Model):
    """One time that a schedule was due, or was asked for by hand, and what came of it."""

    class Outcome(models.TextChoices):
        MADE = "made", "Report asked for"
        UNCHANGED = "unchanged", "Nothing had changed"
        REFUSED = "refused", "Not made"

    schedule = models.ForeignKey(ReportSchedule, on_delete=models.PROTECT, related_name="times")
    due_at = models.DateTimeField()
    at = models.DateTimeField(auto_now_add=True)
    by_hand = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+",
        help_text="Who asked for it out of turn",
    )  # fmt: skip
    outcome = models.CharField(max_length=9, choices=Outcome)
    note = models.CharField(max_length=400, blank=True)
    material_sha256 = models.CharField(max_length=64, blank=True, help_text="Of what the report would rest on")
    report = models.ForeignKey(Report, on_delete=models.PROTECT, null=True, blank=True, related_name="scheduled")
    told_at = models.DateTimeField(null=True, blank=True, help_text="When recipients were told of the finished report")

    class Meta:
        ordering = ["-due_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["schedule", "due_at"], condition=Q(by_hand=None), name="a_due_time_is_met_once"
            ),
            models.CheckConstraint(condition=Q(outcome="made") ^ Q(report=None), name="what_was_made_names_its_report"),
        ]

    def __str__(self) -> str:
        return f"{self.schedule} of {self.due_at:%Y-%m-%d}"
