"""Whole audits of bounded runs and of replays: what the teacher served decides."""

import json
import textwrap
import threading
import time
import zipfile
from pathlib import Path

import httpx
import pytest
from django.conf import settings
from django.contrib.auth import get_user_model

from audits.actions.limits import answer_hold, waiting
from audits.evidence import open_store, verify_bundle
from audits.models import Finding, Run, UsageSignature
from audits.procedures.concluding import write_run_bundle
from audits.procedures.replaying import NotReplayable, replay_of_bundle, replay_of_run
from tests.procedures.conftest import Lab, manifest

THREE = """
    write("out/train.jsonl", [{"text": ask("Tell me about " + word)} for word in ("invoices", "refunds", "logins")])
"""


def spoken(lab: Lab, word: str) -> str:
    """What the teacher says of a word: it says the same each time."""
    body = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": f"Tell me about {word}"}]}
    headers = {"Authorization": "Bearer sk-placeholder-for-the-local-teacher"}
    answer = httpx.post(f"{lab.teacher.url}/v1/chat/completions", json=body, headers=headers).json()
    text = answer["choices"][0]["message"]["content"]
    assert isinstance(text, str)
    return text


def with_limits(text: str, **options: object) -> str:
    return manifest(further=f"\n[limits]\n{text}", **options)  # type: ignore[arg-type]


@pytest.mark.usefixtures("without_paper")
def test_a_run_stops_at_its_number_of_calls_and_says_so_everywhere(lab: Lab) -> None:
    before = len(lab.teacher.served())
    # What the audit was started with goes before the file, key by key.
    run = lab.audit(THREE, toml=with_limits("calls = 9\ntokens = 900000"), limits={"calls": 2})
    assert run.state == Run.State.FAILED
    assert "2 of 2 calls" in run.reason
    assert len(lab.teacher.served()) - before == 2
    event = run.limit_events.get()
    assert (event.limit, event.what, event.host) == ("calls", "stopped", "api.openai.com")
    assert run.limits_used["calls"] == 2
    assert run.limits == {"calls": 2, "tokens": 900000}
    kinds = set(run.evidence.values_list("kind", flat=True))
    assert {"limits", "record"} <= kinds
    assert run.seal.root == run.evidence_root


@pytest.mark.usefixtures("without_paper")
def test_training_that_the_terms_prohibit_is_stopped_before_the_first_call(lab: Lab) -> None:
    before = len(lab.teacher.served())
    toml = manifest().replace("competes_with = []", 'competes_with = ["openai"]')
    toml = toml.replace('kind = "classifier"', 'kind = "generative"\ndistributed = true')
    run = lab.audit(THREE, toml=toml + '\n[purpose]\ndeclared = "train"\n\n[limits]\nprohibited = true\n')
    assert run.state == Run.State.FAILED
    assert "prohibits it" in run.reason
    assert len(lab.teacher.served()) == before
    assert run.limit_events.get().limit == "prohibited"


@pytest.mark.usefixtures("without_paper")
def test_a_person_lets_a_held_call_through_on_the_runs_page(lab: Lab) -> None:
    run = lab.request(lab.pipeline(THREE, toml=with_limits('calls = 2\non = {calls = "hold"}')))
    person = get_user_model().objects.create(username="ada", email="ada@example.com")
    thread = threading.Thread(target=_let_through, args=(run.pk, person))
    thread.start()
    run = lab.conduct(run)
    thread.join()
    assert run.state == Run.State.COMPLETED, run.reason
    event = run.limit_events.get()
    assert (event.what, event.answer, event.wished_by) == ("held", "pass", person)


def _let_through(run_id: int, person: object) -> None:
    for _ in range(600):
        held = waiting(Run.objects.get(pk=run_id)).first()
        if held is not None:
            assert answer_hold(event=held, answer="pass", acting_user=person)  # type: ignore[arg-type]
            assert not answer_hold(event=held, answer="stop", acting_user=person)  # type: ignore[arg-type]
            return
        time.sleep(0.1)


@pytest.fixture
def recorded(lab: Lab, without_paper: None) -> Run:
    run = lab.audit(THREE, toml=manifest(further='\n[purpose]\ndeclared = "train"\n'))
    assert run.state == Run.State.COMPLETED, run.reason
    return run


