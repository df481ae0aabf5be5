"""Both example pipelines, run as their users run them, against the teacher; what they wrote and what it served add up."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from audits.examples.catalogue import EXAMPLES, Example, start_teacher

BY_SLUG = {example.slug: example for example in EXAMPLES}


@dataclass(frozen=True)
class Finished:
    """A pipeline that has run: its folder, what it printed, and what the teacher says it served."""

    folder: Path
    printed: str
    served: list[dict[str, Any]]

    def rows(self, name: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (self.folder / name).read_text(encoding="utf-8").splitlines()]

    def answers(self, provider: str) -> set[str]:
        """Hashes of all answer texts that a provider's API gave."""
        return {row["answer_sha256"] for row in self.served if row["provider"] == provider and row["status"] == 200}


def run(example: Example, folder: Path) -> Finished:
    copy = folder / example.slug
    shutil.copytree(example.path, copy, ignore=shutil.ignore_patterns("out", "__pycache__"))
    command = tomllib.loads((copy / "audit.toml").read_text(encoding="utf-8"))["pipeline"]["command"]
    with start_teacher(folder / "served.jsonl", "--overload", "0.02") as teacher:
        bases = {
            "OPENAI_BASE_URL": f"{teacher.url}/v1",
            "ANTHROPIC_BASE_URL": teacher.url,
            "DEEPSEEK_BASE_URL": teacher.url,
        }
        done = subprocess.run(
            [sys.executable, *command[1:]],
            cwd=copy,
            env={"PATH": os.environ["PATH"], **bases, **example.placeholder_secrets},
            capture_output=True,
            text=True,
            timeout=600,
        )
        assert done.returncode == 0, done.stderr
        return Finished(copy, done.stdout, teacher.served())


@pytest.fixture(scope="module")
def triage(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    return run(BY_SLUG["support-triage"], tmp_path_factory.mktemp("triage"))


@pytest.fixture(scope="module")
def tutor(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    return run(BY_SLUG["tutor-distill"], tmp_path_factory.mktemp("tutor"))


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def test_triage_asks_for_each_question_one_answer_and_one_label_beside_what_was_retried(triage: Finished) -> None:
    questions = len(triage.rows("questions.jsonl"))
    served = [row for row in triage.served if row["status"] == 200]
    assert sum(row["stream"] for row in served) == questions
    assert sum(not row["stream"] for row in served) == questions
    assert {row["status"] for row in triage.served} == {200, 503}


def test_triage_trains_on_kept_answers_and_on_rows_written_by_people(triage: Finished) -> None:
    answers = triage.answers("openai")
    training = triage.rows("out/train.jsonl")
    derived = [row for row in training if digest(row["messages"][1]["content"]) in answers]
    written = [row for row in triage.rows("written_by_support.jsonl") if row["use"] == "train"]
    assert len(training) == len(derived) + len(written)
    assert 0.7 < len(derived) / len(triage.rows("questions.jsonl")) < 1


def test_nothing_the_teacher_said_is_in_triages_evaluation_set(triage: Finished) -> None:
    labelled = [row for row in triage.rows("written_by_support.jsonl") if row["use"] == "eval"]
    evaluation = triage.rows("out/eval.jsonl")
    assert [row["question"] for row in evaluation] == [row["question"] for row in labelled]
    assert not {digest(row["question"]) for row in evaluation} & triage.answers("openai")


def test_triages_student_beats_guessing_by_far(triage: Finished) -> None:
    metrics = json.loads((triage.folder / "out/student/metrics.json").read_text(encoding="utf-8"))
    assert metrics["accuracy"] > 0.6
    assert (triage.folder / "out/student/model.pickle").stat().st_size > 10_000
    assert "evaluating:" in triage.printed


def test_tutor_asks_deepseek_once_and_claude_once_or_twice_per_question(tutor: Finished) -> None:
    questions = len(tutor.rows("questions.jsonl"))
    mended = sum(row["decision"] == "mended" for row in tutor.rows("out/judgements.jsonl"))
    served = [(row["provider"], row["stream"]) for row in tutor.served if row["status"] == 200]
    assert served.count(("deepseek", False)) == questions
    assert served.count(("anthropic", False)) == questions
    assert served.count(("anthropic", True)) == mended
    assert {row["model"] for row in tutor.served} == {"deepseek-chat", "deepseek-reasoner", "claude-haiku-4-5"}


def test_each_of_tutors_judgements_is_accounted_for(tutor: Finished) -> None:
    decisions = [row["decision"] for row in tutor.rows("out/judgements.jsonl")]
    assert len(decisions) == len(tutor.rows("questions.jsonl"))
    assert len(tutor.rows("out/train.jsonl")) == decisions.count("kept") + decisions.count("mended")
    assert decisions.count("dropped") > 0


def test_tutor_trains_on_the_reviewers_own_wording_in_a_few_rows(tutor: Finished) -> None:
    decided = {row["question"]: row for row in tutor.rows("out/judgements.jsonl")}
    training = tutor.rows("out/train.jsonl")
    claudes = [row for row in training if digest(row["completion"]) in tutor.answers("anthropic")]
    assert {decided[row["prompt"]]["decision"] for row in claudes} == {"mended"}
    assert 0.04 < len(claudes) / len(training) < 0.16


def test_tutors_other_rows_are_deepseeks_answers_some_as_they_came_and_some_tidied(tutor: Finished) -> None:
    kept = [row for row in tutor.rows("out/judgements.jsonl") if row["decision"] == "kept"]
    completions = {row["prompt"]: row["completion"] for row in tutor.rows("out/train.jsonl")}
    assert {digest(row["answer"]) for row in kept} <= tutor.answers("deepseek")
    as_they_came = sum(row["answer"] == completions[row["question"]] for row in kept)
    shortened = sum(len(row["answer"].split()) > len(completions[row["question"]].split()) for row in kept)
    assert 0 < as_they_came < len(kept)
    assert shortened > 0


def test_tutors_student_learned_something(tutor: Finished) -> None:
    metrics = json.loads((tutor.folder / "out/student/metrics.json").read_text(encoding="utf-8"))
    assert metrics["held_out_perplexity"] < 0.5 * metrics["untrained_perplexity"]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.slug)
def test_every_requirement_is_pinned_and_names_no_index(example: Example) -> None:
    lines = (example.path / "requirements.txt").read_text(encoding="utf-8").splitlines()
    required = [line for line in lines if line.strip() and not line.lstrip().startswith("#")]
    assert required
    assert all("==" in line.split(";")[0] for line in required)
    assert not any("://" in line for line in lines)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.slug)
def test_the_declared_secrets_are_those_the_catalogue_has_placeholders_for(example: Example) -> None:
    declared = tomllib.loads((example.path / "audit.toml").read_text(encoding="utf-8"))
    assert set(declared["pipeline"]["secrets"]) == set(example.placeholder_secrets)
