"""A student's answers beside its teacher's and a baseline's: an indicator, kept with the hashes of what was compared."""

from django.conf import settings
from django.db import models

from audits.models.datasets import Student


class AnswerComparison(models.Model):
    """One comparison over held-out prompts. It is never changed: another one is another row."""

    class Reading(models.TextChoices):
        CLOSER = "closer", "The student answers more like the teacher than the baseline does"
        NOT_TOLD = "not_told", "No difference can be told"
        FARTHER = "farther", "The student answers less like the teacher than the baseline does"
        TOO_FEW = "too_few", "Too few prompts to tell"

    student = models.ForeignKey(Student, on_delete=models.CASCADE, related_name="comparisons")
    made_at = models.DateTimeField(auto_now_add=True)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True)
    teacher = models.CharField(max_length=200, help_text="As the person named it")
    baseline = models.CharField(max_length=200, help_text="As the person named it")
    prompts = models.PositiveIntegerField(help_text="That all three answered")
    difference = models.FloatField(help_text="Mean over prompts: student with teacher, less baseline with teacher")
    low = models.FloatField(help_text="Lower end of its 95 % interval")
    high = models.FloatField(help_text="Upper end of its 95 % interval")
    reading = models.CharField(max_length=10, choices=Reading)
    files = models.JSONField(help_text="Name, SHA-256 and size of each file")
    result = models.JSONField(help_text="The answer of the answer_agreement command")

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.student} beside {self.teacher}"
