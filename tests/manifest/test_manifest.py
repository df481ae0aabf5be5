"""audit.toml: what it may say, and how it is told what is wrong with it."""

from pathlib import Path

import pytest
from django.conf import settings
from hypothesis import given
from hypothesis import strategies as st

from audits.manifest import ManifestError, declared_purpose, parse_manifest

WHOLE = """
[pipeline]
name = "Support triage"
command = ["python", "distill.py"]
setup = ["pip", "install", "-r", "requirements.txt"]
python = "3.11"
env = {MODE = "full"}
secrets = ["OPENAI_API_KEY"]
timeout_minutes = 0.5
memory_mb = 2048
disk_mb = 500
processes = 64

[[dataset]]
path = "out/train.jsonl"
role = "training"

[[dataset]]
path = "./out//eval.jsonl"
role = "evaluation"

[student]
name = "triage-1"
kind = "classifier"
base_model = "none"
general_purpose = false
competes_with = ["openai"]
distributed = false
commercial = true
path = "out/student"

[purpose]
declared = "train"
per_host = {"API.Anthropic.com" = "evaluate"}

[access]
openai = {kind = "api", served_by = "openai", account = "acme-prod"}
"""
LEAST = '[pipeline]\nname = "x"\ncommand = ["true"]\n'


def complaints(text: str) -> list[str]:
    with pytest.raises(ManifestError) as refused:
        parse_manifest(text)
    return list(refused.value.problems)


def test_everything_that_may_be_said_is_understood():
    read = parse_manifest(WHOLE)
    assert (read.pipeline.timeout_minutes, read.pipeline.memory_mb, read.pipeline.disk_mb) == (0.5, 2048, 500)
    assert [(dataset.path, dataset.role) for dataset in read.datasets] == [
        ("out/train.jsonl", "training"),
        ("out/eval.jsonl", "evaluation"),
    ]
    assert read.student is not None
    assert read.student.competes_with == ("openai",)
    assert read.access["openai"].account == "acme-prod"
    kept = read.as_json()
    assert declared_purpose(kept, "api.anthropic.com") == "evaluate"
    assert declared_purpose(kept, "api.openai.com") == "train"


def test_what_is_not_said_is_unknown_and_not_false():
    read = parse_manifest(LEAST + '[student]\nname = "s"\n')
    assert read.student is not None
    assert (read.student.distributed, read.student.competes_with, read.student.kind) == (None, None, None)
    assert declared_purpose(read.as_json(), "api.openai.com") is None
    assert (read.pipeline.timeout_minutes, read.pipeline.memory_mb, read.datasets) == (60, 4096, ())


