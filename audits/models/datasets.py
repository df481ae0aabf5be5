"""What a run left behind: datasets, which answers became which rows, and the student."""

from django.db import models

from audits.models.runs import Run
from audits.models.usage import ModelCall


class Dataset(models.Model):
    class Role(models.TextChoices):
        TRAINING = "training", "Training"
        EVALUATION = "evaluation", "Evaluation"
        INTERMEDIATE = "intermediate", "Intermediate"

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="datasets")
    path = models.CharField(max_length=400)
    role = models.CharField(max_length=12, choices=Role)
    format = models.CharField(max_length=20, blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    size = models.PositiveBigIntegerField(default=0)
    rows = models.PositiveBigIntegerField(default=0)
    malformed = models.PositiveBigIntegerField(default=0, help_text="Rows that could not be read; kept raw")
    derived_rows = models.PositiveBigIntegerField(default=0, help_text="Rows with text from recorded answers")
    label_rows = models.PositiveBigIntegerField(default=0, help_text="Rows with a label or score from recorded answers")
    words = models.PositiveBigIntegerField(db_default=0, default=0, help_text="Of all texts; 0: not counted")
    chains = models.JSONField(
        default=list, blank=True, help_text="Models, first teacher first, with rows; most rows first"
    )
    gap = models.CharField(max_length=400, blank=True, help_text="Why it could not be read, or that it is missing")

    class Meta:
        ordering = ["run", "path"]
        constraints = [models.UniqueConstraint(fields=["run", "path"], name="one_dataset_per_path")]
        indexes = [models.Index(fields=["sha256"], name="datasets_by_content")]

    def __str__(self) -> str:
        return self.path


class RowMatch(models.Model):
    """One row derives from one answer, and how that was told."""

    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="matches")
    row = models.PositiveBigIntegerField(help_text="Counted from 0")
    call = models.ForeignKey(ModelCall, on_delete=models.CASCADE, related_name="row_matches")
    output_index = models.PositiveIntegerField(default=0)
    kind = models.CharField(max_length=12, help_text="exact, normalised, contained, near, label")
    similarity = models.FloatField()
    field = models.CharField(max_length=120, blank=True)
    words = models.PositiveIntegerField(db_default=0, default=0, help_text="Words of the row that the answer explains")

    class Meta:
        ordering = ["dataset", "row"]
        indexes = [models.Index(fields=["dataset", "row"], name="matches_by_row")]

    def __str__(self) -> str:
        return f"row {self.row}: {self.kind}"


class Student(models.Model):
    """The model that the pipeline trained, as declared and as found."""

    run = models.OneToOneField(Run, on_delete=models.CASCADE, related_name="student")
    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=20, blank=True)
    path = models.CharField(max_length=400, blank=True)
    sha256 = models.CharField(max_length=64, blank=True, help_text="Of the listing of its files and their hashes")
    size = models.PositiveBigIntegerField(default=0)
    files = models.JSONField(default=list)
    facts = models.JSONField(default=dict, help_text="As declared in audit.toml")
    gap = models.CharField(max_length=400, blank=True)

    class Meta:
        ordering = ["run"]
        indexes = [models.Index(fields=["sha256"], name="students_by_content")]

    def __str__(self) -> str:
        return self.name
