"""What people say a model's name means, where the catalogue can't tell or tells it wrong."""

from django.conf import settings
from django.db import models

from compliance.models.people import APPEND_ONLY


class ModelCorrection(models.Model):
    """A person's word on one name. The newest of a name holds; an empty developer takes the former word back."""

    name = models.CharField(max_length=300, help_text="The name without channel prefixes and dates of routing")
    developer = models.CharField(max_length=60, blank=True, help_text="A provider's slug; empty: not known after all")
    family = models.CharField(max_length=200, blank=True, help_text="The catalogue's entry that it belongs to")
    base = models.CharField(max_length=200, blank=True, help_text="The catalogue's entry that it was built on")
    licences = models.JSONField(default=list, blank=True, help_text="Documents: the licence of its weights")
    open_weights = models.BooleanField(default=False)
    reason = models.TextField()
    corrected_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    corrected_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["name"], name="corrections_by_name")]
        triggers = [APPEND_ONLY]

    def __str__(self) -> str:
        return self.name
