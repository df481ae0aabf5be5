"""Links by which people outside read a report, and every time somebody followed one."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q

from audits.models.reports import Report


class ShareLink(models.Model):
    """A report for a named person outside, for a time. The link's secret is shown once; its digest is kept."""

    class Reach(models.TextChoices):
        VIEW = "view", "Read the PDF in the browser"
        DOWNLOAD = "download", "Take the files away"

    report = models.ForeignKey(Report, on_delete=models.PROTECT, related_name="links")
    recipient = models.CharField(max_length=200, help_text="Whom it is for")
    reach = models.CharField(max_length=8, choices=Reach, default=Reach.VIEW)
    forms = models.JSONField(default=list, help_text="What it opens: pdf and other forms of the report")
    digest = models.CharField(max_length=64, unique=True, editable=False, help_text="SHA-256 of the link's secret")
    password = models.CharField(max_length=200, blank=True, editable=False, help_text="Hashed; empty: none is asked")
    most_uses = models.PositiveIntegerField(
        null=True, blank=True, help_text="Files given out at most; empty: any number"
    )
    uses = models.PositiveIntegerField(default=0)
    expires_at = models.DateTimeField(help_text="From then on the link is refused")
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField(auto_now_add=True)
    revoked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(most_uses__isnull=True) | Q(uses__lte=F("most_uses")),
                name="links_are_used_so_often_at_most",
            ),
            models.CheckConstraint(
                condition=Q(revoked_at__isnull=True) | Q(revoked_by__isnull=False), name="a_revoked_link_names_who"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.report} for {self.recipient}"


class ShareLook(models.Model):
    """Somebody followed a link. Never changed, never deleted."""

    class What(models.TextChoices):
        PAGE = "page", "Opened the page"
        FILE = "file", "Was given a file"
        PASSWORD = "password", "Gave a wrong password"
        REFUSED = "refused", "Was refused"

    link = models.ForeignKey(ShareLink, on_delete=models.PROTECT, related_name="looks")
    at = models.DateTimeField(auto_now_add=True)
    what = models.CharField(max_length=8, choices=What)
    form = models.CharField(max_length=20, blank=True)
    address = models.CharField(max_length=64, blank=True)
    agent = models.CharField(max_length=200, blank=True, help_text="What the program calls itself; not proved")

    class Meta:
        ordering = ["-id"]
        triggers = [pgtrigger.Protect(name="share_looks_stay", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"{self.get_what_display()}: {self.link}"
