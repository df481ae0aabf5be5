"""Decisions: made by people, never overwritten."""

from django.conf import settings
from django.db import models

from audits.models.covering import COVERS
from audits.models.findings import Finding
from compliance.models import Project, RuleRevision
from compliance.models.people import APPEND_ONLY

_DONE = {
    "confirm": "Confirmed",
    "accept_risk": "Risk accepted",
    "waive": "Waived",
    "false_positive": "False positive",
    "remediated": "Remediated",
    "needs_facts": "Facts asked for",
    "reopen": "Opened again",
}


class Decision(models.Model):
    """What a person decided, why, for what, and until when. A later decision adds to the history; none is overwritten."""

    class Kind(models.TextChoices):
        CONFIRM = "confirm", "Confirm"
        ACCEPT_RISK = "accept_risk", "Accept the risk"
        WAIVE = "waive", "Waive until a day"
        FALSE_POSITIVE = "false_positive", "False positive"
        REMEDIATED = "remediated", "Remediated"
        NEEDS_FACTS = "needs_facts", "Needs facts"
        REOPEN = "reopen", "Open again"

        @property
        def done(self) -> str:
            """The decision as it reads once it is made: "Confirmed", "Risk accepted"; a waiver's last day follows."""
            return _DONE[self.value]

    class Scope(models.TextChoices):
        FINDING = "finding", "This finding, in every run of the project"
        STUDENT = "student", "This rule, for this student"
        PROJECT = "project", "This rule, in the whole project"

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="decisions")
    finding_key = models.CharField(max_length=500)
    finding = models.ForeignKey(Finding, on_delete=models.PROTECT, related_name="decisions")
    kind = models.CharField(max_length=14, choices=Kind)
    reason = models.TextField()
    basis_sha256 = models.CharField(max_length=64, help_text="What the finding rested on when this was decided")
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT)
    decided_at = models.DateTimeField(auto_now_add=True)
    scope = models.CharField(max_length=8, choices=Scope, default=Scope.FINDING)
    rule = models.CharField(max_length=200, blank=True, help_text="Of a wider scope: the rule that it is about")
    student = models.CharField(max_length=200, blank=True, help_text="Of a wider scope: the student's name")
    rule_revision = models.ForeignKey(
        RuleRevision, on_delete=models.PROTECT, null=True, blank=True, related_name="+",
        help_text="Of a wider scope: the rule as it was worded then",
    )  # fmt: skip
    until = models.DateField(null=True, blank=True, help_text="The last day on which it holds")
    remedy = models.ForeignKey(
        "audits.Remedy", on_delete=models.PROTECT, null=True, blank=True, related_name="decisions",
        help_text="Of what is said to be remediated: the work that a run has shown, or has to show",
    )  # fmt: skip

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["project", "finding_key"], name="decisions_by_key"),
            models.Index(fields=["project", "rule"], name="decisions_by_rule", condition=~models.Q(rule="")),
        ]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(kind="waive") | models.Q(until__isnull=False), name="a_waiver_ends"
            ),
            models.CheckConstraint(
                condition=models.Q(scope="finding") | ~models.Q(rule=""), name="a_wider_decision_names_its_rule"
            ),
            models.CheckConstraint(
                condition=models.Q(remedy=None) | models.Q(kind="remediated"),
                name="work_stands_behind_remediated_alone",
            ),
        ]
        triggers = [APPEND_ONLY, COVERS]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} by {self.decided_by}"
