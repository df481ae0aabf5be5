"""Answers to requests that came with an idempotency key: kept so that a repeated request does nothing twice."""

from django.conf import settings
from django.db import models


class AnsweredRequest(models.Model):
    """One request of the API that was carried out, and what it was answered. A beat task forgets it when its time is over."""

    holder = models.CharField(max_length=40, help_text="Whose key it is: token:PK or user:PK")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=255, help_text="Idempotency-Key, as it was sent")
    request_sha256 = models.CharField(max_length=64, help_text="Of method, address and body")
    status = models.PositiveSmallIntegerField()
    headers = models.JSONField(default=dict)
    body = models.TextField(blank=True)
    answered_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["holder", "key"], name="a_key_is_answered_once")]

    def __str__(self) -> str:
        return f"{self.key} of {self.holder}"
