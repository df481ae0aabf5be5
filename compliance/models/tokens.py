"""Tokens of the API: what a program may do in a person's name."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models

from compliance.models.people import Project


class ApiToken(models.Model):
    """Lets a program act for one person, within the scopes named and never beyond what the person may. Shown once."""

    class Scope(models.TextChoices):
        READ = "read", "Read what its maker sees: runs, findings, reports, the graph, terms"
        CONTENTS = "contents", "Read what was said in calls, and take evidence bundles away"
        RUN = "run", "Add pipelines, start and cancel audits, import usage, say who sees to findings"
        REPORT = "report", "Have reports made"
        DISCUSS = "discuss", "Write remarks on findings, in its maker’s name"

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="api_tokens")
    name = models.CharField(max_length=120, help_text="What uses it, as in “nightly gate”")
    hint = models.CharField(max_length=16, editable=False, help_text="Its first characters, to tell it from others")
    digest = models.CharField(max_length=64, unique=True, editable=False, help_text="SHA-256 of the token")
    scopes = ArrayField(models.CharField(max_length=20, choices=Scope), help_text="What it may do")
    project = models.ForeignKey(
        Project, on_delete=models.PROTECT, null=True, blank=True, related_name="api_tokens",
        help_text="The only project it opens; empty: all that the person sees",
    )  # fmt: skip
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(help_text="From then on it is refused")
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.name} of {self.user}"
