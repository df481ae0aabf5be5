"""Pipelines that behave, from end to end: what they asked, what became of it, and who can check that."""

import io
import textwrap
import zipfile

import pytest

from audits.evidence import Seal, verify_bundle
from audits.models import Run
from audits.procedures import isolation, preparing
from audits.procedures.concluding import write_run_bundle
from audits.queries.summary import summary_of
from audits.reporting.context import build_context
from audits.sandbox import execution, python_environment
from audits.sandbox.capability import Capability
from tests.procedures.conftest import Lab, left_on_disk, manifest

TEACHES = """
rows = [{"text": ask(f"Question {number}: how do I reset my password?", n=1)} for number in range(3)]
try:
    import socket
    socket.create_connection(("192.0.2.7", 22), timeout=5).recv(1)
except OSError as error:
    print("refused", error)
write("out/train.jsonl", rows + [{"text": "written by a person, with nobody asked, about something else entirely"}])
"""
REASONS = ("nft is not installed: apt-get install nftables",)


def test_every_call_is_recorded_every_row_accounted_for_and_a_stranger_can_check_it(lab: Lab, tmp_path):
    before = len(lab.teacher.served())

    run = lab.audit(TEACHES)

    assert run.state == Run.State.COMPLETED, run.traceback or run.reason
    assert run.calls.count() == len(lab.teacher.served()) - before == 3
    dataset = run.datasets.get()
    assert (dataset.rows, dataset.derived_rows, dataset.malformed, dataset.gap) == (4, 3, 0, "")
    assert set(run.calls.values_list("purpose", "purpose_source")) == {("train", "observed")}
    assert run.connections.get(disposition="refused").address == "192.0.2.7"
    assert set(run.steps.values_list("state", flat=True)) == {"done"}
    assert run.environment["python"].startswith("3.11.")
    assert "pip" in run.environment["packages"]
    assert left_on_disk(run) == []
    _check_bundle(run, tmp_path)


def _check_bundle(run: Run, tmp_path) -> None:
    """Sealed evidence of every exchange, in a file that verifies by itself and holds the paper."""
    made = write_run_bundle(run, tmp_path / "bundle.zip", run.reports.get())
    assert verify_bundle(str(made.path)).ok
    kinds = set(run.evidence.values_list("kind", flat=True))
    assert kinds >= {
        "source",
        "manifest",
        "environment",
        "record",
        "scan",
        "dataset",
        "lineage",
        "uses",
        "findings",
        "log",
    }
    summary = summary_of(run)
    assert summary["evidence"]["root"] == made.root
    assert summary["evidence"]["key"].startswith("sha256:")
    with zipfile.ZipFile(io.BytesIO(made.path.read_bytes())) as bundle:
        assert "report.pdf" in bundle.namelist()


@pytest.fixture
def proxy_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine where nftables is missing: files can still be hidden, the network can't be sealed."""
    capability = Capability("proxy_only", True, REASONS)
    for module in (isolation, execution, python_environment):
        monkeypatch.setattr(module, "probe", lambda: capability)
    monkeypatch.setattr("audits.procedures.audit.probe", lambda: capability)


def test_without_isolation_every_place_says_proxy_only(lab: Lab, proxy_only: None, without_paper: None, tmp_path):
    proxied = """
    import urllib.request
    body = json.dumps({"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "How do I pay?"}]}).encode()
    headers = {"Content-Type": "application/json", "Authorization": "Bearer " + os.environ["OPENAI_API_KEY"]}
    asked = urllib.request.Request("https://api.openai.com/v1/chat/completions", body, headers)
    answer = json.load(urllib.request.urlopen(asked, timeout=20))["choices"][0]["message"]["content"]
    write("out/train.jsonl", [{"text": answer}])
    """

    run = lab.audit(proxied)

    assert run.state == Run.State.COMPLETED, run.traceback or run.reason + lab.log(run)
    assert (run.isolation, run.isolation_reasons) == ("proxy_only", list(REASONS))
    assert run.calls.count() == 1
    assert f"Isolation: {REASONS[0]}" in lab.log(run)
    assert summary_of(run)["isolation"] == "proxy_only"
    assert _statement(run)["environment"]["isolation"] == "proxy_only"
    use = run.uses.get()
    assert "student.trained_at_provider" not in use.facts, (
        "an absence proves nothing where calls can go past the recorder"
    )
    report = run.reports.get()
    assert build_context(report)["run"]["isolation"] == "proxy_only"
    bundle = write_run_bundle(run, tmp_path / "bundle.zip")
    with zipfile.ZipFile(bundle.path) as opened:
        assert '"isolation": "proxy_only"' in opened.read("run.json").decode()


def _statement(run: Run) -> dict:
    return Seal(run.seal.root, run.seal.entries, run.seal.definition).statement["predicate"]


def test_setup_runs_before_the_pipeline_reaches_no_model_and_its_packages_are_listed(lab: Lab, without_paper: None):
    """The set-up installs a package that lies in the tree, and tries to call a model, which is refused."""
    setup = """
    import pathlib, sysconfig
    home = pathlib.Path(sysconfig.get_path("purelib"))
    (home / "greeting.py").write_text("words = 'hello from set-up'")
    (home / "greeting-1.4.dist-info").mkdir()
    try:
        post({"model": "gpt-4o-mini", "messages": []})
    except OSError as error:
        print("set-up was refused:", error)
    """
    toml = manifest(program='setup = ["python", "setup_step.py"]')
    main = "import greeting; print(greeting.words); write('out/train.jsonl', [{'text': 'nothing asked'}])"
    run = lab.audit(main, toml=toml, files={"setup_step.py": "from asking import *\n" + textwrap.dedent(setup)})

    assert run.state == Run.State.COMPLETED, run.traceback or run.reason + lab.log(run)
    assert "hello from set-up" in lab.log(run)
    assert "set-up was refused" in lab.log(run)
    assert run.environment["packages"]["greeting"] == "1.4"
    assert run.calls.count() == 0
    assert run.connections.filter(step="prepare", disposition="refused", host="api.openai.com").exists()
    assert run.outcome == "", "no call, no use, nothing to judge"


def test_recording_only_traces_and_seals_and_judges_nothing(lab: Lab, without_paper: None):
    run = lab.audit(TEACHES, record_only=True)
    assert (run.state, run.outcome, run.findings.count(), run.uses.count()) == (Run.State.COMPLETED, "", 0, 0)
    assert run.datasets.get().derived_rows == 3
    assert run.evidence_root


def test_packages_are_read_from_names_of_folders_alone(tmp_path):
    site = tmp_path / ".audit-env" / "lib" / "python3.11" / "site-packages"
    (site / "openai-1.2.3.dist-info").mkdir(parents=True)
    (site / "nameless.dist-info").mkdir()
    (site / "a-file-1.0.dist-info").touch()
    (site / "elsewhere-1.0.dist-info").symlink_to("/etc")
    assert preparing.installed_packages(tmp_path) == {"openai": "1.2.3"}
    assert preparing.installed_packages(tmp_path / "nothing-there") == {}
