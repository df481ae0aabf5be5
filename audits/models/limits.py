"""What a run met at its bounds, calls that wait for a person, and where a replay went another way than its record."""

from django.conf import settings
from django.db import models

from audits.models.runs import Run


class LimitEvent(models.Model):
    """A bound that a call met before it left. Held ones wait until `until` for a person's `wish`; `answer` is what became
    of them, as the recorder said."""

    class Limit(models.TextChoices):
        HOSTS = "hosts", "Hosts"
        PROHIBITED = "prohibited", "Prohibited by terms"
        CALLS = "calls", "Number of calls"
        TOKENS = "tokens", "Tokens"
        MONEY = "money", "Money"

    class What(models.TextChoices):
        WARNED = "warned", "Let out with a warning"
        HELD = "held", "Held for a person"
        REFUSED = "refused", "Refused"
        STOPPED = "stopped", "Refused, and the run stopped"
        NOT_TOLD = "not_told", "Let out: nobody said what it is for"

    class Answer(models.TextChoices):
        PASS = "pass", "Let through"
        PASS_ALL = "pass_all", "Let through, and all further ones at this bound"
        REFUSE = "refuse", "Refused"
        STOP = "stop", "Run stopped"
        EXPIRED = "expired", "Refused: nobody answered in time"
        GONE = "gone", "The program gave up waiting"

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="limit_events")
    at = models.DateTimeField()
    limit = models.CharField(max_length=12, choices=Limit)
    what = models.CharField(max_length=10, choices=What)
    why = models.TextField()
    host = models.CharField(max_length=300, blank=True)
    method = models.CharField(max_length=20, blank=True)
    target = models.CharField(max_length=300, blank=True)
    model = models.CharField(max_length=300, blank=True)
    tokens = models.PositiveBigIntegerField(default=0, help_text="Asked for, estimated")
    excerpt = models.CharField(max_length=240, blank=True)
    hold = models.CharField(max_length=20, blank=True, help_text="The recorder's name of a held call")
    until = models.DateTimeField(null=True, blank=True)
    wish = models.CharField(max_length=10, choices=Answer, blank=True)
    wished_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True)
    wished_at = models.DateTimeField(null=True, blank=True)
    answer = models.CharField(max_length=10, choices=Answer, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["run", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["run", "hold"], condition=~models.Q(hold=""), name="holds_are_named_once_in_a_run"
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_what_display()}: {self.host}"


class ReplayDifference(models.Model):
    """A call of a replay that was not recorded, or a recorded one that the replay never asked for."""

    class Kind(models.TextChoices):
        NEW = "new", "Not recorded"
        ASKED_AGAIN = "asked_again", "Asked more often than recorded"
        TOO_LARGE = "too_large", "Too large to be compared"
        NOT_ASKED = "not_asked", "Recorded, and not asked"

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="replay_differences")
    at = models.DateTimeField()
    kind = models.CharField(max_length=12, choices=Kind)
    host = models.CharField(max_length=300, blank=True)
    method = models.CharField(max_length=20, blank=True)
    target = models.CharField(max_length=300, blank=True)
    model = models.CharField(max_length=300, blank=True)
    excerpt = models.CharField(max_length=240, blank=True)

    class Meta:
        ordering = ["run", "id"]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.method} {self.host}"
