"""`manage.py assess`: its answers, its exit codes, and what it says about input it can't read."""

import io
import json

import pytest
from django.core.management import call_command

USE = {
    "id": "one",
    "provider": "deepseek",
    "model": "deepseek-chat",
    "access": {"kind": "api", "served_by": "deepseek"},
    "on": "2025-02-01",
    "activity": "train_on_output",
    "student": {"kind": "generative"},
}


def run(path, *, format="json"):
    out, err = io.StringIO(), io.StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("assess", str(path), format=format, shipped=True, stdout=out, stderr=err)
    return int(ended.value.code or 0), out.getvalue(), err.getvalue()


def written(tmp_path, data):
    path = tmp_path / "use.json"
    path.write_text(data if isinstance(data, str) else json.dumps(data), encoding="utf-8")
    return path


def test_one_use_in_one_answer_out(tmp_path):
    code, out, _ = run(written(tmp_path, USE))
    answer = json.loads(out)
    assert code == 0
    assert (answer["id"], answer["outcome"]) == ("one", "permitted")
    assert answer["governing_documents"][0]["version"] == "2025-01-20"
    assert {"rule", "document", "version", "section", "effect", "applies", "met", "explanation", "because"} <= set(
        answer["verdicts"][0]
    )


def test_a_list_in_a_list_out_and_a_prohibition_ends_with_one(tmp_path):
    barred = USE | {"id": "two", "provider": "anthropic", "model": "claude-sonnet-4", "on": "2025-10-01"}
    barred["access"] = {"kind": "api", "served_by": "anthropic"}
    code, out, _ = run(written(tmp_path, [USE, barred]))
    assert code == 1
    assert [answer["outcome"] for answer in json.loads(out)] == ["permitted", "prohibited"]
    assert run(written(tmp_path, []))[:2] == (0, "[]\n")


@pytest.mark.parametrize("text, message", [
    ('{"on": "2025-02-30"}', "use.json: use.on: expected a day"),
    ('[{}, {"studnet": 1}]', "use.json: uses[1].studnet: unknown key"),
    ('[{"on":\n 1,}]', "use.json, line 2, column 4: not JSON"),
    ("[NaN]", "NaN is not a number"),
    ("[" * 100_000, "not readable as JSON"),
    ("7", "use: expected an object"),
])  # fmt: skip
def test_input_that_cannot_be_read_ends_with_two_and_its_place(tmp_path, text, message):
    code, out, err = run(written(tmp_path, text))
    assert (code, out) == (2, "")
    assert message in err


def test_a_file_that_is_missing_or_not_text_ends_with_two(tmp_path):
    assert run(tmp_path / "nowhere.json")[0] == 2
    binary = tmp_path / "use.json"
    binary.write_bytes(b"\xff\xfe{}")
    code, _, err = run(binary)
    assert code == 2
    assert "not UTF-8" in err


def test_a_table_shows_no_terminal_codes_from_names(tmp_path):
    _, out, _ = run(written(tmp_path, USE | {"id": "\x1b[31mred"}), format="table")
    assert "\x1b" not in out
    assert "deepseek/open-platform-terms" in out
