"""What named persons say of students and of the organisation: facts that nobody could observe."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from compliance.models import Project
from compliance.models.people import APPEND_ONLY


class FactAnswer(models.Model):
    """One answer to one question, valid from a day on. A later answer adds to the history; none is overwritten.

    About a student: project and student's name, and the provider where the question is about one. About the organisation:
    neither.
    """

    project = models.ForeignKey(Project, on_delete=models.PROTECT, null=True, blank=True, related_name="answers")
    student = models.CharField(max_length=200, blank=True)
    provider = models.CharField(max_length=60, blank=True, help_text="For questions about one provider")
    fact = models.CharField(max_length=60)
    value = models.JSONField()
    reason = models.TextField()
    valid_from = models.DateField()
    answered_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    answered_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["fact", "provider", "-valid_from", "-id"]
        indexes = [models.Index(fields=["project", "student"], name="answers_by_student")]
        constraints = [
            models.CheckConstraint(
                condition=Q(fact__startswith="organisation.", project__isnull=True, student="", provider="")
                | Q(fact__startswith="student.", project__isnull=False),
                name="answers_are_about_a_student_or_the_organisation",
            )
        ]
        triggers = [APPEND_ONLY]

    def __str__(self) -> str:
        return f"{self.fact}: {self.value}"
