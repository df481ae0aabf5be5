"""Every form of real reports, of each scope and for each audience: what is not in the context is in no form's bytes."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from django.conf import settings

from audits.actions.decisions import decide
from audits.actions.remarks import remark
from audits.actions.reports import request_report
from audits.models import Decision, Finding, Report
from audits.reporting.context import build_context, context_bytes
from audits.reporting.forms import FORMS, render_form
from audits.reporting.forms.csvs import TABLES
from audits.reporting.options import read_options
from compliance.models import Project, User
from tests.factories import make_completed_run, make_finding, make_pipeline, make_project, make_user
from tests.reporting import contexts

SHA = "ab" * 32
SECRET, REASON, PROMPT = "between-lawyers-only-7391", "reason-of-the-house-5512", "words-of-a-prompt-8802"
SCHEMA = json.loads((Path(settings.BASE_DIR) / "static/schemas/clausetrail-report-1.json").read_text())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def faults(context: contexts.Context) -> list[str]:
    return [f"{fault.json_path}: {fault.message[:200]}" for fault in VALIDATOR.iter_errors(context)]


def every_byte(content: bytes) -> bytes:
    """The content, and what is packed in it."""
    if not zipfile.is_zipfile(io.BytesIO(content)):
        return content
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        return b"\n".join([content, *(every_byte(package.read(name)) for name in package.namelist())])


@pytest.fixture
def project(db: None) -> Project:
    held = make_project("Acme assistants")
    run = make_completed_run(make_pipeline(held), calls=3)
    make_finding(make_completed_run(make_pipeline(held, name="Sorting"), calls=2), key="other|s", outcome="prohibited")
    run.calls.update(prompt_excerpt=PROMPT)
    finding = Finding.objects.filter(run=run).first()
    assert finding is not None
    legal = make_user(User.Role.LEGAL)
    remark(finding=finding, acting_user=legal, body=SECRET, privileged=True)
    decide(finding=finding, kind=Decision.Kind.ACCEPT_RISK, reason=REASON, acting_user=legal)
    return held


def report_on(project: Project, by: User | None, profile: str, kind: str) -> Report:
    run = project.pipelines.first().runs.get()  # type: ignore[union-attr]
    ids = {"run": [str(run.pk)], "project": [project.slug]}.get(kind, [])
    asked = {"scope": {"kind": kind, "ids": ids}, "depth": "full", "profile": profile}
    parts = list(read_options(asked).parts) + (["remarks"] if profile == "counsel" else [])
    return request_report(acting_user=by, options=read_options(asked | {"parts": parts}))


@pytest.mark.parametrize("kind", ["run", "project"])
def test_a_real_context_fits_the_published_schema_and_becomes_every_form(project: Project, kind: str):
    context = json.loads(context_bytes(build_context(report_on(project, make_user(User.Role.LEGAL), "counsel", kind))))
    assert faults(context) == []
    for form in FORMS:
        assert render_form(context, form, SHA)
    told = every_byte(render_form(context, "csv", SHA)).decode("utf-8", "replace")
    assert SECRET in told
    assert REASON in told
    names = zipfile.ZipFile(io.BytesIO(render_form(context, "csv", SHA))).namelist()
    assert {f"{table.name}.csv" for table in TABLES if table.part != "runs"} - {"work.csv"} <= set(names)


@pytest.mark.parametrize("profile", ["engineering", "outside"])
def test_privileged_notes_and_reasons_leave_in_no_form_for_others(project: Project, profile: str):
    context = json.loads(context_bytes(build_context(report_on(project, None, profile, "run"))))
    assert faults(context) == []
    for form in FORMS:
        content = every_byte(render_form(context, form, SHA))
        held = [word for word in (SECRET, REASON, PROMPT) if word.encode() in content]
        assert held == [], form


def test_the_bytes_of_counsels_word_file_hold_what_the_search_looks_for(project: Project):
    context = json.loads(context_bytes(build_context(report_on(project, make_user(User.Role.LEGAL), "counsel", "run"))))
    assert SECRET.encode() in every_byte(render_form(context, "docx", SHA))


@pytest.mark.parametrize(
    "context",
    [
        contexts.plain(), contexts.empty(), contexts.failed(), contexts.hostile(), contexts.hostile(contexts.FAR),
        contexts.hostile(contexts.LONG), contexts.hostile("=1+1"), contexts.hostile(""),
    ],
)  # fmt: skip
def test_contexts_of_every_kind_fit_the_schema(context: contexts.Context):
    assert faults(contexts.round_trip(context)) == []


def _without(context: contexts.Context) -> None:
    del context["findings"][0]["sentence"]


def _worse(context: contexts.Context) -> None:
    context["findings"][0]["outcome"] = "forbidden"


def _local(context: contexts.Context) -> None:
    context["calls"]["rows"][0]["at"] = "2026-11-20 12:00"


def _other(context: contexts.Context) -> None:
    context["schema"] = "clausetrail-report/2"


@pytest.mark.parametrize("change", [_without, _worse, _local, _other])
def test_the_schema_refuses_what_is_no_report(change: Any):
    context = contexts.plain()
    change(context)
    assert faults(context)


def test_findings_as_sarif_name_rule_clause_and_code():
    log = json.loads(render_form(contexts.plain(), "sarif", SHA))
    (run,) = log["runs"]
    rules = {rule["id"] for rule in run["tool"]["driver"]["rules"]}
    assert {one["ruleId"] for one in run["results"]} <= rules
    first = run["results"][0]
    assert (first["level"], first["properties"]["outcome"]) == ("error", "prohibited")
    assert first["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "distill.py"
    assert len({one["partialFingerprints"]["clausetrail/v1"] for one in run["results"]}) == 1


def test_a_standing_acceptance_suppresses_a_result_with_its_reason():
    context = contexts.plain(findings=1)
    context["findings"][0]["decisions"] = [{
        "kind": "accept_risk", "words": "Risk accepted", "reason": "Small.", "by": "ana", "at": "2026-11-20T12:00:00+00:00",
        "scope": "finding", "scope_words": "This finding", "until": "2027-01-01", "still_holds": True,
    }]  # fmt: skip
    (result,) = json.loads(render_form(context, "sarif", SHA))["runs"][0]["results"]
    assert result["suppressions"][0]["justification"] == "Risk accepted: Small. (ana, until 2027-01-01)"
    context["findings"][0]["decisions"][0]["still_holds"] = False
    (result,) = json.loads(render_form(context, "sarif", SHA))["runs"][0]["results"]
    assert "suppressions" not in result
