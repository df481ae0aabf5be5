"""The desk: who sees to a finding and until when, what people say about it, and which facts are asked of whom."""

from django.conf import settings
from django.db import models

from audits.models.findings import Finding
from compliance.models import Project
from compliance.models.people import APPEND_ONLY


class Assignment(models.Model):
    """Who sees to a finding, in every run of the project, and until when. The trail keeps what it was before."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="assignments")
    finding_key = models.CharField(max_length=500)
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="assignments"
    )
    due_on = models.DateField(null=True, blank=True)
    assigned_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    assigned_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["project", "finding_key"], name="one_assignment_per_finding")]

    def __str__(self) -> str:
        return f"{self.assignee or 'nobody'} sees to {self.finding_key}"


class SavedView(models.Model):
    """A filter of the findings that a person keeps under a name."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="saved_views")
    name = models.CharField(max_length=80)
    query = models.CharField(max_length=500, help_text="The part of the address after the question mark")

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["user", "name"], name="a_views_name_is_unique_to_its_person")]

    def __str__(self) -> str:
        return self.name


class Remark(models.Model):
    """One entry of the discussion of a finding. A privileged one is for lawyers and auditors, in every place."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="remarks")
    finding_key = models.CharField(max_length=500)
    finding = models.ForeignKey(Finding, on_delete=models.PROTECT, related_name="remarks")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="remarks")
    at = models.DateTimeField(auto_now_add=True)
    body = models.TextField()
    privileged = models.BooleanField(default=False)

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["project", "finding_key"], name="remarks_by_key")]
        triggers = [APPEND_ONLY]

    def __str__(self) -> str:
        return f"{self.author}, {self.at:%Y-%m-%d %H:%M}"


class Enclosure(models.Model):
    """A file given with a remark; its bytes lie in the store of evidence."""

    remark = models.ForeignKey(Remark, on_delete=models.PROTECT, related_name="enclosures")
    name = models.CharField(max_length=200)
    sha256 = models.CharField(max_length=64)
    size = models.PositiveBigIntegerField(help_text="Bytes")

    class Meta:
        ordering = ["id"]
        triggers = [APPEND_ONLY]

    def __str__(self) -> str:
        return self.name


class FactRequest(models.Model):
    """A fact that somebody is asked for: who asks whom, about which finding, and what came of it."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="fact_requests")
    finding = models.ForeignKey(Finding, on_delete=models.PROTECT, related_name="fact_requests")
    fact = models.CharField(max_length=80, help_text="As the engine names it; empty: a question in words alone")
    provider = models.CharField(max_length=60, blank=True, help_text="Where the fact depends on the provider")
    question = models.TextField()
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    asked_of = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="facts_asked")
    asked_at = models.DateTimeField(auto_now_add=True)
    due_on = models.DateField(null=True, blank=True)
    reply = models.TextField(blank=True)
    replied_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    replied_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.question[:80]


class Remedy(models.Model):
    """Work that makes a finding go away. Done is what the next run shows, not what somebody ticks."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="remedies")
    finding_key = models.CharField(max_length=500)
    finding = models.ForeignKey(Finding, on_delete=models.PROTECT, related_name="remedies")
    what = models.TextField(help_text="What is to be changed")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="remedies")
    due_on = models.DateField()
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(auto_now_add=True)
    claimed_at = models.DateTimeField(null=True, blank=True, help_text="When its owner said that it is changed")
    dropped_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["due_on", "id"]
        verbose_name_plural = "remedies"

    def __str__(self) -> str:
        return self.what[:80]
