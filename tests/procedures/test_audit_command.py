"""`manage.py audit`: exit codes, one JSON document, files asked for, and what it says about input it can't use."""

import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from audits.evidence import verify_bundle
from audits.management.following import follow
from audits.models import Pipeline, Run
from audits.procedures.audit import audit
from audits.procedures.lifecycle import conduct
from tests.procedures.conftest import HOST, Lab, manifest

KEYS = {
    "run", "state", "isolation", "simulated_upstreams", "calls", "refused", "gaps", "lineage", "contradictions", "outcome",
    "findings", "evidence", "report",
}  # fmt: skip
ASKS = "write('out/train.jsonl', [{'text': ask('How do I reset my password?')}])"
Said = tuple[int, str, str]
Call = Callable[..., Said]


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch) -> Call:
    """Calls the command; the worker's part is done at once, in this process, instead of by way of the broker."""
    monkeypatch.setenv("CLAUSETRAIL_SERVICES", "started")
    monkeypatch.setattr("audits.management.commands.audit.run_audit.delay", lambda run_id: conduct(run_id, audit))

    def call(*arguments: str) -> Said:
        out, err = io.StringIO(), io.StringIO()
        with pytest.raises((SystemExit, CommandError)) as ended:
            call_command("audit", *arguments, stdout=out, stderr=err)
        error = ended.value
        code = error.returncode if isinstance(error, CommandError) else int(getattr(error, "code", 0) or 0)
        return code, out.getvalue(), err.getvalue() + (str(error) if isinstance(error, CommandError) else "")

    return call


def folder_of(pipeline: Pipeline) -> str:
    return pipeline.path


def test_the_answer_is_one_document_with_the_promised_keys_and_a_bundle_that_verifies(
    lab: Lab, command: Call, without_paper: None, tmp_path: Path
):
    bundle = tmp_path / "out" / "evidence.zip"
    student = 'distributed = true\ncommercial = true\n[purpose]\ndeclared = "train"'
    toml = manifest(further=student).replace("competes_with = []", 'competes_with = ["openai"]')
    toml = toml.replace('"classifier"\ngeneral_purpose = false', '"generative"\ngeneral_purpose = true')
    folder = folder_of(lab.pipeline(ASKS, toml=toml))
    arguments = ["--upstream", f"{HOST}={lab.teacher.url}", "--bundle", str(bundle), "--format", "json"]

    code, out, err = command(folder, *arguments)

    answer = json.loads(out)
    assert answer.keys() >= KEYS
    assert (answer["state"], answer["isolation"], answer["simulated_upstreams"]) == ("completed", "enforced", [HOST])
    assert answer["calls"]["total"] == 1
    assert answer["calls"].keys() >= {"total", "by_provider", "unparsed", "failed"}
    assert answer["calls"]["by_provider"]["openai"].keys() >= {"total", "models", "input_tokens", "output_tokens"}
    [share] = answer["lineage"]
    assert (share["dataset"], share["role"], share["rows"], share["derived_rows"]) == (
        "out/train.jsonl",
        "training",
        1,
        1,
    )
    assert sum(share["by_model"].values()) == 1
    for finding in answer["findings"]:
        promised = {"id", "outcome", "provider", "rule", "document", "section", "calls", "rows", "level"}
        assert finding.keys() >= promised
    assert answer["evidence"].keys() >= {"exchanges", "root", "bundle"}
    assert answer["evidence"]["bundle"] == str(bundle)
    assert answer["report"] is None
    assert code == (1 if answer["outcome"] == "prohibited" else 0)
    assert answer["outcome"] == "prohibited", "a competing student, trained on output"
    assert verify_bundle(str(bundle)).ok
    assert _verify(bundle) == 0
    assert "execute done" in err


def _verify(bundle: Path) -> int:
    try:
        call_command("verify", str(bundle), stdout=io.StringIO(), stderr=io.StringIO())
    except SystemExit as ended:
        return int(ended.code or 0)
    return 0


