"""A source tree given as a mapping, scanned with the shipped rulebook."""

from collections.abc import Callable
from pathlib import Path

import pytest

from audits.scan.directory import Directory, directory_of
from audits.scan.result import ScanResult
from audits.scan.scanning import scan_tree
from compliance.engine.rulebook import load_directory

Scan = Callable[[dict[str, str]], ScanResult]


@pytest.fixture(scope="session")
def directory(project_directory: Path) -> Directory:
    return directory_of(load_directory(project_directory / "compliance" / "rulebook"))


@pytest.fixture
def scan(tmp_path: Path, directory: Directory) -> Scan:
    def scanned(files: dict[str, str]) -> ScanResult:
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return scan_tree(tmp_path, directory)

    return scanned
