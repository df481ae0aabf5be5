"""Uploaded files on their way into the evidence store, and the pipelines that are made of them."""

from pathlib import Path
from typing import BinaryIO

from django.conf import settings

from audits.actions.pipelines import add_pipeline
from audits.evidence.store import open_store
from audits.models import Pipeline
from audits.views.forms import AddPipelineForm
from compliance.models import User


def keep_archive(archive: BinaryIO) -> str:
    """Keep an uploaded ZIP whole; returns its SHA-256."""
    archive.seek(0)
    return open_store(settings.EVIDENCE_URL).put(archive)


def add_as_asked(form: AddPipelineForm, acting_user: User) -> Pipeline:
    """The pipeline that a valid form asks for: of a folder of this machine, or of a ZIP, which is kept."""
    data = form.cleaned_data
    archive = data.get("archive")
    return add_pipeline(
        project=data["project"],
        name=data["name"],
        acting_user=acting_user,
        path=None if archive else Path(data["path"].strip()),
        archive_sha256=keep_archive(archive) if archive else "",
        manifest_path=data["manifest_path"],
    )
