"""`gate`: a tree is stopped for what its terms bar, with the clause, the place and the way out; by the shipped rules."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import call_command
from django.core.management.base import CommandError

from audits.management.commands.gate import WRITERS, Command

ASKING = """\
from openai import OpenAI

def generate_answers(questions):
    client = OpenAI()
    return [client.chat.completions.create(model="gpt-4o-mini", messages=[{"role": "user", "content": q}]) for q in questions]

generate_answers(["Why?"])
"""
MANIFEST = """\
[pipeline]
name = "Support triage"
command = ["python", "ask.py"]
[student]
name = "triage-1"
kind = "generative"
competes_with = ["openai"]
distributed = true
trained_at_provider = false
[purpose]
declared = "train"
"""
RULE = "openai/services-agreement:competing-models"
WAIVER = f'[[waiver]]\nid = "{RULE}@openai"\nreason = "Order form 17"\nby = "Dana Reyes"\nuntil = 2026-12-31\n'


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "ask.py").write_text(ASKING)
    (tmp_path / "audit.toml").write_text(MANIFEST)
    return tmp_path


@pytest.fixture
def gate(capsys: pytest.CaptureFixture[str]) -> Any:
    def run(tree: Path, *options: str, format: str = "json") -> tuple[int, Any]:
        with pytest.raises(SystemExit) as left:
            call_command("gate", str(tree), "--shipped", "--on", "2026-11-20", "--format", format, *options)
        text = capsys.readouterr().out
        return int(left.value.code or 0), text if format == "table" else json.loads(text)

    return run


def test_a_barred_use_stops_the_pull_request_and_names_the_clause_the_line_and_the_way_out(tree, gate):
    code, told = gate(tree)
    (finding,) = [one for one in told["findings"] if one["rule"] == RULE]
    assert code == 1
    assert (finding["outcome"], finding["section"], finding["models"]) == ("prohibited", "3.3(e)", ["gpt-4o-mini"])
    assert finding["evidence"][0] == {"file": "ask.py", "line": 5, "snippet": ASKING.splitlines()[4].strip()}
    assert "because the student competes with the provider" in finding["explanation"]
    assert finding["fix"].startswith("Ask a model whose terms allow this")


def test_without_a_manifest_the_purpose_is_a_question_and_not_a_guess(tree, gate):
    (tree / "audit.toml").unlink()
    code, told = gate(tree)
    finding = next(one for one in told["findings"] if one["rule"] == RULE)
    assert (code, told["outcome"], finding["outcome"]) == (0, "needs_facts", "needs_facts")
    assert finding["missing_facts"][0] == "activity"
    assert "[purpose] declared" in finding["fix"]
    assert gate(tree, "--fail-on", "needs_facts")[0] == 1


def test_while_the_purpose_is_open_the_finding_says_for_which_purposes_the_rule_would_apply(tree, gate):
    (tree / "audit.toml").write_text(MANIFEST.replace('[purpose]\ndeclared = "train"\n', ""))
    finding = next(one for one in gate(tree)[1]["findings"] if one["rule"] == RULE)
    assert "For training a model on output" in finding["explanation"]
    assert finding["explanation"].endswith("it would apply.")


def test_a_harmless_purpose_passes_and_silence_is_not_called_permission(tree, gate):
    (tree / "audit.toml").write_text(MANIFEST.replace('declared = "train"', 'declared = "evaluate"'))
    code, told = gate(tree, "--fail-on", "needs_facts")
    assert (code, told["findings"]) == (0, [])
    assert told["outcome"] != "permitted"


def test_a_waiver_lets_the_use_pass_and_stays_in_sight(tree, gate):
    (tree / "clausetrail-waivers.toml").write_text(WAIVER)
    code, told = gate(tree)
    finding = next(one for one in told["findings"] if one["rule"] == RULE)
    assert code == 0
    assert finding["waived"] == {"reason": "Order form 17", "by": "Dana Reyes", "until": "2026-12-31"}
    assert told["outcome"] == "prohibited"


def test_a_waiver_that_has_ended_covers_nothing_and_is_named(tree, gate):
    (tree / "clausetrail-waivers.toml").write_text(WAIVER.replace("2026-12-31", "2026-11-19"))
    code, told = gate(tree)
    assert code == 1
    assert told["waivers"] == {"ended": [f"{RULE}@openai"], "idle": []}


def test_what_was_there_before_does_not_stop_a_pull_request_and_a_new_use_does(tree, gate):
    _, before = gate(tree)
    baseline = tree / "before.json"
    baseline.write_text(json.dumps(before))
    assert gate(tree, "--baseline", str(baseline))[0] == 0
    (tree / "more.py").write_text(ASKING.replace("openai", "anthropic").replace("OpenAI", "Anthropic"))
    code, told = gate(tree, "--baseline", str(baseline))
    assert code == 1
    assert {one["provider"] for one in told["findings"] if not one["known"]} == {"anthropic"}


def test_what_was_only_waived_before_still_needs_its_waiver(tree, gate):
    waivers, baseline = tree / "clausetrail-waivers.toml", tree / "before.json"
    waivers.write_text(WAIVER)
    baseline.write_text(json.dumps(gate(tree)[1]))
    waivers.unlink()
    assert gate(tree, "--baseline", str(baseline))[0] == 1


def test_in_sarif_a_finding_has_its_place_and_a_waiver_is_a_suppression(tree, gate):
    (tree / "clausetrail-waivers.toml").write_text(WAIVER)
    _, told = gate(tree, format="sarif")
    (run,) = told["runs"]
    result = next(one for one in run["results"] if one["ruleId"] == RULE)
    place = result["locations"][0]["physicalLocation"]
    assert (result["level"], place["artifactLocation"]["uri"], place["region"]) == ("error", "ask.py", {"startLine": 5})
    assert result["suppressions"][0]["justification"] == "Order form 17 (Dana Reyes, until 2026-12-31)"
    assert {rule["id"] for rule in run["tool"]["driver"]["rules"]} >= {one["ruleId"] for one in run["results"]}


def test_people_read_the_clause_and_how_to_waive_it(tree, gate):
    code, text = gate(tree, format="table")
    assert code == 1
    assert "The check fails (it fails on prohibited)." in text
    assert f"To waive it: {RULE}@openai" in text


def test_a_tree_without_models_passes(tmp_path, gate):
    (tmp_path / "a.py").write_text("print(1)\n")
    assert gate(tmp_path)[1]["outcome"] is None


def test_names_from_the_tree_reach_no_terminal_as_commands(tree, gate):
    (tree / "ask.py").write_text(ASKING.replace("gpt-4o-mini", "gpt-4o-mini\\x1b[2J\u202e"))
    assert "\x1b" not in gate(tree, format="table")[1]
    assert "\u202e" not in gate(tree, format="table")[1]


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        ("audit.toml", "[pipeline", r"audit\.toml"),
        ("clausetrail-waivers.toml", "[[waiver]]\n", r"waiver 1: id: missing"),
        ("clausetrail-waivers.toml", "\udcff", r"not UTF-8"),
    ],
)
def test_what_cannot_be_read_ends_with_2_and_names_the_file(tree, name, text, complaint):
    (tree / name).write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(CommandError, match=complaint) as told:
        call_command("gate", str(tree), "--shipped")
    assert told.value.returncode == 2


def test_a_baseline_that_is_something_else_ends_with_2(tree):
    (tree / "b.json").write_text("[]")
    with pytest.raises(CommandError, match=r"not an answer of gate"):
        call_command("gate", str(tree), "--shipped", "--baseline", str(tree / "b.json"))
    with pytest.raises(CommandError, match=r"there is no such folder"):
        call_command("gate", str(tree / "nowhere"), "--shipped")


TRAINING = """\
from datasets import load_dataset
from trl import SFTTrainer
rows = load_dataset("tatsu-lab/alpaca")["train"]
SFTTrainer(model="acme/base-7b", train_dataset=rows).train()
"""
ALPACA = f"{RULE}@dataset:tatsu-lab/alpaca"


def test_a_data_set_written_by_a_model_whose_terms_bar_it_stops_the_pull_request_like_a_call(tmp_path, gate):
    (tmp_path / "train.py").write_text(TRAINING)
    (tmp_path / "audit.toml").write_text(MANIFEST)
    code, told = gate(tmp_path)
    (finding,) = [one for one in told["findings"] if one["id"] == ALPACA]
    assert code == 1
    assert (finding["outcome"], finding["dataset"], finding["section"]) == ("prohibited", "tatsu-lab/alpaca", "3.3(e)")
    assert (finding["evidence"][0]["file"], finding["evidence"][0]["line"]) == ("train.py", 3)
    assert "whoever held the account" in finding["explanation"]
    assert "Take a data set" in finding["fix"]
    assert [(one["id"], one["model"], one["outcome"]) for one in told["datasets"]] == [
        ("tatsu-lab/alpaca", "OpenAI GPT-3", "prohibited")
    ]


def test_a_data_set_is_waived_by_its_own_id_and_only_until_the_day_named(tmp_path, gate):
    (tmp_path / "train.py").write_text(TRAINING)
    (tmp_path / "audit.toml").write_text(MANIFEST)
    waiver = tmp_path / "clausetrail-waivers.toml"
    waiver.write_text(WAIVER.replace(f"{RULE}@openai", ALPACA))
    assert gate(tmp_path)[0] == 0
    waiver.write_text(WAIVER.replace(f"{RULE}@openai", ALPACA).replace("2026-12-31", "2026-11-19"))
    assert gate(tmp_path)[0] == 1


def test_without_a_declared_purpose_a_data_set_is_a_question(tmp_path, gate):
    (tmp_path / "train.py").write_text(TRAINING)
    code, told = gate(tmp_path)
    (finding,) = [one for one in told["findings"] if one["id"] == ALPACA]
    assert (code, finding["outcome"]) == (0, "needs_facts")
    assert "activity" in finding["missing_facts"]


def test_a_data_set_of_which_nobody_published_the_author_is_no_finding(tmp_path, gate):
    (tmp_path / "train.py").write_text(TRAINING.replace("tatsu-lab/alpaca", "acme/of-our-own"))
    (tmp_path / "audit.toml").write_text(MANIFEST)
    code, told = gate(tmp_path)
    assert (code, told["datasets"]) == (0, [])


def test_gitlab_is_told_what_counts_with_a_place_and_a_fingerprint_that_lines_do_not_move(tree, gate):
    code, first = gate(tree, format="codequality")
    (tree / "ask.py").write_text("# moved\n" + ASKING)
    _, second = gate(tree, format="codequality")
    one, other = (next(e for e in told if e["check_name"] == RULE) for told in (first, second))
    assert code == 1
    assert (one["severity"], one["location"]) == ("blocker", {"path": "ask.py", "lines": {"begin": 5}})
    assert (other["fingerprint"], other["location"]["lines"]["begin"]) == (one["fingerprint"], 6)
    (tree / "clausetrail-waivers.toml").write_text(WAIVER)
    assert RULE not in [entry["check_name"] for entry in gate(tree, format="codequality")[1]]


def test_the_templates_for_code_hosts_call_the_gate_with_options_that_it_has(project_directory):
    gitlab = yaml.safe_load((project_directory / ".ci" / "gitlab.yml").read_text())
    github = yaml.safe_load((project_directory / "action.yml").read_text())
    lines = [*gitlab["clausetrail-gate"]["script"], *(step["run"] for step in github["runs"]["steps"])]
    formats = set(re.findall(r"--format (\w+)", "\n".join(lines)))
    options = set(re.findall(r"--[a-z-]+", "\n".join(lines))) - {"--format"}
    parser = Command().create_parser("manage.py", "gate")
    known = {option for action in parser._actions for option in action.option_strings}
    assert formats <= set(WRITERS)
    assert options <= known
    assert gitlab["clausetrail-gate"]["artifacts"]["reports"]["codequality"] in "\n".join(lines)
