"""What should have followed a run's end and could not: it is done later, so that no fault loses it."""

from django.db import models

from audits.models.runs import Run


class UnfollowedEnd(models.Model):
    """One thing that did not follow a run's end. Written in the transaction of that end; gone once it is made good."""

    class What(models.TextChoices):
        TOLD = "told", "Webhooks are told"
        SETTLED = "settled", "Work that the run shows is settled"

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="unfollowed")
    what = models.CharField(max_length=7, choices=What)
    at = models.DateTimeField(auto_now_add=True)
    problem = models.TextField(help_text="What went wrong the last time")
    tries = models.PositiveIntegerField(default=1)
    next_at = models.DateTimeField()

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["run", "what"], name="an_end_is_followed_once")]

    def __str__(self) -> str:
        return f"{self.run}: {self.get_what_display()}"
