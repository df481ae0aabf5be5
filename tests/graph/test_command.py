"""The `graph` command: one document, exit codes, and errors that say what there is."""

import io
import json
import zipfile
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from tests.graph.conftest import RULE, House
from tests.graph.test_pages import TEACHER


def graph(*arguments: str) -> tuple[str, int]:
    out = io.StringIO()
    try:
        call_command("graph", *arguments, stdout=out)
    except SystemExit as ended:
        return out.getvalue(), int(str(ended.code))
    return out.getvalue(), 0


def test_it_prints_and_exports_the_graph(house: House, tmp_path: Path) -> None:
    assert "acme-7b" in graph()[0]
    document, code = graph("--format", "json")
    assert (code, len(json.loads(document)["nodes"]) > 10) == (0, True)
    graph("--format", "cyclonedx", "--output", str(tmp_path / "bom.json"))
    assert json.loads((tmp_path / "bom.json").read_text())["specVersion"] == "1.6"


def test_a_clause_that_touches_something_exits_with_1(house: House) -> None:
    text, code = graph("--clause", RULE, "--project", house.project.slug)
    assert code == 1
    assert "8 training rows touched" in text
    assert graph("--clause", RULE, "--since", "2030-01-01")[1] == 0


def test_a_clean_data_set_is_written(house: House, tmp_path: Path) -> None:
    target = tmp_path / "clean.zip"
    text, _ = graph("--without", TEACHER, "--clean", str(house.dataset.pk), "--output", str(target))
    assert json.loads(text)["result"]["rows"] == 2
    assert "train.clean.jsonl" in zipfile.ZipFile(target).namelist()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--clause", "made/up:rule"), "no finding rests on it"),
        (("--without", "model:nobody"), "there is no such node"),
        (("--project", "nowhere"), "there is no such project"),
        (("--clean", "1"), "--clean wants"),
    ],
)
def test_what_is_not_there_is_said(house: House, arguments: tuple[str, ...], said: str) -> None:
    with pytest.raises(CommandError, match=said) as caught:
        graph(*arguments)
    assert caught.value.returncode == 2