def test_recording_only_judges_nothing_and_is_no_complaint(
    lab: Lab, command: Call, without_paper: None, tmp_path: Path
):
    folder, paper = folder_of(lab.pipeline(ASKS)), tmp_path / "out.pdf"
    code, out, err = command(folder, "--record-only", "--upstream", f"{HOST}={lab.teacher.url}", "--report", str(paper))
    assert code == 0
    assert "Outcome: none" in out
    assert f"Simulated upstream: {HOST}" in out
    assert "out/train.jsonl: 1 of 1 rows derive from answers" in out
    assert f"{paper}: not written: the run made no report" in err
    assert not paper.exists()


def test_a_pipeline_that_fails_could_not_be_audited_whole(lab: Lab, command: Call, without_paper: None):
    folder = folder_of(lab.pipeline("print('\\x1b[31mred'); raise SystemExit(3)"))
    code, out, err = command(folder, "--upstream", f"{HOST}={lab.teacher.url}", "--format", "json")
    assert code == 2
    assert json.loads(out)["state"] == "failed"
    assert "exit code 3" in json.loads(out)["reason"]
    assert "\x1b" not in err, "what a pipeline prints steers no terminal"
    assert "␛[31mred" in err


def test_the_same_folder_is_the_same_pipeline(lab: Lab, command: Call, without_paper: None):
    folder = folder_of(lab.pipeline("raise SystemExit(1)"))
    Pipeline.objects.all().delete()
    for _ in range(2):
        command(folder, "--upstream", f"{HOST}={lab.teacher.url}", "--quiet", "--project", "acme")
    assert list(Run.objects.values_list("number", flat=True).order_by("number")) == [1, 2]
    assert Pipeline.objects.get().project.slug == "acme"


@pytest.mark.parametrize(
    ("upstreams", "complaint"),
    [
        (["api.openai.com"], "--upstream api.openai.com: write HOST=URL"),
        (["=http://127.0.0.1:1"], "write HOST=URL"),
        (["api.openai.com=ftp://127.0.0.1"], "write HOST=URL"),
        (["api.openai.com=http://127.0.0.1:port"], "write HOST=URL"),
        (["api.openai.com=http://127.0.0.1:99999"], "write HOST=URL"),
        (["https://api.openai.com=http://127.0.0.1:1"], "write HOST=URL"),
        (["\x1b[31m=http://127.0.0.1:1"], "--upstream ␛[31m="),
        (["a.test=http://127.0.0.1:1", "A.test=http://127.0.0.1:2"], "A.test is given twice"),
    ],
)
def test_an_upstream_that_cannot_be_meant_ends_with_two_before_anything_starts(
    command: Call, tmp_path: Path, upstreams: list[str], complaint: str
):
    code, out, err = command(str(tmp_path), *(f"--upstream={text}" for text in upstreams))
    assert (code, out) == (2, "")
    assert complaint in err


def test_a_folder_or_manifest_that_cannot_be_used_is_named_with_file_and_line(command: Call, tmp_path: Path):
    assert command(str(tmp_path / "nowhere"))[0] == 2
    code, out, err = command(str(tmp_path))
    assert (code, out) == (2, "")
    assert f"{tmp_path}/audit.toml: is missing" in err
    (tmp_path / "audit.toml").write_text('[pipeline]\nname = "x"\ncommand = "python main.py"\n')
    code, out, err = command(str(tmp_path))
    assert (code, out) == (2, "")
    assert f"{tmp_path}/audit.toml:3: pipeline.command: must be a list of texts" in err


def test_a_run_that_no_worker_takes_is_withdrawn(lab: Lab, command: Call, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("audits.management.commands.audit.run_audit.delay", lambda run_id: None)
    assert follow.__kwdefaults__
    monkeypatch.setitem(follow.__kwdefaults__, "stuck_after", 0)
    code, out, err = command(folder_of(lab.pipeline()), "--upstream", f"{HOST}={lab.teacher.url}")
    assert (code, out) == (2, "")
    assert "no worker has taken run" in err
    assert Run.objects.get().state == Run.State.ABORTED
