"""The desk: who sees to a finding and until when, what people say about it, and which facts are asked of whom."""

from django.conf import settings
from django.db import models

from audits.models.answers import FactAnswer
from audits.models.findings import Finding
from audits.models.runs import Run
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
    """A filter of a list that a person keeps under a name."""

    class Place(models.TextChoices):
        FINDINGS = "findings", "Findings"
        WORK = "work", "Work"

    place = models.CharField(max_length=10, choices=Place, default=Place.FINDINGS)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="saved_views")
    name = models.CharField(max_length=80)
    query = models.CharField(max_length=500, help_text="The part of the address after the question mark")

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["user", "place", "name"], name="a_views_name_is_unique_to_its_person")
        ]

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

    class Form(models.TextChoices):
        YES_NO = "yes_no", "Yes or no"
        CHOICE = "choice", "One of several"
        TEXT = "text", "Words"
        NUMBER = "number", "A number"
        DATE = "date", "A day"
        DOCUMENT = "document", "A document"

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="fact_requests")
    finding = models.ForeignKey(Finding, on_delete=models.PROTECT, related_name="fact_requests")
    fact = models.CharField(
        max_length=80, blank=True, help_text="As the engine names it; empty: a question in words alone"
    )
    provider = models.CharField(max_length=60, blank=True, help_text="Where the fact depends on the provider")
    student = models.CharField(max_length=200, blank=True, help_text="Whom the fact is about")
    form = models.CharField(max_length=8, choices=Form, default=Form.TEXT)
    choices = models.JSONField(default=list, blank=True, help_text="What is offered, where one of several is asked for")
    question = models.TextField()
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    asked_of = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="facts_asked")
    asked_at = models.DateTimeField(auto_now_add=True)
    due_on = models.DateField(null=True, blank=True)
    reply = models.TextField(blank=True, help_text="In words, whatever was asked for")
    answer = models.ForeignKey(
        FactAnswer, on_delete=models.PROTECT, null=True, blank=True, related_name="+", help_text="The fact on record"
    )
    document_name = models.CharField(max_length=200, blank=True)
    document_sha256 = models.CharField(max_length=64, blank=True, help_text="In the store of evidence")
    document_size = models.PositiveBigIntegerField(null=True, blank=True, help_text="Bytes")
    replied_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    replied_at = models.DateTimeField(null=True, blank=True)
    withdrawn_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawal_reason = models.TextField(blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(replied_at__isnull=True) | models.Q(withdrawn_at__isnull=True),
                name="a_request_is_answered_or_withdrawn",
            )
        ]

    def __str__(self) -> str:
        return self.question[:80]

    @property
    def is_open(self) -> bool:
        return self.replied_at is None and self.withdrawn_at is None


class Remedy(models.Model):
    """Work that makes a finding go away. Done is what the next run shows, not what somebody ticks."""

    class State(models.TextChoices):
        OPEN = "open", "To be done"
        CLAIMED = "claimed", "Said to be changed, to be shown by the next run"
        PROVED = "proved", "Shown by a run"
        DISPROVED = "disproved", "Open again: a later run still found it"
        DROPPED = "dropped", "Dropped"

    TO_DO = (State.OPEN, State.DISPROVED)

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="remedies")
    finding_key = models.CharField(max_length=500)
    finding = models.ForeignKey(Finding, on_delete=models.PROTECT, related_name="remedies")
    what = models.TextField(help_text="What is to be changed")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="remedies")
    due_on = models.DateField()
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(auto_now_add=True)
    state = models.CharField(max_length=9, choices=State, default=State.OPEN)
    claimed_at = models.DateTimeField(null=True, blank=True, help_text="When its owner said that it is changed")
    claimed_run = models.ForeignKey(
        Run, on_delete=models.PROTECT, null=True, blank=True, related_name="+",
        help_text="The pipeline's newest run at that moment: only a later one can show it",
    )  # fmt: skip
    settled_at = models.DateTimeField(null=True, blank=True)
    settled_run = models.ForeignKey(
        Run, on_delete=models.PROTECT, null=True, blank=True, related_name="+",
        help_text="The run that showed it, or showed otherwise",
    )  # fmt: skip
    why = models.TextField(blank=True, help_text="What that run showed, or why the work was dropped")
    dropped_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["due_on", "id"]
        verbose_name_plural = "remedies"
        indexes = [models.Index(fields=["project", "finding_key"], name="remedies_by_key")]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(state="proved") | models.Q(settled_run__isnull=False),
                name="a_remedy_is_proved_by_a_run",
            )
        ]

    def __str__(self) -> str:
        return self.what[:80]


class RemedyStep(models.Model):
    """One thing that happened to a remedy; the history of its work."""

    class What(models.TextChoices):
        ASKED = "asked", "Asked for"
        MOVED = "moved", "Owner, day or words changed"
        CLAIMED = "claimed", "Said to be changed"
        PROVED = "proved", "Shown by a run"
        DISPROVED = "disproved", "Still found by a run"
        UNCLEAR = "unclear", "A run could not show it"
        DROPPED = "dropped", "Dropped"

    remedy = models.ForeignKey(Remedy, on_delete=models.PROTECT, related_name="history")
    what = models.CharField(max_length=9, choices=What)
    at = models.DateTimeField(auto_now_add=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    run = models.ForeignKey(Run, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    words = models.TextField(blank=True)

    class Meta:
        ordering = ["id"]
        triggers = [APPEND_ONLY]

    def __str__(self) -> str:
        return self.get_what_display()
