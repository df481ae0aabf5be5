"""Reports about more than one run, what each audience gets, and how much is asked of the database for them."""

import csv
import io
import json
import zipfile
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from audits.actions.decisions import decide
from audits.actions.remarks import remark
from audits.actions.reports import request_report
from audits.models import Decision, Finding, ModelCall, Report, Run
from audits.queries.report_scope import OutOfReach
from audits.reporting.context import build_context, context_bytes
from audits.reporting.forms import render_form
from audits.reporting.options import read_options
from audits.reporting.pdf import render_html, render_pdf
from compliance.models import Project, User
from tests.factories import make_completed_run, make_finding, make_pipeline, make_project, make_user
from tests.reporting.conftest import SHA
from tests.reporting.reading import page_texts, reader

pytestmark = pytest.mark.django_db
SECRET = "between-lawyers-only-7391"
OWN_REASON = "reason-of-the-house-5512"


@pytest.fixture
def project() -> Project:
    """A project with two pipelines: one ran twice with the same finding, the other once with one more."""
    held = make_project("Acme assistants")
    first, second = make_pipeline(held), make_pipeline(held, name="Sorting")
    for _number in range(2):
        run = make_completed_run(first, calls=3)
        Finding.objects.filter(run=run).update(key="same|student")
    make_finding(make_completed_run(second, calls=2), key="other|student", outcome="prohibited")
    return held


def asked(project: Project, by: User | None = None, **told: Any) -> Report:
    scope = told.pop("scope", {"kind": "project", "ids": [project.slug]})
    return request_report(acting_user=by, options=read_options({"scope": scope, **told}))


def everything(profile: str = "counsel") -> list[str]:
    return list(read_options({"scope": {"kind": "organisation"}, "depth": "full", "profile": profile}).parts)


def test_a_finding_of_several_runs_is_told_once_and_its_calls_are_added_up(project: Project) -> None:
    context = build_context(asked(project))
    assert next(one["outcome"] for one in context["findings"]) == "prohibited"
    assert [one["number"] for one in context["findings"]] == [1, 2, 3]
    same = next(one for one in context["findings"] if one["in_runs"]["count"] == 2)
    assert same["calls"] == 6
    assert same["stands"]
    assert context["run"]["outcome"] == "prohibited"
    assert context["usage"]["calls"] == 8
    assert [one["name"] for one in context["runs"]] == [
        "Support triage, run 1",
        "Support triage, run 2",
        "Sorting, run 1",
    ]
    html = render_html(json.loads(context_bytes(context)), SHA)
    assert "Acme assistants" in html


@pytest.mark.parametrize(
    ("scope", "runs"),
    [
        ({"kind": "student", "ids": ["{slug}/acme-triage"]}, 3),
        ({"kind": "student", "ids": ["{slug}/nobody"]}, 0),
        ({"kind": "provider", "ids": ["openai"]}, 3),
        ({"kind": "provider", "ids": ["anthropic"]}, 0),
        ({"kind": "period", "from": "2026-11-20", "to": "2026-11-20"}, 3),
        ({"kind": "period", "from": "2026-11-21", "to": "2026-11-30"}, 0),
        ({"kind": "organisation"}, 3),
    ],
)
def test_every_scope_has_a_report_also_where_it_is_empty(project: Project, scope: dict[str, Any], runs: int) -> None:
    named = scope | {"ids": [one.format(slug=project.slug) for one in scope.get("ids", [])]}
    report = asked(project, scope=named, parts=everything())
    context = build_context(report)
    assert len(context["runs"]) == runs
    assert report.project == project
    html = render_html(json.loads(context_bytes(context)), SHA)
    assert all(f'id="{part}"' in html for part in context["report"]["parts"] if part != "changes")


def test_what_is_out_of_reach_does_not_exist(project: Project) -> None:
    options = read_options({"scope": {"kind": "project", "ids": [project.slug]}})
    with pytest.raises(OutOfReach, match="there is no project"):
        request_report(acting_user=None, options=options, among=Project.objects.none())


