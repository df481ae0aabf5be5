"""What can be told of an uploaded ZIP before anything of it is unpacked."""

import zipfile
from pathlib import PurePosixPath
from typing import IO

LONGEST_MANIFEST = 256 * 1024


class ArchiveError(ValueError):
    """The archive can't be taken; the message says why."""


def manifest_in_archive(archive: IO[bytes], manifest_path: str) -> str:
    """The manifest's text. One top folder that holds everything is looked through, as it is when a run unpacks the ZIP.

    Raises ArchiveError for what is no ZIP that can be read, and for one without the manifest.
    """
    try:
        with zipfile.ZipFile(archive) as packed:
            return _read(packed, manifest_path)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
        raise ArchiveError(f"It is no ZIP that can be read: {error}.") from error
    finally:
        archive.seek(0)


def _read(packed: zipfile.ZipFile, manifest_path: str) -> str:
    files = [entry for entry in packed.infolist() if not entry.is_dir()]
    for entry in files:
        _refuse_outside(entry.filename)
    tops = {PurePosixPath(entry.filename).parts[:1] for entry in files}
    nested = all(len(PurePosixPath(entry.filename).parts) > 1 for entry in files)
    prefix = f"{next(iter(tops))[0]}/" if len(tops) == 1 and nested else ""
    found = next((entry for entry in files if entry.filename == prefix + manifest_path), None)
    if found is None:
        raise ArchiveError(f"The ZIP holds no {prefix}{manifest_path}.")
    if found.file_size > LONGEST_MANIFEST:
        raise ArchiveError(f"{found.filename} is larger than 256 kB.")
    return packed.read(found).decode("utf-8")


def _refuse_outside(name: str) -> None:
    """The rule of unpacking, told before anything is kept: no entry may land outside of the tree."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or "\0" in name:
        raise ArchiveError(f"The ZIP names {name!r}, which lies outside of it. Nothing of it was kept.")