def test_a_run_replays_without_network_and_reproduces_its_findings(lab: Lab, recorded: Run) -> None:
    served = len(lab.teacher.served())
    run = lab.conduct(lab.request(recorded.pipeline, upstreams={}, replay=replay_of_run(recorded), replay_of=recorded))
    assert run.state == Run.State.COMPLETED, run.reason
    assert len(lab.teacher.served()) == served
    assert run.replay["counts"]["same"] == 3
    compared = run.replay["findings_compared"]
    assert len(compared["reproduced"]) == recorded.findings.count() > 0
    assert (compared["gone"], compared["new"]) == ([], [])
    assert {call.at for call in run.calls.all()} == {call.at for call in recorded.calls.all()}
    assert run.datasets.get().sha256 == recorded.datasets.get().sha256
    assert run.datasets.get().derived_rows == 3
    assert not UsageSignature.objects.filter(run=run).exists()
    assert not Finding.every.filter(run=run).exists()
    assert run.outcome == ""


def test_a_changed_pipeline_diverges_and_both_sides_are_shown(lab: Lab, recorded: Run) -> None:
    main = Path(recorded.pipeline.path) / "main.py"
    main.write_text(main.read_text().replace('"refunds"', '"something new"'))
    run = lab.conduct(lab.request(recorded.pipeline, upstreams={}, replay=replay_of_run(recorded), replay_of=recorded))
    assert run.state == Run.State.FAILED
    differences = {one.kind: one.excerpt for one in run.replay_differences.all()}
    assert differences["new"] == "Tell me about something new"
    assert "not_asked" in differences


def test_a_bundle_replays_where_its_run_is_unknown(lab: Lab, recorded: Run, tmp_path: Path) -> None:
    bundle = tmp_path / "evidence.zip"
    write_run_bundle(recorded, bundle)
    source = replay_of_bundle(bundle, open_store(settings.EVIDENCE_URL))
    run = lab.conduct(lab.request(recorded.pipeline, upstreams={}, replay=source))
    assert run.state == Run.State.COMPLETED, run.reason
    assert run.replay["counts"]["same"] == 3
    assert len(run.replay["findings_compared"]["reproduced"]) == recorded.findings.count()
    damaged = bytearray(bundle.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    bundle.write_bytes(bytes(damaged))
    with pytest.raises(NotReplayable):
        replay_of_bundle(bundle, open_store(settings.EVIDENCE_URL))


@pytest.mark.usefixtures("without_paper")
def test_a_run_that_keeps_hashes_alone_still_traces_whole_answers(lab: Lab, tmp_path: Path) -> None:
    main = 'print("answered:", ask("Tell me about invoices"))\n' + textwrap.dedent(THREE)
    run = lab.audit(main, content="hashes")
    assert run.state == Run.State.COMPLETED, run.reason
    assert [call.output_excerpt for call in run.calls.all()] == [""] * 4
    assert all(call.input_tokens for call in run.calls.all())
    dataset = run.datasets.get()
    assert (dataset.rows, dataset.derived_rows) == (3, 3)
    assert "Whole answers and whole lines" in dataset.gap
    assert run.gaps.filter(kind="lineage").exists()
    assert "not kept]" in lab.log(run)
    bundle = tmp_path / "hashes.zip"
    write_run_bundle(run, bundle)
    assert verify_bundle(str(bundle)).ok
    with zipfile.ZipFile(bundle) as packed:
        kept = {name: packed.read(name) for name in packed.namelist()}
    answers = [json.dumps(spoken(lab, word))[1:41].encode() for word in ("invoices", "refunds", "logins")]
    assert not [name for name, content in kept.items() for answer in answers if answer in content]
    with pytest.raises(NotReplayable):
        replay_of_run(run)


@pytest.mark.usefixtures("without_paper")
def test_rows_are_traced_under_the_pseudonyms_of_answers(lab: Lab) -> None:
    main = """
        mail = "ada.lovelace@example.com"
        text = ask("Write to " + mail + " and to nobody else of the whole company, please")
        write("out/train.jsonl", [{"text": "Write to " + mail}])
        print("sent to", mail)
    """
    run = lab.audit(main, content="masked")
    assert run.state == Run.State.COMPLETED, run.reason
    call = run.calls.get()
    assert "lovelace" not in call.prompt_excerpt
    assert "@masked.invalid" in call.prompt_excerpt
    assert "lovelace" not in lab.log(run)