def test_queries_do_not_grow_with_calls(project: Project) -> None:
    report = asked(project, parts=everything())
    build_context(report)
    with CaptureQueriesContext(connection) as few:
        build_context(report)
    run = Run.objects.filter(pipeline__project=report.project).earliest("pk")
    from_here = make_completed_run(run.pipeline, calls=40)
    Finding.objects.filter(run=from_here).delete()
    with CaptureQueriesContext(connection) as many:
        build_context(report)
    of_newest = 12  # lineage is read by run, for the newest of each pipeline alone
    assert len(many) <= len(few) + of_newest


@pytest.fixture
def spoken(project: Project) -> User:
    """A lawyer who decided a finding and left a privileged note on it."""
    lawyer = make_user(User.Role.LEGAL, "lena-lawyer")
    finding = Finding.objects.filter(run__pipeline__project=project).latest("pk")
    decide(finding=finding, kind=Decision.Kind.CONFIRM, reason=OWN_REASON, acting_user=lawyer)
    remark(finding=finding, body=f"{SECRET}: settle.", privileged=True, acting_user=lawyer)
    remark(finding=finding, body="Seen by all.", privileged=False, acting_user=lawyer)
    return lawyer


def test_privileged_notes_are_in_counsels_report_alone(project: Project, spoken: User) -> None:
    parts = [*everything(), "remarks"]
    counsel = context_bytes(build_context(asked(project, spoken, parts=parts))).decode()
    assert SECRET in counsel
    for person in (make_user(User.Role.ADMINISTRATOR), None):
        held = context_bytes(build_context(asked(project, person, parts=parts))).decode()
        assert SECRET not in held
        assert "Seen by all." in held
    for profile in ("engineering", "outside"):
        context = build_context(asked(project, spoken, profile=profile, depth="full"))
        told = context_bytes(context).decode() + render_html(context, SHA)
        assert SECRET not in told
        assert OWN_REASON not in told


def test_an_outside_party_reads_no_names_and_no_words_of_prompts(project: Project, spoken: User) -> None:
    context = build_context(asked(project, spoken, profile="outside", depth="full"))
    told = context_bytes(context).decode() + render_html(context, SHA)
    for hidden in (
        "lena-lawyer",
        "How do I reset my password?",
        "Open Settings, choose Account",
        "Ask who the student",
    ):
        assert hidden not in told


NAMES = "=cmd|' /C calc'!A0 {{7*7}} ${7*7} <script>alert(1)</script>"


def test_the_paper_says_no_more_than_its_audience_may_read_and_names_stay_words(project: Project, spoken: User) -> None:
    User.objects.filter(pk=spoken.pk).update(first_name=NAMES[:100])
    project.pipelines.update(name=NAMES)
    ModelCall.objects.filter(run__pipeline__project=project).update(request_model=NAMES)
    run = project.pipelines.get(slug=project.pipelines.earliest("pk").slug).runs.earliest("pk")
    options = read_options(
        {"scope": {"kind": "run", "ids": [str(run.pk)]}, "profile": "engineering", "parts": ["worklist", "usage"]}
    )
    context = build_context(request_report(acting_user=spoken, options=options))
    paper = render_pdf(json.loads(context_bytes(context)), SHA)
    text = " ".join(page_texts(paper))
    assert "{{7*7}} ${7*7} <script>alert(1)</script>" in text
    for secret in (SECRET, OWN_REASON):
        assert secret not in text
        assert secret.encode() not in b"".join(held for files in reader(paper).attachments.values() for held in files)
    told = build_context(request_report(run=run, acting_user=spoken))
    cells = list(csv.reader(io.StringIO(csv_of(told))))
    assert all(not cell.startswith("=") for row in cells for cell in row)
    assert any(cell.startswith("'=cmd|") for row in cells for cell in row)


def csv_of(context: dict[str, Any]) -> str:
    bundle = zipfile.ZipFile(io.BytesIO(render_form(context, "csv")))
    return "".join(bundle.read(name).decode() for name in sorted(bundle.namelist()) if name.endswith(".csv"))
