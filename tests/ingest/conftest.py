"""A project into which files are imported, as the command and the pages do it; the terms are an invented provider's."""

import io
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from audits.actions.ingesting import request_import
from audits.ingest.sources import SOURCES
from audits.models import Import
from audits.procedures.importing import carry_out, keep_file
from compliance.actions.rulebook import load_rulebook
from compliance.models import Project
from tests.engine.acme import acme
from tests.factories import make_project

Give = Callable[..., Import]


def as_lines(values: Iterable[Any]) -> bytes:
    """Records as JSON lines."""
    return b"".join(json.dumps(value).encode() + b"\n" for value in values)


@pytest.fixture
def project(db: None) -> Project:
    load_rulebook(acme())
    return make_project("Research")


@pytest.fixture(autouse=True)
def _own_store(tmp_path: Path, settings: Any) -> None:
    settings.EVIDENCE_URL = (tmp_path / "evidence").as_uri()


@pytest.fixture
def give(project: Project) -> Give:
    """Imports a file's bytes, and returns the import as it came out."""

    def give(content: bytes, source: str, name: str = "log.jsonl", **fields: Any) -> Import:
        kept = keep_file(io.BytesIO(content), name, SOURCES[source])
        imported = request_import(
            project=fields.pop("project", project), acting_user=None, source=source, name=name, sha256=kept.sha256,
            size=kept.size, parts=kept.parts, **fields,
        )  # fmt: skip
        return carry_out(imported.pk)

    return give
