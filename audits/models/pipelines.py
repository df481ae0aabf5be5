"""Pipelines: the source trees that are audited."""

from django.conf import settings
from django.db import models

from compliance.models import Project


class Pipeline(models.Model):
    class Origin(models.TextChoices):
        PATH = "path", "Folder on this machine"
        UPLOAD = "upload", "Uploaded archive"
        EXAMPLE = "example", "Example shipped with Clausetrail"
        IMPORT = "import", "Log kept by another tool"

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="pipelines")
    slug = models.SlugField(max_length=80)
    name = models.CharField(max_length=120)
    origin = models.CharField(max_length=10, choices=Origin)
    path = models.CharField(max_length=1000, blank=True, help_text="Folder of the source tree, for origin path")
    archive_sha256 = models.CharField(max_length=64, blank=True, help_text="Uploaded ZIP in the evidence store")
    manifest_path = models.CharField(max_length=200, default="audit.toml")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["project", "slug"], name="one_pipeline_per_slug")]

    def __str__(self) -> str:
        return self.name
