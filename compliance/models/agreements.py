"""Negotiated terms and written permissions: what they lift, for whom, from when to when."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from compliance.models.documents import TermsDocument
from compliance.models.people import Project
from compliance.models.providers import Provider


class Agreement(models.Model):
    provider = models.ForeignKey(Provider, on_delete=models.PROTECT, related_name="agreements")
    project = models.ForeignKey(
        Project, on_delete=models.PROTECT, null=True, blank=True, help_text="Empty: the whole organisation."
    )
    reference = models.CharField(max_length=200, help_text="As it would be cited: order form 2025-17, letter of …")
    documents = models.ManyToManyField(
        TermsDocument, blank=True, help_text="Whose rules it overrides; none chosen: all of the provider's."
    )
    grants = models.JSONField(default=list, help_text='Activities it allows: ["train_on_output"]')
    starts_on = models.DateField()
    ends_on = models.DateField(null=True, blank=True, help_text="Last day; empty: without end.")
    notes = models.TextField(blank=True)
    file = models.FileField(upload_to="agreements/", blank=True)
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True)
    added_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["provider", "starts_on"]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_on__isnull=True) | Q(ends_on__gte=F("starts_on")),
                name="agreement_ends_after_it_starts",
            )
        ]

    def __str__(self) -> str:
        return f"{self.provider}: {self.reference}"
