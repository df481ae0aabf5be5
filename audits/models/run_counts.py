"""What the pages of a run count over all of its calls and traced rows, kept once nothing can join them (decision 0313)."""

from django.db import models

from audits.models.runs import Run


class RunCounts(models.Model):
    """The counts of one run. Written when it is sealed; of one that was sealed earlier, by a round of the beat."""

    run = models.OneToOneField(Run, on_delete=models.CASCADE, related_name="counts")
    counted_at = models.DateTimeField(auto_now=True)
    figures = models.JSONField(help_text="As audits.queries.run_counts.count tells them")

    def __str__(self) -> str:
        return f"counts of run {self.run_id}"
