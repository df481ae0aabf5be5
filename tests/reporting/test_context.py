"""The frozen context, as it is taken from the database."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from audits.actions.reports import request_report
from audits.models import Report, Run
from audits.procedures.report import make_report
from audits.reporting.context import build_context, context_bytes
from audits.reporting.pdf import Paper, render_html
from tests.factories import make_call, make_completed_run, make_finding, make_run
from tests.reporting import contexts
from tests.reporting.conftest import SHA

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def evidence(settings: Any, tmp_path: Path) -> Path:
    settings.EVIDENCE_URL = (tmp_path / "evidence").as_uri()
    return tmp_path / "evidence"


def _context(run: Run) -> dict[str, Any]:
    return build_context(request_report(run=run, acting_user=None))


def _shape(value: Any) -> Any:
    """Keys of dictionaries, and the shape of the first entry of lists."""
    if isinstance(value, dict):
        return {key: _shape(held) for key, held in value.items()}
    return (
        [_shape(value[0])]
        if isinstance(value, list) and value
        else type(value).__name__
        if isinstance(value, list)
        else ""
    )


def test_the_context_is_plain_json_and_renders_the_same_after_being_stored() -> None:
    context = _context(make_completed_run())
    stored = json.loads(context_bytes(context))
    assert stored == context
    assert render_html(stored, SHA) == render_html(context, SHA)


def test_made_up_contexts_have_the_parts_of_real_ones() -> None:
    real, made_up = _context(make_completed_run()), contexts.plain()
    assert set(real) >= set(made_up)
    for part in ("report", "run", "usage", "lineage", "calls", "evidence", "summary"):
        assert set(real[part]) >= set(made_up[part]), part
    for part in ("providers", "findings", "connections", "gaps"):
        assert set(real[part][0]) == set(made_up[part][0]), part
    assert set(real["lineage"]["datasets"][0]) == set(made_up["lineage"]["datasets"][0])
    assert set(real["calls"]["rows"][0]) == set(made_up["calls"]["rows"][0])


def test_counts_are_those_of_the_database() -> None:
    run = make_completed_run(calls=5)
    make_call(run, provider="anthropic", request_model="claude", failed=True, status=500, outputs=0, purpose="")
    context = _context(run)
    assert context["usage"]["calls"] == run.calls.count() == 6
    assert [(one["provider"], one["calls"]) for one in context["usage"]["by_provider"]] == [
        ("openai", 5),
        ("anthropic", 1),
    ]
    assert context["usage"]["failed"] == 1
    assert context["calls"]["total"] == 6


def test_a_provider_that_nobody_catalogued_goes_by_what_was_recorded() -> None:
    run = make_completed_run()
    make_call(run, provider="", request_model="mystery")
    make_call(run, provider="new-lab", request_model="new-1")
    names = {one["provider"]: one["name"] for one in _context(run)["usage"]["by_provider"]}
    assert names["unknown"] == "Unknown provider"
    assert names["new-lab"] == "new-lab"


@pytest.mark.parametrize("state", [Run.State.FAILED, Run.State.ERRORED, Run.State.ABORTED])
def test_a_run_that_left_nothing_has_a_report_all_the_same(state: str) -> None:
    run = make_run(state=state, reason="audit.toml, line 3: command is missing")
    html = render_html(_context(run), SHA)
    assert f"ended as {state}" in html
    assert "audit.toml, line 3: command is missing" in html


def test_making_a_report_keeps_context_and_paper_and_happens_once() -> None:
    run = make_completed_run()
    report = request_report(run=run, acting_user=None)
    assert make_report(report.pk)
    report.refresh_from_db()
    assert report.state == Report.State.READY
    assert report.pages is not None
    assert report.pages >= 10
    assert not make_report(report.pk), "a finished report is never rendered again"


def test_a_report_that_cannot_be_made_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise OSError("no space left")

    monkeypatch.setattr("audits.procedures.report.render_pdf", refuse)
    report = request_report(run=make_completed_run(), acting_user=None)
    assert not make_report(report.pk)
    report.refresh_from_db()
    assert report.state == Report.State.ERRORED
    assert "no space left" in report.error


def test_the_command_writes_a_new_report_and_a_kept_one_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("audits.procedures.report.render_pdf", lambda *_, paper: Paper(f"%PDF-{paper}".encode(), 12))
    run = make_completed_run()
    first, again = tmp_path / "new" / "a.pdf", tmp_path / "b.pdf"
    call_command("report", str(run.pk), str(first), paper="letter", marking="final")
    call_command("report", str(run.pk), str(again), number=1)
    assert first.read_bytes() == b"%PDF-letter"
    assert again.read_bytes() == first.read_bytes()
    assert run.reports.get().marking == "final"


@pytest.mark.parametrize(
    ("prepare", "arguments", "said"),
    [
        (lambda: 999_999, {}, "there is no such run"),
        (lambda: make_run(state=Run.State.RUNNING).pk, {}, "is still running"),
        (lambda: make_completed_run().pk, {"number": 9}, "has no finished report 9; it has: none"),
    ],
)
def test_the_command_refuses_what_it_cannot_do(tmp_path: Path, prepare: Any, arguments: Any, said: str) -> None:
    with pytest.raises(CommandError, match=said) as raised:
        call_command("report", str(prepare()), str(tmp_path / "x.pdf"), **arguments)
    assert raised.value.returncode == 2


def test_every_finding_names_its_activity_and_its_facts_in_order() -> None:
    run = make_completed_run()
    make_finding(run, detail={"activity": "filter_training_data", "models": ["gpt-4.1-mini"], "uses": [1]})
    found = _context(run)["findings"]
    assert [one["activity"] for one in found][-1] == "filter_training_data"
    assert [fact["fact"] for fact in found[-1]["facts"]] == ["provider", "student.kind"]


def test_the_command_writes_the_form_that_the_file_is_named_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("audits.procedures.report.render_pdf", lambda *_, paper: Paper(f"%PDF-{paper}".encode(), 12))
    run = make_completed_run()
    call_command("report", str(run.pk), str(tmp_path / "a.json"))
    report = run.reports.get()
    assert hashlib.sha256((tmp_path / "a.json").read_bytes()).hexdigest() == report.context_sha256
    for name in ("a.docx", "a.xlsx", "a.zip"):
        call_command("report", str(run.pk), str(tmp_path / name), number=1)
        assert (tmp_path / name).read_bytes()[:2] == b"PK"
    with pytest.raises(CommandError, match=r"“.odt” is no form of a report; end it in .pdf, .docx") as raised:
        call_command("report", str(run.pk), str(tmp_path / "a.odt"))
    assert raised.value.returncode == 2
    assert run.reports.count() == 1
