"""The `trace` command: its answer, its errors and their exit codes."""

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from tests.lineage.passages import passages


def files(folder: Path, outputs: str, dataset: str) -> list[str]:
    (folder / "outputs.jsonl").write_text(outputs)
    (folder / "train.jsonl").write_text(dataset)
    return ["--outputs", str(folder / "outputs.jsonl"), "--dataset", str(folder / "train.jsonl")]


def answered(arguments: list[str]) -> str:
    out = StringIO()
    call_command("trace", *arguments, stdout=out)
    return out.getvalue()


GOOD = json.dumps({"id": "one", "model": "gpt-4o", "text": passages()[0]})


def test_the_answer_is_one_json_document_with_the_agreed_keys(tmp_path):
    arguments = files(tmp_path, GOOD + "\n", json.dumps({"prompt": "?", "completion": passages()[0]}) + "\n{\n")
    answer = json.loads(answered([*arguments, "--format", "json"]))
    assert (answer["rows"], answer["derived_rows"]) == (2, 1)
    assert answer["matches"][0].items() >= {"row": 0, "output": "one", "kind": "exact", "similarity": 1.0}.items()
    assert answer["malformed"][0]["line"] == 2


def test_the_table_names_shares_and_what_could_not_be_read(tmp_path):
    table = answered(files(tmp_path, GOOD, json.dumps({"completion": passages()[0]}) + "\n{\x1b[31m\n"))
    assert "1 of 2 rows derive from an output." in table
    assert "line 2 (row 1): not JSON" in table
    assert "\x1b" not in table


def test_labels_are_reported_apart_and_only_when_asked_for(tmp_path):
    call = json.dumps(
        {
            "id": "c",
            "model": "m",
            "text": "spam",
            "prompt": [{"role": "user", "content": "Spam or not?\nWin a free cruise"}],
        }
    )
    arguments = [*files(tmp_path, call, json.dumps({"text": "Win a free cruise", "label": "spam"})), "--format", "json"]
    assert "labels" not in json.loads(answered(arguments))
    answer = json.loads(answered([*arguments, "--labels"]))
    assert answer["matches"] == []
    assert [(label["row"], label["kind"]) for label in answer["labels"]] == [(0, "label")]


def test_the_first_teacher_behind_the_second_is_reported(tmp_path):
    second = {"id": "two", "model": "o3", "text": passages()[1], "prompt": f"Improve:\n{passages()[0]}"}
    arguments = files(tmp_path, GOOD + "\n" + json.dumps(second), json.dumps({"completion": passages()[1]}))
    answer = json.loads(answered([*arguments, "--format", "json"]))
    assert answer["chains"] == [{"row": 0, "outputs": ["two", "one"], "models": ["o3", "gpt-4o"]}]
    assert "1 rows go back to gpt-4o, behind another answer." in answered(arguments)


@pytest.mark.parametrize(
    ("outputs", "said"),
    [
        ("{", r"outputs\.jsonl, line 1: not JSON"),
        (GOOD + '\n{"id": 2, "model": "m"}', r'outputs\.jsonl, line 2, field "text"'),
        ('{"model": "m", "text": "t"}', r'line 1, field "id"'),
        ('{"id": "1", "model": 3, "text": "t"}', r'line 1, field "model"'),
        ("[1]", r"line 1: expected an object"),
    ],
)
def test_outputs_that_are_not_outputs_are_an_error_with_file_line_and_field(tmp_path, outputs, said):
    with pytest.raises(CommandError, match=said) as raised:
        answered(files(tmp_path, outputs, "{}"))
    assert raised.value.returncode == 2


def test_a_data_set_that_is_not_there_is_an_error(tmp_path):
    arguments = files(tmp_path, GOOD, "{}")
    with pytest.raises(CommandError, match=r"missing\.csv: there is no such file") as raised:
        answered([*arguments[:3], str(tmp_path / "missing.csv")])
    assert raised.value.returncode == 2
