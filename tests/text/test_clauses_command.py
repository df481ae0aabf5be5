"""`manage.py clauses`: files in, labelled clauses out."""

import io
import json

import pytest
from django.core.management import CommandError, call_command

TERMS = "Préface – “Terms”.\r\n\r\nYou may not scrape the Oracle.\r\n"


def run(*arguments):
    out = io.StringIO()
    call_command("clauses", *arguments, stdout=out)
    return out.getvalue()


def test_json_holds_per_file_the_clauses_with_offsets_in_characters_of_the_file(tmp_path):
    path = tmp_path / "terms.md"
    path.write_bytes(TERMS.encode())
    (clause,) = json.loads(run(str(path), "--format", "json"))[str(path)]
    assert clause["text"] == TERMS[clause["start"] : clause["end"]] == "You may not scrape the Oracle."
    assert (clause["labels"], clause["mode"]) == (["automated_extraction"], "prohibition")
    assert 0 < clause["score"] <= 1
    assert clause["because"][0]["words"] == "scrape"


def test_the_table_says_why_and_lets_no_text_command_the_terminal(tmp_path):
    path = tmp_path / "terms.md"
    path.write_text("You may not scrape \x1b[31mthe Oracle.")
    shown = run(str(path))
    assert "scraping, crawling or harvesting" in shown
    assert "\x1b" not in shown


def test_files_answer_in_the_order_they_were_named(tmp_path):
    for name in ("b.md", "a.md"):
        (tmp_path / name).write_text("Nothing here.")
    names = [str(tmp_path / "b.md"), str(tmp_path / "a.md")]
    assert list(json.loads(run(*names, "--format", "json"))) == names


@pytest.mark.parametrize("content, message", [(None, "can't be read"), (b"\xff\xfe", "byte 0 is not UTF-8")])
def test_a_file_that_cannot_be_read_is_named_and_ends_with_2(tmp_path, content, message):
    path = tmp_path / "terms.md"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(CommandError, match=message) as refused:
        run(str(path))
    assert str(path) in str(refused.value)
    assert refused.value.returncode == 2
