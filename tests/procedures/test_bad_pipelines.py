"""Whatever a pipeline does, its run ends with a true state and a reason, and what was captured until then is judged."""

import pytest

from audits.models import Exchange, ModelCall, Run
from audits.procedures.executing import LineSplitter
from audits.procedures.lifecycle import LONGEST_LINE, RunLog
from audits.queries.summary import summary_of
from tests.factories import make_run
from tests.procedures.conftest import Lab, left_on_disk, manifest

ASKS_FIRST = """
answer = ask("How do I reset my password?")
write("out/train.jsonl", [{"text": answer}])
"""


def test_a_run_without_a_manifest_says_what_is_missing_and_where_to_read_on(lab: Lab):
    pipeline = lab.pipeline()
    (lab.folder / pipeline.name / "audit.toml").unlink()
    run = lab.conduct(lab.request(pipeline))
    assert run.state == Run.State.FAILED
    assert run.reason == (
        "audit.toml is missing from the pipeline's tree. It says how to run the pipeline; see docs/manifest.md."
    )
    assert run.steps.get(name="prepare").state == "failed"
    assert run.steps.get(name="report").state == "skipped"
    assert left_on_disk(run) == []


@pytest.mark.parametrize(
    ("toml", "complaint"),
    [
        ("[pipeline\nname = 1", "audit.toml:1: not valid TOML"),
        ('[pipeline]\nname = "a"\ncommand = "python x.py"', "audit.toml:3: pipeline.command: must be a list of texts"),
        (
            manifest(further='[purpose]\ndeclared = "evaluate"'),
            'purpose.declared: says "evaluate", but out/train.jsonl',
        ),
        (b"name = '\xff'", "audit.toml: not UTF-8 text"),
        ('[pipeline]\nname = "\\u0000"', "audit.toml: a key or text holds the character U+0000"),
    ],
)
def test_a_manifest_that_is_malformed_or_contradicts_itself_fails_the_run_with_line_and_key(lab: Lab, toml, complaint):
    run = lab.audit(toml=toml)
    assert run.state == Run.State.FAILED
    assert complaint in run.reason
    assert run.traceback == ""


@pytest.mark.parametrize(
    ("program", "timeout", "then", "reason"),
    [
        ("", 1, "print('giving up'); raise SystemExit(3)", "The pipeline ended with exit code 3."),
        ("", 0.05, "import time; time.sleep(60)", "it ran longer than the 3 s allowed"),
        ("memory_mb = 150", 1, "hog = bytearray(400 << 20); import time; time.sleep(60)", "150 are allowed"),
        (
            "disk_mb = 60",
            1,
            "[open(f'f{n}', 'wb').write(bytes(1 << 20)) for n in range(300)]; input()",
            "60 are allowed",
        ),
        ("processes = 40", 0.05, "import time\nwhile True:\n try: os.fork()\n except OSError: time.sleep(60)", "3 s"),
        ("", 1, "os.kill(os.getpid(), 9)", "signal 9"),
    ],
    ids=["exits", "hangs", "memory", "disk", "forks", "dies"],
)
def test_a_pipeline_that_fails_is_judged_by_what_it_asked_until_then(
    lab: Lab, without_paper: None, program: str, timeout: float, then: str, reason: str
):
    run = lab.audit(ASKS_FIRST + then, toml=manifest(program=program, timeout=timeout))

    assert run.state == Run.State.FAILED, run.traceback or run.reason
    assert reason in run.reason
    assert run.steps.get(name="execute").state == "failed"
    assert run.calls.get().purpose == ModelCall.Purpose.TRAIN
    assert run.datasets.get().derived_rows == 1
    assert run.uses.get().activity == "train_on_output"
    assert run.findings.exists()
    assert run.evidence_root
    assert left_on_disk(run) == []


