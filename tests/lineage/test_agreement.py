"""Student, teacher and baseline on the same prompts: what the indicator says of students whose making is known."""

import json
import random
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from hypothesis import given, settings
from hypothesis import strategies as st

from audits.datasets.answers import NoAnswers, read_answers
from audits.lineage.agreement import agreement, compare, estimate, prompt_key

WORDS = (
    "amber",
    "basin",
    "cedar",
    "delta",
    "ember",
    "fjord",
    "grove",
    "haven",
    "inlet",
    "jetty",
    "knoll",
    "ledge",
    "marsh",
)
PROMPTS = [f"question number {number}" for number in range(120)]
Said = dict[str, list[str]]


def answers(seed: int) -> Said:
    """A model of its own mind: independent of any with another seed."""
    rng = random.Random(seed)
    return {prompt: [" ".join(rng.choices(WORDS, k=30))] for prompt in PROMPTS}


def taught(teacher: Said, seed: int, share: float) -> Said:
    """A student that says a share of its answers in the teacher's words."""
    rng, own = random.Random(seed), answers(seed)
    return {prompt: teacher[prompt] if rng.random() < share else own[prompt] for prompt in PROMPTS}


def test_the_interval_of_an_independent_student_covers_nothing_at_all():
    found = compare(answers(1), answers(2), answers(3))
    assert found.difference.low < 0 < found.difference.high
    assert found.reading == "not_told"
    assert abs(found.student.mean - found.by_chance) < 0.02, "it agrees as much with answers to other prompts"


@pytest.mark.parametrize("share", [0.15, 1.0])
def test_a_student_that_copied_is_closer_than_the_baseline(share):
    teacher = answers(2)
    found = compare(taught(teacher, 1, share), teacher, answers(3))
    assert found.reading == "closer"
    assert found.difference.low > 0
    assert found.same_answer["student"] == pytest.approx(share, abs=0.1)
    assert found.same_answer["baseline"] == 0


def test_a_baseline_that_is_itself_the_teachers_pupil_hides_the_student():
    """Why the baseline is to be the model before training: another pupil of the same teacher shows no difference."""
    teacher = answers(2)
    assert compare(taught(teacher, 1, 0.5), teacher, taught(teacher, 9, 0.5)).reading == "not_told"


def test_a_student_that_avoids_the_teachers_words_is_farther():
    teacher = answers(2)
    assert compare(answers(1), teacher, taught(teacher, 3, 0.5)).reading == "farther"


def test_about_one_in_twenty_independent_students_looks_different_by_chance():
    teacher, baseline = answers(0), answers(1)
    readings = [compare(answers(seed), teacher, baseline).reading for seed in range(2, 22)]
    assert readings.count("not_told") >= 17


def test_labels_agree_or_do_not_whatever_their_case():
    assert [agreement(said, "Billing") for said in ("billing", " **Billing** ", "refund", "billing, refund")] == [
        1,
        1,
        0,
        0,
    ]
    assert agreement("7", "7.0") == 0, "what is not the same words is not held to be"
    assert agreement("👍", "👍") == 1


def test_prompts_that_not_all_answered_or_that_trained_the_student_are_set_aside_and_counted():
    teacher = answers(2)
    short = dict(list(teacher.items())[:100])
    found = compare(short, teacher, {**answers(3), "another": ["x"]}, trained_on=PROMPTS[:10])
    assert (found.prompts, found.trained_on) == (90, 10)
    assert found.left_out == {"student": 21, "teacher": 1, "baseline": 0}


def test_of_few_prompts_nothing_is_told():
    teacher = dict(list(answers(2).items())[:19])
    assert compare(teacher, teacher, answers(3)).reading == "too_few"
    assert compare({}, {}, {}).reading == "too_few"


def test_the_same_answers_give_the_same_interval():
    rng = random.Random(5)
    values = [rng.random() for _ in range(50)]
    assert estimate(values) == estimate(values)
    assert estimate(values).low < estimate(values).mean < estimate(values).high


@settings(max_examples=80, deadline=None)
@given(st.text(max_size=60), st.text(max_size=60))
def test_agreement_lies_between_nothing_and_all_and_a_text_agrees_with_itself(one, other):
    assert 0 <= agreement(one, other) <= 1
    assert agreement(one, one) == 1


def written(folder: Path, name: str, said: Said) -> Path:
    path = folder / f"{name}.jsonl"
    path.write_text(
        "".join(json.dumps({"prompt": p, "answer": a}) + "\n" for p, given_ in said.items() for a in given_)
    )
    return path


def test_answers_are_read_from_any_shape_and_numbers_are_answers(tmp_path):
    rows = [
        {"prompt": "How many?", "answer": 7},
        {"messages": [{"role": "user", "content": "how  MANY?"}, {"role": "assistant", "content": "Seven."}]},
        {"instruction": "Empty?", "output": ""},
        {"instruction": "no answer here"},
    ]
    (tmp_path / "a.json").write_text(json.dumps(rows))
    held = read_answers(tmp_path / "a.json")
    assert held.answers == {prompt_key("How many?"): ["7", "Seven."], prompt_key("Empty?"): [""]}
    assert (held.rows, held.unread) == (4, 1)
    assert held.problems == ["line 1: no field is named as an answer"]
    (tmp_path / "b.csv").write_text("colour,size\nred,1\n")
    with pytest.raises(NoAnswers, match=r"b\.csv: no row holds a prompt and an answer"):
        read_answers(tmp_path / "b.csv")


def asked(folder: Path, *more: str) -> str:
    teacher = answers(2)
    sides = {"student": taught(teacher, 1, 0.8), "teacher": teacher, "baseline": answers(3)}
    files = [part for name, said in sides.items() for part in (f"--{name}", str(written(folder, name, said)))]
    out = StringIO()
    call_command("answer_agreement", *files, *more, stdout=out)
    return out.getvalue()


def test_the_command_says_what_it_found_and_what_that_does_not_show(tmp_path):
    trained = tmp_path / "train.jsonl"
    trained.write_text(json.dumps({"instruction": PROMPTS[0].upper(), "output": "x"}))
    answer = json.loads(asked(tmp_path, "--trained-on", str(trained), "--format", "json"))
    assert (answer["prompts"], answer["trained_on"], answer["reading"]) == (119, 1, "closer")
    assert len(answer["files"]["student"]["sha256"]) == 64
    table = asked(tmp_path)
    assert "more like the teacher than the baseline does" in table
    assert "This is an indicator." in table


def test_a_file_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(CommandError, match=r"no\.jsonl: there is no such file"):
        call_command("answer_agreement", student=tmp_path / "no.jsonl", teacher=tmp_path, baseline=tmp_path)
