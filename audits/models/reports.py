"""Reports: what was asked for, a frozen context, its hash, and the paper made from it."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from audits.models.runs import Run
from compliance.models import Project


class Report(models.Model):
    """One report. About one run, or about several: then `projects` are those whose material it holds."""

    class State(models.TextChoices):
        QUEUED = "queued", "Queued"
        RENDERING = "rendering", "Rendering"
        READY = "ready", "Ready"
        ERRORED = "errored", "Errored"
        CANCELLED = "cancelled", "Cancelled"

    OPEN = (State.QUEUED, State.RENDERING)

    class Marking(models.TextChoices):
        DRAFT = "draft", "Draft"
        FINAL = "final", "Final"

    class Scope(models.TextChoices):
        RUN = "run", "Run"
        PROJECT = "project", "Project"
        STUDENT = "student", "Student"
        PROVIDER = "provider", "Provider"
        PERIOD = "period", "Period"
        ORGANISATION = "organisation", "Organisation"

    class Profile(models.TextChoices):
        COUNSEL = "counsel", "Counsel"
        ENGINEERING = "engineering", "Engineering"
        OUTSIDE = "outside", "Outside party"

    run = models.ForeignKey(
        Run, on_delete=models.PROTECT, related_name="reports", null=True, blank=True, help_text="Empty: several runs"
    )
    project = models.ForeignKey(
        Project, on_delete=models.PROTECT, related_name="reports", null=True, blank=True,
        help_text="Of several runs: the project that its number counts in; empty: more than one project",
    )  # fmt: skip
    projects = models.ManyToManyField(
        Project, related_name="+", blank=True, help_text="Of several runs: whose material it holds"
    )
    number = models.PositiveIntegerField()
    title = models.CharField(max_length=300, blank=True, help_text="What it is about, as it was when it was asked for")
    scope = models.CharField(max_length=12, choices=Scope, default=Scope.RUN)
    profile = models.CharField(max_length=12, choices=Profile, default=Profile.COUNSEL)
    options = models.JSONField(default=dict, blank=True, help_text="As audits.reporting.options reads them")
    since = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="+", help_text="Held against this one"
    )
    privileged = models.BooleanField(default=False, help_text="Holds what lawyers keep among themselves")
    with_contents = models.BooleanField(default=False, help_text="Holds words that were said in calls")
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    progress = models.JSONField(default=list, blank=True, help_text="In order: {part, state: waiting|making|done}")
    cancel_asked_at = models.DateTimeField(null=True, blank=True)
    marking = models.CharField(max_length=6, choices=Marking, default=Marking.DRAFT)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True)
    requested_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    context_sha256 = models.CharField(max_length=64, blank=True, help_text="Frozen context, in the evidence store")
    pdf_sha256 = models.CharField(max_length=64, blank=True)
    pages = models.PositiveIntegerField(null=True, blank=True)
    size = models.PositiveBigIntegerField(null=True, blank=True, help_text="Of the PDF, bytes")
    error = models.TextField(blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["run", "number"], name="report_numbers_are_unique"),
            models.UniqueConstraint(
                fields=["project", "number"],
                condition=Q(run=None),
                nulls_distinct=False,
                name="report_numbers_elsewhere",
            ),
            models.CheckConstraint(condition=Q(run=None) | Q(project=None), name="reports_count_in_one_place"),
            models.CheckConstraint(condition=Q(run=None) ^ Q(scope="run"), name="reports_of_a_run_name_it"),
            models.CheckConstraint(
                condition=Q(privileged=False) | Q(profile="counsel"), name="privileged_reports_are_for_counsel"
            ),
        ]

    def __str__(self) -> str:
        return f"Report {self.number} on {self.run if self.run_id else self.title}"


class ReportPreset(models.Model):
    """Options under a name: of one person, or of a project for all who have its reports made. `scope` is not kept."""

    name = models.CharField(max_length=80)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, blank=True, related_name="report_presets"
    )
    project = models.ForeignKey(Project, on_delete=models.CASCADE, null=True, blank=True, related_name="report_presets")
    options = models.JSONField()
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["name", "id"]
        constraints = [
            models.UniqueConstraint(fields=["owner", "name"], condition=~Q(owner=None), name="own_presets_by_name"),
            models.UniqueConstraint(fields=["project", "name"], condition=~Q(project=None), name="presets_by_name"),
            models.CheckConstraint(
                condition=Q(owner=None, project__isnull=False) | Q(owner__isnull=False, project=None),
                name="presets_are_a_persons_or_a_projects",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class ReportBrand(models.Model):
    """The name, colour and logo that reports of a project carry; without a project: those about more than one."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    name = models.CharField(max_length=80, blank=True)
    colour = models.CharField(max_length=7, blank=True, help_text="#RRGGBB, checked against white")
    logo_sha256 = models.CharField(max_length=64, blank=True, help_text="Made anew from what was given; in the store")
    logo_type = models.CharField(max_length=20, blank=True, help_text="image/png or image/svg+xml")
    set_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    set_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["project"]
        constraints = [models.UniqueConstraint(fields=["project"], nulls_distinct=False, name="one_brand_per_project")]

    def __str__(self) -> str:
        return self.name or f"Brand of {self.project or 'the organisation'}"