def test_a_command_that_does_not_exist_fails_the_run(lab: Lab, without_paper: None):
    toml = manifest().replace('["python", "main.py"]', '["no-such-program"]')
    run = lab.audit(toml=toml)
    assert (run.state, run.exit_status) == (Run.State.FAILED, "could_not_start")
    assert "was not found" in run.reason


MALFORMED = """
answers = [ask(f"How do I cancel order {number}?") for number in range(2)]
write("out/train.jsonl", [{"text": answers[0]}])
with open("out/train.jsonl", "a") as file:
    file.write("{not json\\n\\x00\\x01\\n[1, 2\\n")
os.symlink("/etc/passwd", "out/evaluation.jsonl")
os.mkfifo("out/pipe.jsonl")
os.mkfifo("out/student")
"""


def test_datasets_that_are_missing_malformed_or_no_files_are_gaps_by_name(lab: Lab, without_paper: None):
    """Missing training data leaves purposes unknown: nobody can say that an answer is not in it."""
    more = "".join(
        f'[[dataset]]\npath = "out/{name}.jsonl"\nrole = "{role}"\n'
        for name, role in [("evaluation", "evaluation"), ("pipe", "intermediate"), ("never-written", "training")]
    )
    run = lab.audit(MALFORMED, toml=manifest(further='path = "out/student"\n' + more))

    assert run.state == Run.State.COMPLETED, run.traceback or run.reason
    gaps = {gap["subject"]: gap["detail"] for gap in summary_of(run)["gaps"]}
    assert gaps["out/train.jsonl"].startswith("3 of 4 rows can't be read")
    assert "is a link" in gaps["out/evaluation.jsonl"]
    assert "is not a regular file" in gaps["out/pipe.jsonl"]
    assert "was not written by the run" in gaps["out/never-written.jsonl"]
    assert "neither a file nor a folder" in gaps["out/student"]
    assert sorted(run.calls.values_list("purpose", flat=True)) == ["", "train"]
    train = run.datasets.get(path="out/train.jsonl")
    assert (train.rows, train.malformed, train.derived_rows) == (4, 3, 1)
    assert run.outcome in ("needs_facts", "prohibited"), "what can't be read is never a clean bill"


def test_training_data_that_was_there_before_the_run_proves_nothing_about_it(lab: Lab, without_paper: None):
    run = lab.audit("ask('How do I pay?')", files={"out/train.jsonl": '{"text": "old"}\n'})
    assert run.state == Run.State.COMPLETED
    assert run.gaps.get().detail == "It was in the source tree before the run, and the run did not write it"
    assert run.calls.get().purpose == ModelCall.Purpose.UNKNOWN


HOSTILE = "<script>alert(1)</script>{{7*7}}{% load x %}'; DROP TABLE audits_run; --\u202e\x1b[31m"
HOSTILE_PIPELINE = """
import sys, traceback
bad = "<script>alert(1)</script>{{7*7}}{% load x %}'; DROP TABLE audits_run; --\\u202e\\x1b[31m\\x00"
rows = []
for model in (bad, "gpt-4o-mini", "m" * 5000, "\\ud800"):
    try:
        answer = post({"model": model, "messages": [{"role": "user", "content": bad}]}, host="api.rogue.test")
        rows.append({bad: answer["choices"][0]["message"]["content"], "model": model})
    except Exception:
        traceback.print_exc()
print(bad); print(bad, file=sys.stderr)
sys.stdout.buffer.write(b"\\xff\\xfe\\x1b]0;owned\\x07\\r\\n" + b"x" * 300_000 + b"\\n")
sys.stdout.buffer.write(b"\\n" * 150_000)
sys.stdout.flush()
os.makedirs("out/student")
names = [b"<img src=x onerror=alert(1)>.bin", b"\\xff\\xfe.bin", "\\u202ecod.exe".encode(), b"a\\nb;rm -rf $HOME", b"{{7*7}}"]
for name in names:
    open(b"out/student/" + name, "wb").write(b"weights")
write("out/train.jsonl", rows)
"""


