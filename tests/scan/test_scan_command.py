"""The `scan` command: its answer as JSON, SARIF and a table."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

CODE = "import openai\nopenai.ChatCompletion.create(model='gpt-4')\n"


def answered(*arguments: str) -> str:
    out = StringIO()
    call_command("scan", *arguments, stdout=out)
    return out.getvalue()


def test_the_answer_has_the_agreed_keys(tmp_path):
    (tmp_path / "generate.py").write_text(CODE)
    answer = json.loads(answered(str(tmp_path), "--format", "json"))
    assert answer.keys() >= {"uses", "providers", "students", "unresolved", "files"}
    assert (answer["providers"], answer["students"], answer["files"]) == (["openai"], [], 1)
    (use,) = answer["uses"]
    assert use["evidence"] == [
        {"file": "generate.py", "line": 2, "snippet": "openai.ChatCompletion.create(model='gpt-4')"}
    ]
    assert {key: use[key] for key in ("provider", "served_by", "models", "external", "status", "purpose")} == {
        "provider": "openai",
        "served_by": "openai",
        "models": ["gpt-4"],
        "external": True,
        "status": "used",
        "purpose": "generate",
    }
    assert 0 < use["confidence"] <= 1


def test_sarif_names_tool_rules_and_places(tmp_path):
    (tmp_path / "a b.py").write_text(CODE)
    (tmp_path / "broken.py").write_text("def")
    log = json.loads(answered(str(tmp_path), "--format", "sarif"))
    (run,) = log["runs"]
    assert log["version"] == "2.1.0"
    rules = {rule["id"] for rule in run["tool"]["driver"]["rules"]}
    assert {result["ruleId"] for result in run["results"]} <= rules
    place = run["results"][0]["locations"][0]["physicalLocation"]
    assert place == {"artifactLocation": {"uri": "a%20b.py"}, "region": {"startLine": 2}}


def test_the_table_shows_no_control_characters_of_the_tree(tmp_path):
    (tmp_path / "x.py").write_text("import openai\nopenai.ChatCompletion.create(model='gpt-4') # \x1b[31m\n")
    table = answered(str(tmp_path))
    assert "Called from outside: openai." in table
    assert "\x1b" not in table


def test_a_missing_folder_ends_with_exit_code_2(tmp_path):
    with pytest.raises(CommandError, match="there is no such folder") as raised:
        answered(str(tmp_path / "nothing"))
    assert raised.value.returncode == 2
