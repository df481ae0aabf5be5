"""Invented pipelines in the ways in which real ones are written: who is called, for which model, from which line."""

import pytest

from tests.scan.pipelines import (
    across_files,
    channels,
    following,
    frameworks,
    indirect,
    javascript_sdk,
    languages,
    not_uses,
)
from tests.scan.pipelines.pipeline import Pipeline

KINDS = (frameworks, channels, following, across_files, languages, indirect, javascript_sdk, not_uses)
PIPELINES = [p for kind in KINDS for p in kind.PIPELINES]


@pytest.mark.parametrize("pipeline", PIPELINES, ids=lambda pipeline: pipeline.name)
def test_who_is_called_which_model_is_asked_and_where_are_told(scan, pipeline: Pipeline):
    result = scan(pipeline.files)
    used = [use for use in result.uses if use.external and use.status == "used"]
    places = {f"{place.file}:{place.line}" for use in result.uses for place in use.evidence}
    assert " ".join(result.providers) == pipeline.channels
    assert set(pipeline.models.split()) <= {model for use in used for model in use.models}
    assert set(pipeline.sites.split()) <= places
