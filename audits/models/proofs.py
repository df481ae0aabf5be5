"""What third parties add to a seal after it was made: time stamps and anchors. Asked for again until they come."""

from django.db import models

from audits.models.evidence import Seal


class SealProof(models.Model):
    """One time stamp or anchor of one seal: waited for, or there. A proof that is there never changes."""

    class Kind(models.TextChoices):
        TIMESTAMP = "timestamp", "Time stamp (RFC 3161)"
        ANCHOR = "anchor", "Anchor"

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        DONE = "done", "There"

    seal = models.ForeignKey(Seal, on_delete=models.PROTECT, related_name="proofs")
    kind = models.CharField(max_length=10, choices=Kind)
    place = models.CharField(max_length=500, help_text="URL of the authority, or where the root is anchored")
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    asked_at = models.DateTimeField(auto_now_add=True)
    attempts = models.PositiveIntegerField(default=0)
    next_at = models.DateTimeField(null=True, blank=True, help_text="When it is asked for again")
    error = models.CharField(max_length=400, blank=True, help_text="Why the last attempt came to nothing")
    done_at = models.DateTimeField(null=True, blank=True)
    proof = models.TextField(
        blank=True, help_text="Time stamp: the token in base64. Anchor: what the other side answered"
    )
    says = models.JSONField(default=dict, help_text="What was read from the proof, for people")

    class Meta:
        ordering = ["seal", "kind", "id"]
        constraints = [models.UniqueConstraint(fields=["seal", "kind", "place"], name="one_proof_per_place")]
        indexes = [models.Index(fields=["next_at"], name="proofs_to_ask_for", condition=models.Q(state="waiting"))]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} from {self.place}"
