"""Uploaded files on their way into the evidence store."""

from typing import BinaryIO

from django.conf import settings

from audits.evidence.store import open_store


def keep_archive(archive: BinaryIO) -> str:
    """Keep an uploaded ZIP whole; returns its SHA-256."""
    archive.seek(0)
    return open_store(settings.EVIDENCE_URL).put(archive)
