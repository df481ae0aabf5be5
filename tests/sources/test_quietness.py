"""How quiet an archive would have been: counted without a database, and nothing real passed over."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from tests.sources.terms import CLAUSES, Repository, terms

LONG = (
    *CLAUSES,
    *(f"Lamp number {number} hangs above the {number}th step of the western stair." for number in range(20)),
)
FIRST = terms(*LONG)


def measure(*arguments: str) -> tuple[int, Any]:
    out = io.StringIO()
    try:
        call_command("quietness", *arguments, stdout=out, stderr=io.StringIO())
    except SystemExit as end:
        return int(end.code or 0), out.getvalue()
    return 0, out.getvalue()


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two services: one whose page flips, one with an error page and a technical upgrade."""
    repository = Repository(tmp_path_factory.mktemp("archive"))
    reworded = FIRST.replace("must not teach", "may teach")
    for number in range(4):
        repository.record("Lanterns/Conditions.md", reworded if number % 2 else FIRST, f"2024-01-{number + 1:02d}")
    repository.record("Oilers/Terms.md", FIRST, "2024-02-01")
    repository.record("Oilers/Terms.md", "Page not found\n", "2024-02-02")
    repository.record("Oilers/Terms.md", f"{FIRST}\nMenu\n", "2024-02-03", "Apply technical or declaration upgrade")
    return repository.root


def test_alerts_are_counted_against_distinct_texts_document_by_document(archive: Path) -> None:
    status, said = measure(str(archive), "--format", "json", "--passed", "5", "--suspects", "5")
    answer = json.loads(said)
    assert (status, answer["recorded_versions"], answer["distinct_texts"], answer["alerts"]) == (0, 7, 3, 1)
    assert (answer["held_back"], answer["alerts_per_distinct_text"]) == (1, 0.333)
    assert [(one["document"], one["alerts"], one["held_back"]) for one in answer["by_document"]] == [
        ("lanterns/conditions", 1, 0), ("oilers/terms", 0, 1),
    ]  # fmt: skip
    assert [one["where"].partition(" at ")[0] for one in answer["suspects"]] == ["Oilers/Terms.md"]


def test_one_providers_documents_are_measured_alone_and_a_bare_repository_reads_the_same(
    archive: Path, tmp_path: Path
) -> None:
    Repository(tmp_path / "x").git("clone", "-q", "--bare", str(archive), str(tmp_path / "bare"))
    whole, bare = (json.loads(measure(str(place), "--format", "json")[1]) for place in (archive, tmp_path / "bare"))
    assert whole == bare
    assert "documents                 1" in measure(str(archive), "--provider", "Oilers")[1]


def test_what_cant_be_read_ends_with_two(tmp_path: Path) -> None:
    assert measure(str(tmp_path))[0] == 2


def test_an_upgrade_that_also_rewords_the_text_is_told(tmp_path: Path) -> None:
    repository = Repository(tmp_path)
    upgrade = "Apply technical or declaration upgrade"
    repository.record("Lanterns/Conditions.md", FIRST, "2024-01-01")
    repository.record("Lanterns/Conditions.md", terms(*LONG[2:]), "2024-01-02", upgrade)
    reworded = terms(*LONG[2:]).replace("seven shells a month", "seventeen shells every week")
    repository.record("Lanterns/Conditions.md", reworded, "2024-01-03", upgrade)
    answer = json.loads(measure(str(tmp_path), "--format", "json")[1])
    assert answer["judgements"] == {"first": 1, "technical upgrade": 1, "changed": 1}


def test_a_moved_date_and_a_new_row_of_a_table_are_told_in_any_script(tmp_path: Path) -> None:
    repository = Repository(tmp_path)
    pages = [
        f"{FIRST}\n\n生效日期：2025年3月5日\n",
        f"{FIRST}\n\n生效日期：2025年03月05日\n",
        f"{FIRST}\n\n生效日期：2025年4月10日\n",
    ]
    pages += [f"{pages[-1]}\n| Lampwright • Oil supplier | North quay |\n"]
    for number, page in enumerate(pages, start=1):
        repository.record("Lanterns/Conditions.md", page, f"2025-01-{number:02d}")
    answer = json.loads(measure(str(tmp_path), "--format", "json")[1])
    assert answer["judgements"] == {"first": 1, "known": 1, "changed": 2}