def test_hostile_strings_pass_through_every_step_as_text_and_reach_the_paper(
    lab: Lab, rogue_upstream: str, monkeypatch: pytest.MonkeyPatch
):
    """Model names, prompts, answers, log lines, file names and source: markup, SQL, templates, NUL, RTL, escapes."""
    monkeypatch.setattr(LineSplitter.__init__, "__defaults__", (1_000,))
    files = {"src/<b>{{7*7}}.py": f'MODEL = "{HOSTILE}"\nimport openai\nopenai.OpenAI(base_url="https://\u202e/")\n'}
    student = manifest(further='path = "out/student"')
    run = lab.audit(HOSTILE_PIPELINE, toml=student, files=files, upstreams={"api.rogue.test": rogue_upstream})

    assert run.state == Run.State.COMPLETED, run.traceback or run.reason
    assert run.exchanges.count() == 4
    assert run.calls.filter(request_model__startswith="<script>").exists()
    assert run.student.files[0]["path"]
    assert len(run.student.files) == 5
    assert run.gaps.get(kind="output").detail.endswith("lines of output were more than are kept")
    longest = max(len(line.text) for line in run.log_lines.all())
    assert longest <= LONGEST_LINE
    assert run.log_lines.filter(text__contains="\x1b[31m").exists(), "kept as it came; shown harmless"
    assert run.reports.get().state == "ready", run.reports.get().error
    assert Run.objects.count() == 1


def test_a_bug_of_our_own_ends_as_errored_with_its_traceback_not_as_failed(
    lab: Lab, without_paper: None, monkeypatch: pytest.MonkeyPatch
):
    def broken(*args: object) -> None:
        raise KeyError("sk-0123456789abcdefghijkl in a message")

    monkeypatch.setattr("audits.procedures.judging.judge", broken)
    run = lab.audit(ASKS_FIRST)
    assert run.state == Run.State.ERRORED
    assert run.reason == "Clausetrail itself failed (KeyError). The evidence captured so far is kept."
    assert "in broken" in run.traceback
    assert "sk-0123456789" not in run.traceback
    assert run.steps.get(name="match").state == "failed"
    assert (run.calls.count(), run.datasets.count()) == (1, 1)


def test_a_secret_that_no_recorder_could_mask_fails_the_run(lab: Lab, without_paper: None, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "short")
    run = lab.audit(ASKS_FIRST)
    assert run.state == Run.State.FAILED
    assert "secrets.OPENAI_API_KEY: value and placeholder need at least 6 characters" in run.reason
    assert not Exchange.objects.exists()


def test_a_secret_without_a_value_and_without_an_upstream_fails_the_run(lab: Lab, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    run = lab.audit(ASKS_FIRST, upstreams={})
    assert run.state == Run.State.FAILED
    assert "No value for the secret OPENAI_API_KEY" in run.reason


@pytest.mark.django_db
def test_lines_are_cut_masked_and_counted():
    run = make_run()
    log = RunLog(run.pk, ("a-very-secret-value",))
    splitter = LineSplitter(log, most=5)
    splitter.take("stdout", b"first\r\nhalf a l")
    splitter.take("stderr", b"other\n")
    splitter.take("stdout", b"ine with a-very-secret-value\n" + b"y" * 70_000)
    splitter.take("stdout", b"\xf0\x9f\n\n\n\n")
    splitter.close()
    lines = list(run.log_lines.order_by("seq").values_list("stream", "text"))
    assert lines[:3] == [("stdout", "first"), ("stderr", "other"), ("stdout", "half a line with [masked]")]
    assert [len(text) for _, text in lines[3:12]] == [8192] * 8 + [70_000 - 8 * 8192]
    assert lines[12] == ("stdout", "\\xf0\\x9f")
    assert lines[13] == ("audit", "3 further lines are not kept: 5 of one command are.")
    assert splitter.dropped == 3
    assert [line.seq for line in run.log_lines.order_by("seq")] == list(range(14))
