"""Choosing the reader for a path."""

from pathlib import Path

from compliance.sources.captures import Archive, UnreadableTerms
from compliance.sources.folder import looks_dated, read_folder
from compliance.sources.repository import is_repository, read_collection


def read_archive(path: Path, source: str = "") -> Archive:
    """What lies at `path`. `source`: "ota", "folder", or "" to see for oneself. Raises UnreadableTerms when there is nothing."""
    if not path.is_dir():
        raise UnreadableTerms(f"{path}: no such folder")
    if not source:
        source = "folder" if not is_repository(path) and looks_dated(path) else "ota"
    archive = read_folder(path) if source == "folder" else read_collection(path)
    if not archive.series and not archive.rejections:
        layout = "provider/document/YYYY-MM-DD.md" if source == "folder" else "Service/Kind of terms.md"
        raise UnreadableTerms(f"{path}: nothing is laid out as {layout} here")
    return archive
