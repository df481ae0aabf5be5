"""docs/manifest.md says what the reader of audit.toml reads: all of it, and nothing else."""

import re
from pathlib import Path
from typing import Any

import pytest

from audits.manifest import DeclaredAccess, DeclaredDataset, DeclaredStudent, ManifestError, Program, parse_manifest

SECTIONS: dict[str, Any] = {
    "[pipeline]": Program,
    "[[dataset]]": DeclaredDataset,
    "[student]": DeclaredStudent,
    "[access]": DeclaredAccess,
}


@pytest.fixture(scope="module")
def text(project_directory: Path) -> str:
    return (project_directory / "docs" / "manifest.md").read_text("utf-8")


def test_every_example_in_it_can_be_used(text: str):
    examples = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    assert len(examples) == 2
    for example in examples:
        parse_manifest(example)


@pytest.mark.parametrize("section", SECTIONS)
def test_every_key_has_its_row(text: str, section: str):
    part = text.split(f"## {section}\n")[1].split("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \|", part, re.MULTILINE)
    assert set(rows) == set(SECTIONS[section].__dataclass_fields__)


def test_defaults_and_bounds_are_those_of_the_code(text: str):
    part = text.split("## [pipeline]\n")[1].split("\n## ")[0]
    last = dict(re.findall(r"^\| `(\w+)` \|.*\| ([^|]+) \|$", part, re.MULTILINE))
    for key in ("timeout_minutes", "memory_mb", "disk_mb", "processes"):
        assert last[key] == str(Program.__dataclass_fields__[key].default)
    for bound in ("10,080", "1,048,576", "100,000"):
        with pytest.raises(ManifestError, match=bound):
            parse_manifest(
                '[pipeline]\nname = "x"\ncommand = ["x"]\ntimeout_minutes = 1e9\nmemory_mb = 2000000\nprocesses = 2000000\n'
            )
        assert bound in part


def test_the_complaints_it_shows_are_complaints_in_these_words(text: str):
    shown = re.search(r"told at once.*?```\n(.*?)```", text, re.DOTALL)
    assert shown
    toml = "\n".join(
        ["[pipeline]", 'name = "x"', 'command = "x"', "comand = 1", "", "", "[[dataset]]", 'path = "out/train.jsonl"',
         'role = "train"', "[[dataset]]", 'path = "out/train.jsonl"', 'role = "training"', "[purpose]", 'declared = "evaluate"']
    )  # fmt: skip
    with pytest.raises(ManifestError) as refused:
        parse_manifest(toml)
    assert set(shown[1].strip().splitlines()) <= set(refused.value.problems)