@pytest.mark.parametrize("example", ["support-triage", "tutor-distill"])
def test_the_examples_manifests_are_good(example: str):
    path = Path(settings.BASE_DIR) / "audits" / "examples" / example / "audit.toml"
    assert parse_manifest(path.read_text()).pipeline.name


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "audit.toml: pipeline: is missing; begin with [pipeline]"),
        ("[pipeline]\n", "audit.toml:1: pipeline.name: is missing; give the pipeline a name"),
        ("[pipeline]\n", "audit.toml:1: pipeline.command: is missing; say what runs it"),
        ('[pipeline]\nname = ""\ncommand = ["x"]', "audit.toml:2: pipeline.name: must be a text, of 1 to 120 characters"),
        ('[pipeline]\nname = 1.5\ncommand = ["x"]', "audit.toml:2: pipeline.name: must be a text, not a number"),
        ('[pipeline]\nname = 2026-01-01\ncommand = ["x"]', "must be a text, not a date or time"),
        ('[pipeline]\nname = "x"\ncommand = []', "audit.toml:3: pipeline.command: names no program"),
        ('[pipeline]\nname = "x"\ncommand = [" "]', "audit.toml:3: pipeline.command: names no program"),
        ('[pipeline]\nname = "x"\ncommand = ["x", 1]', "audit.toml:3: pipeline.command: must hold texts only"),
        ('[pipeline]\nname = "x"\ncommand = "x y"', "must be a list of texts, e.g. [\"a\", \"b\"], not a text"),
        (LEAST + "setup = []", "audit.toml:4: pipeline.setup: names no program"),
        (LEAST + 'python = "3"', "audit.toml:4: pipeline.python: '3' is not a version such as \"3.11\""),
        (LEAST + "python = 3.11", "audit.toml:4: pipeline.python: must be a text such as \"3.11\", not a number"),
        (LEAST + "timeout_minutes = 0", "audit.toml:4: pipeline.timeout_minutes: must be more than 0 and at most 10,080"),
        (LEAST + "timeout_minutes = nan", "pipeline.timeout_minutes: must be more than 0"),
        (LEAST + "timeout_minutes = true", "pipeline.timeout_minutes: must be a number, not true or false"),
        (LEAST + "memory_mb = 0.5", "pipeline.memory_mb: must be a whole number, not a number"),
        (LEAST + "memory_mb = 8", "pipeline.memory_mb: must be at least 16 and at most 1,048,576"),
        (LEAST + "comand = 1", "audit.toml:4: pipeline.comand: unknown key; did you mean command?"),
        (LEAST + "[students]\nname = 'x'", "audit.toml:4: students: unknown key; did you mean student?"),
        (LEAST + "[zebra]", "unknown key; known here: pipeline, dataset, student, purpose, access"),
        (LEAST + 'env = {"A-B" = "x"}', "audit.toml:4: pipeline.env: A-B: names are letters, digits and _"),
        (LEAST + "env = {A = 1}", "pipeline.env: A: names are letters, digits and _, values are texts in quotes"),
        (LEAST + 'secrets = ["sk-123 4"]', "list the names of environment variables, never their values"),
        (LEAST + 'secrets = ["KEY"]\nenv = {KEY = "x"}', "KEY is in env too: remove it there"),
        (LEAST + "[dataset]\npath = 'x'", "dataset: must be a list of tables; write [[dataset]]"),
        ("dataset = [1]\n" + LEAST, "dataset[0]: must be a table; write [[dataset]]"),
        (LEAST + '[[dataset]]\nrole = "training"', "audit.toml:4: dataset[0].path: is missing"),
        (LEAST + '[[dataset]]\npath = "a"', "audit.toml:4: dataset[0].role: is missing; say what it is for: training"),
        (LEAST + '[[dataset]]\npath = "a"\nrole = "train"', "audit.toml:6: dataset[0].role: 'train' is not one of: training"),
        (LEAST + '[[dataset]]\npath = "/etc/passwd"\nrole = "training"', "must be a path inside the pipeline's tree"),
        (LEAST + '[[dataset]]\npath = "a/../../b"\nrole = "training"', "must be a path inside the pipeline's tree"),
        (
            LEAST + '[[dataset]]\npath = "a"\nrole = "training"\n[[dataset]]\npath = "./a"\nrole = "evaluation"',
            "audit.toml:8: dataset[1].path: a is declared twice: a file has one role",
        ),
        (LEAST + "[student]\nkind = 'x'", "audit.toml:4: student.name: is missing"),
        (LEAST + "[student]\nname = 'x'\nkind = 'llm'", "'llm' is not one of: generative, classifier, embedding, reward"),
        (LEAST + "[student]\nname = 'x'\ndistributed = 'no'", "student.distributed: must be true or false, not a text"),
        ("student = 'x'\n" + LEAST, "student: must be a table; write [student]"),
        (LEAST + "[purpose]\ndeclared = 'judge'", "purpose.declared: 'judge' is not one of: train, evaluate, filter"),
        (LEAST + "[purpose]\nper_host = {a = 'b'}", "purpose.per_host: a: 'b' is not one of"),
        (LEAST + "[access]\nopenai = 'api'", "audit.toml:5: access.openai: must be a table"),
        (LEAST + "[access]\nopenai = {kind = 'phone'}", "audit.toml:5: access.openai.kind: 'phone' is not one of: api"),
        (LEAST + "[access.openai]\nkey = 'x'", "audit.toml:5: access.openai.key: unknown key"),
        (
            LEAST + '[[dataset]]\npath = "a"\nrole = "training"\n[purpose]\ndeclared = "evaluate"',
            'audit.toml:8: purpose.declared: says "evaluate", but a is declared as training data',
        ),
        ("[pipeline]\nname = 'x\n", "audit.toml:3: not valid TOML: "),
        ("x = " + "[" * 5000, "audit.toml: not usable: its values are nested too deeply"),
        ("[pipeline]\nname = [", "audit.toml:2: not valid TOML: "),
        ('[pipeline]\n"a\\u0000" = 1', "holds the character U+0000"),
    ],
)  # fmt: skip
def test_each_complaint_names_file_line_and_key_and_how_to_mend_it(text: str, complaint: str):
    assert any(complaint in one for one in complaints(text)), complaints(text)


def test_all_complaints_are_told_at_once_and_none_twice():
    found = complaints('[pipeline]\nname = 1\ntimeout_minutes = -1\n[[dataset]]\nrole = "x"\n[student]\n')
    assert len(found) == len(set(found)) == 6
    lines = [int(one.split(":")[1]) for one in found if one.split(":")[1].isdigit()]
    assert lines == sorted(lines), "in the order of the file"


@pytest.mark.parametrize("key", ["name", "base_model", "path"])
def test_texts_longer_than_what_keeps_them_are_refused_before_anything_runs(key: str):
    name = "" if key == "name" else 'name = "s"\n'
    [complaint] = complaints(f'{LEAST}[student]\n{name}{key} = "{"x" * 500}"\n')
    assert f"student.{key}" in complaint


def problems_of(text: str) -> tuple[str, ...]:
    try:
        parse_manifest(text)
    except ManifestError as refused:
        return refused.problems
    return ()


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused_in_words(text: str):
    assert all(problem.startswith("audit.toml") for problem in problems_of(text))


PLACES = ["[pipeline] command", "[pipeline] env", "[pipeline] secrets", "dataset", "student", "purpose", "access"]
PLACES += ["[purpose] per_host", "[access] openai", "[student] competes_with", "[student] path"]
SIMPLE = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
VALUES = st.recursive(
    SIMPLE,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", max_size=3), inner, max_size=3),
)


@given(VALUES, st.sampled_from(PLACES))
def test_any_value_in_any_place_is_read_or_refused_in_words(value: object, place: str):
    table, _, key = place.rpartition(" ")
    line = f"{key} = {toml_of(value)}\n"
    text = f"{line}{LEAST}" if not table else f"{table}\n{line}"
    assert all(problem.startswith("audit.toml") for problem in problems_of(text))


def toml_of(value: object) -> str:
    """A value as inline TOML; what TOML has no word for becomes an empty text."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, list):
        return f"[{', '.join(map(toml_of, value))}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f'"{key}" = {toml_of(item)}' for key, item in value.items()) + "}"
    escaped = "".join(char if char.isalnum() and char.isascii() else f"\\U{ord(char):08X}" for char in str(value or ""))
    return f'"{escaped}"'
