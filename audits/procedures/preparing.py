"""Before anything runs: the source copied, audit.toml read, the pipeline's own environment described."""

import os
import re
import tempfile
from pathlib import Path

from audits.evidence.store import Store
from audits.manifest import Manifest, ManifestError, parse_manifest
from audits.models import Pipeline
from audits.procedures.lifecycle import AuditFailed
from audits.procedures.workspace import SourceFile, SourceRefused, copy_tree, list_files, unpack_archive
from audits.sandbox.python_environment import NAME
from audits.text import storable

MOST_PACKAGES = 5_000


def fetch_source(pipeline: Pipeline, store: Store, tree: Path) -> tuple[list[SourceFile], list[str]]:
    """Put the pipeline's source tree at `tree`: its files with their hashes, and in words what was left out on purpose.

    Raises AuditFailed where the source can't be audited as it is.
    """
    try:
        notes = _unpack(pipeline, store, tree) if pipeline.archive_sha256 else copy_tree(Path(pipeline.path), tree)
        return list(list_files(tree)), notes
    except SourceRefused as refused:
        raise AuditFailed(str(refused)) from refused


def _unpack(pipeline: Pipeline, store: Store, tree: Path) -> list[str]:
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder) / "source.zip"
        archive.write_bytes(store.get(pipeline.archive_sha256))
        tree.mkdir()
        return unpack_archive(archive, tree)


def read_manifest(tree: Path, name: str) -> tuple[Manifest, str]:
    """The manifest and its text. Raises AuditFailed with the file, the line and the key of each complaint."""
    path = tree / name
    if not path.resolve().is_relative_to(tree.resolve()) or not path.is_file():
        raise AuditFailed(
            f"{name} is missing from the pipeline's tree. It says how to run the pipeline; see docs/manifest.md."
        )
    try:
        text = path.read_text("utf-8")
        return parse_manifest(text, name), text
    except UnicodeDecodeError as error:
        raise AuditFailed(f"{name}: not UTF-8 text (byte {error.start}). Save it as UTF-8.") from error
    except ManifestError as error:
        raise AuditFailed(str(error)) from error


def installed_packages(tree: Path) -> dict[str, str]:
    """Name → version of what stands in the pipeline's environment, by the names of its metadata folders.

    Nothing is run and no file is opened for it: the set-up that filled these folders was the pipeline's own.
    """
    found: dict[str, str] = {}
    for place in _folders(tree / NAME / "lib"):
        for folder in _folders(place / "site-packages"):
            name, dash, version = folder.name.removesuffix(".dist-info").partition("-")
            if folder.suffix == ".dist-info" and dash and len(found) < MOST_PACKAGES:
                found[storable(name)[:200]] = storable(version)[:100]
    return dict(sorted(found.items()))


def _folders(path: Path) -> list[Path]:
    try:
        with os.scandir(path) as entries:
            return [Path(entry.path) for entry in entries if entry.is_dir(follow_symlinks=False)]
    except OSError:
        return []


def python_version(tree: Path, otherwise: str) -> str:
    """The version that a new environment itself names ("3.11.2"). Asked before the pipeline's own set-up runs."""
    try:
        text = (tree / NAME / "pyvenv.cfg").read_text("utf-8", "replace")
    except OSError:
        return otherwise
    named = re.search(r"^version(?:_info)? *= *(3\.[0-9.]{1,12})", text, re.MULTILINE)
    return named[1] if named else otherwise
