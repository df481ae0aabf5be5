"""Who uses Clausetrail, on which projects, and what they did."""

import pgtrigger
from django.contrib.auth.models import AbstractUser
from django.db import models

APPEND_ONLY = pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)


class User(AbstractUser):
    """A person. The role holds in the whole installation; what a member sees comes from memberships."""

    class Role(models.TextChoices):
        MEMBER = "member", "Member of projects"
        LEGAL = "legal", "Legal: sees every project, decides findings"
        ADMINISTRATOR = "administrator", "Administrator: rules and people"
        AUDITOR = "auditor", "Auditor: reads every project and the trail, changes nothing"

    role = models.CharField(max_length=20, choices=Role, default=Role.MEMBER)

    only_project_id: int | None = None
    """Set while a token acts for the person that opens one project alone; never stored."""
    token_scopes: frozenset[str] | None = None
    """Set while a token acts for the person: what it may do at most; never stored."""

    class Meta:
        ordering = ["username"]
        verbose_name = "person"
        verbose_name_plural = "people"

    def __str__(self) -> str:
        return self.get_full_name() or self.username


class Project(models.Model):
    """What pipelines, runs and findings are kept under; the unit of access."""

    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=120)
    description = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """What a person is in one project. What each role may do stands in compliance.access."""

    class Role(models.TextChoices):
        VIEWER = "viewer", "Viewer: reads, but not what was said in calls"
        ENGINEER = "engineer", "Engineer: runs audits"
        LEGAL = "legal", "Reviewer (legal): decides findings"
        APPROVER = "approver", "Approver (legal): signs audits, decides nothing"
        ADMINISTRATOR = "administrator", "Administrator of the project: people and retention"
        AUDITOR = "auditor", "Auditor: reads everything, changes nothing"
        COUNSEL = "counsel", "Outside counsel: reads and advises, by invitation"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=20, choices=Role, default=Role.ENGINEER)
    ends_at = models.DateTimeField(null=True, blank=True, help_text="From then on the project is closed to them")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "user"], name="one_membership_per_project")]

    def __str__(self) -> str:
        return f"{self.user} in {self.project} ({self.get_role_display()})"


class TrailEntry(models.Model):
    """One line of the audit trail, written in the transaction of what it tells of. Never changed, never deleted."""

    at = models.DateTimeField(auto_now_add=True)
    user = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, help_text="Empty: the system.")
    action = models.CharField(max_length=80)
    object_type = models.CharField(max_length=60)
    object_id = models.CharField(max_length=80)
    object_label = models.CharField(max_length=200, blank=True)
    project = models.ForeignKey(Project, on_delete=models.PROTECT, null=True, blank=True)
    detail = models.JSONField(default=dict)

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "trail entries"
        indexes = [models.Index(fields=["object_type", "object_id"], name="trail_by_object")]
        triggers = [APPEND_ONLY]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.action} {self.object_label}"
