"""Invitations: how people from outside come to one project, and for how long."""

from django.conf import settings
from django.db import models

from compliance.models.people import Membership, Project


class Invitation(models.Model):
    """Somebody was asked into a project. The link's secret is shown once; its digest is kept."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="invitations")
    email = models.EmailField(help_text="Whom the link is for; the account that is made gets this address")
    role = models.CharField(max_length=20, choices=Membership.Role, default=Membership.Role.COUNSEL)
    digest = models.CharField(max_length=64, unique=True, editable=False, help_text="SHA-256 of the link's secret")
    invited_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    invited_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(help_text="From then on the link is refused")
    access_ends_at = models.DateTimeField(null=True, blank=True, help_text="When the membership it makes ends")
    accepted_at = models.DateTimeField(null=True, blank=True, editable=False)
    accepted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, editable=False, related_name="+"
    )
    withdrawn_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(accepted_at__isnull=True) | models.Q(accepted_by__isnull=False),
                name="an_accepted_invitation_names_who",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.email} to {self.project}"
