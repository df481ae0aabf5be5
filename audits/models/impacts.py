"""What publishing a revision of a rule would change, worked out once and kept while nothing behind it changes (decision 0333)."""

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models

from audits.models.runs import Run
from compliance.models import RuleRevision


class KeptImpact(models.Model):
    """The last preview of one revision. It holds as long as `basis` is what everything behind it comes to; it is no evidence."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting for a worker"
        JUDGING = "judging", "Being judged"
        READY = "ready", "Ready"
        FAILED = "failed", "Could not be judged"

    revision = models.OneToOneField(RuleRevision, on_delete=models.CASCADE, related_name="+")
    basis = models.CharField(max_length=64, help_text="Hash of the rows that it was worked out from")
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    heard_at = models.DateTimeField(help_text="When it was asked for, or a worker last told how far it is")
    done = models.PositiveIntegerField(default=0, help_text="Runs judged; each twice")
    total = models.PositiveIntegerField(default=0)
    figures = models.JSONField(default=dict, help_text="As audits.queries.rule_impact.Figures has them")

    def __str__(self) -> str:
        return f"impact of revision {self.revision_id}"


class ImpactedRun(models.Model):
    """What would change of one run."""

    impact = models.ForeignKey(KeptImpact, on_delete=models.CASCADE, related_name="runs")
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="+")
    changes = models.JSONField(encoder=DjangoJSONEncoder, help_text="Changed uses, gravest first")

    class Meta:
        ordering = ["-run_id"]

    def __str__(self) -> str:
        return f"run {self.run_id} in impact {self.impact_id}"
