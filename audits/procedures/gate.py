"""The check of a source tree for continuous integration: read, scanned, judged. Nothing in the tree is executed or imported."""

import datetime as dt
from pathlib import Path

from audits.gating.judging import GateResult, judge_tree
from audits.gating.waivers import NAME, Waiver, parse_waivers
from audits.manifest import Manifest, parse_manifest
from audits.scan.directory import directory_of
from audits.scan.scanning import scan_tree
from compliance.engine.library import Library

LARGEST_FILE = 4 * 1024 * 1024


def check_tree(
    path: Path, library: Library, on: dt.date, *, manifest: Path | None = None, waivers: Path | None = None,
    known: frozenset[str] = frozenset(),
) -> GateResult:  # fmt: skip
    """Judge the tree below `path` by the terms of a day. `manifest` and `waivers`: files, when not those in the tree.

    `known`: ids of findings that were there before. Raises OSError and ValueError (ManifestError, WaiverError among them) for
    what whoever asks can mend.
    """
    declared = _manifest(manifest, path / "audit.toml")
    waived = _waivers(waivers, path / NAME)
    return judge_tree(scan_tree(path, directory_of(library)), declared, library, on, waived, known)


def read_text(named: Path | None, usual: Path) -> tuple[str, str] | None:
    """(text, name) of the file that was named, else of the usual one if it is there. Raises OSError and ValueError."""
    file = named or usual
    if named is None and not usual.is_file():
        return None
    data = file.read_bytes()[: LARGEST_FILE + 1]
    if len(data) > LARGEST_FILE:
        raise ValueError(f"{file}: larger than {LARGEST_FILE // 1024**2} MB")
    try:
        return data.decode("utf-8-sig"), file.name
    except UnicodeDecodeError as error:
        raise ValueError(f"{file}: not UTF-8 at byte {error.start}") from error


def _manifest(named: Path | None, usual: Path) -> Manifest | None:
    found = read_text(named, usual)
    return parse_manifest(*found) if found else None


def _waivers(named: Path | None, usual: Path) -> tuple[Waiver, ...]:
    found = read_text(named, usual)
    return parse_waivers(*found) if found else ()
