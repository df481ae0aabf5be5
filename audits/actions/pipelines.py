"""Adding pipelines."""

from pathlib import Path

from django.db import transaction
from django.utils.text import slugify

from audits.models import Pipeline
from compliance.actions.trail import record
from compliance.models import Project, User


@transaction.atomic
def add_pipeline(
    *,
    project: Project,
    name: str,
    acting_user: User | None,
    path: Path | None = None,
    archive_sha256: str = "",
    manifest_path: str = "audit.toml",
    origin: str | None = None,
    slug: str | None = None,
) -> Pipeline:
    """Add a pipeline by its folder on this machine or an uploaded ZIP (already in the evidence store).

    A slug that is taken gets a number. Raises ValueError when neither or both sources are given.
    """
    if (path is None) == (not archive_sha256):
        raise ValueError("a pipeline comes from a folder or from an archive: give exactly one")
    pipeline = Pipeline.objects.create(
        project=project,
        slug=free_slug(project, slug or slugify(name)[:70] or "pipeline"),
        name=name.strip() or "Pipeline",
        origin=origin or (Pipeline.Origin.UPLOAD if archive_sha256 else Pipeline.Origin.PATH),
        path=str(path or ""),
        archive_sha256=archive_sha256,
        manifest_path=manifest_path,
        created_by=acting_user,
    )
    record(acting_user=acting_user, action="pipeline added", subject=pipeline, project=project, path=pipeline.path)
    return pipeline


@transaction.atomic
def replace_archive(*, pipeline: Pipeline, archive_sha256: str, acting_user: User) -> Pipeline:
    """Let an uploaded pipeline's next audits run a newer ZIP (already in the evidence store).

    The former ZIP stays there, and its hash in the trail. Raises ValueError for a pipeline that was not uploaded.
    """
    pipeline = Pipeline.objects.select_for_update().get(pk=pipeline.pk)
    if pipeline.origin != Pipeline.Origin.UPLOAD:
        raise ValueError("this pipeline is no uploaded ZIP: its source is read from where it lies")
    former, pipeline.archive_sha256 = pipeline.archive_sha256, archive_sha256
    pipeline.save(update_fields=["archive_sha256"])
    record(
        acting_user=acting_user, action="pipeline source replaced", subject=pipeline, project=pipeline.project,
        former=former, archive=archive_sha256,
    )  # fmt: skip
    return pipeline


def free_slug(project: Project, wanted: str) -> str:
    """The slug that is wanted, or with a number when another pipeline of the project has it."""
    taken = set(Pipeline.objects.filter(project=project, slug__startswith=wanted).values_list("slug", flat=True))
    candidates = [wanted, *(f"{wanted}-{number}" for number in range(2, len(taken) + 2))]
    return next(slug for slug in candidates if slug not in taken)
