"""Taking a report away in another form: who may, how it is made, and what is put on record."""

import hashlib
import io
import json
import zipfile

import pytest
from django.conf import settings
from django.urls import reverse

from audits.actions.report_forms import ask_for_form, fail_form
from audits.evidence.store import open_store
from audits.models import Look, Report, ReportForm
from audits.procedures import report_forms as procedure
from audits.procedures.report_forms import make_form
from audits.reporting.context import context_bytes
from compliance.models import Membership
from tests.factories import make_user
from tests.pages.conftest import SignedIn, World, signed_in, world
from tests.reporting import contexts

__all__ = ["signed_in", "world"]
pytestmark = pytest.mark.django_db


@pytest.fixture
def report(world: World) -> Report:
    sha256 = open_store(settings.EVIDENCE_URL).put(context_bytes(contexts.plain()))
    return Report.objects.create(run=world.run, number=1, state=Report.State.READY, context_sha256=sha256)


def address(report: Report, form: str) -> str:
    return reverse("report-form", args=[report.pk, form])


def content_of(response: object) -> bytes:
    return b"".join(response.streaming_content)  # type: ignore[attr-defined]


def test_json_is_the_frozen_context_to_the_byte(world: World, report: Report, signed_in: SignedIn):
    answer = signed_in(world.engineer).get(address(report, "json"))
    assert hashlib.sha256(content_of(answer)).hexdigest() == report.context_sha256
    assert answer["ETag"] == f'"{report.context_sha256}"'


def test_a_form_is_made_once_and_the_look_is_on_record(world: World, report: Report, signed_in: SignedIn):
    client = signed_in(world.engineer)
    first = client.get(address(report, "csv"))
    content = content_of(first)
    assert zipfile.ZipFile(io.BytesIO(content)).testzip() is None
    made = report.forms.get()
    assert (made.state, made.size) == (ReportForm.State.READY, len(content))
    assert first["ETag"] == f'"{hashlib.sha256(content).hexdigest()}"'
    assert first["Content-Disposition"].endswith('-report-1.csv.zip"')
    look = Look.objects.get()
    assert (look.user, look.what, look.sha256) == (world.engineer, Look.What.REPORT, made.sha256)
    assert client.get(address(report, "csv"), headers={"If-None-Match": first["ETag"]}).status_code == 304
    assert report.forms.count() == 1


def test_a_stranger_finds_no_form_and_nothing_is_made(world: World, report: Report, signed_in: SignedIn):
    assert signed_in(world.outsider).get(address(report, "csv")).status_code == 404
    assert not report.forms.exists()


def test_an_unknown_form_and_a_report_that_is_not_made_are_told_apart_from_nothing(
    world: World, report: Report, signed_in: SignedIn
):
    client = signed_in(world.engineer)
    assert client.get(address(report, "odt")).status_code == 404
    waiting = Report.objects.create(run=world.run, number=2)
    assert client.get(address(waiting, "csv")).status_code == 404


def test_a_long_report_is_made_by_a_worker_while_the_page_waits(
    world: World, report: Report, signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(procedure, "QUICK", 0)
    client = signed_in(world.engineer)
    told = client.get(address(report, "xlsx"))
    assert told.status_code == 202
    assert "every 2s" in told.content.decode()
    assert make_form(report.forms.get().pk)
    state = client.get(address(report, "xlsx") + "?state").content.decode()
    assert "Take it away" in state
    assert "every 2s" not in state
    assert client.get(address(report, "xlsx")).headers["Content-Type"].endswith("sheet")


def test_what_could_not_be_made_says_so_and_is_made_again_by_who_may_report(
    world: World, report: Report, signed_in: SignedIn
):
    made, _ = ask_for_form(report=report, name="xlsx")
    fail_form(made.pk, "Traceback\nValueError: no such day")
    client = signed_in(world.member_legal)
    assert "no such day" in client.get(address(report, "xlsx")).content.decode()
    assert client.post(address(report, "xlsx")).status_code == 302
    made.refresh_from_db()
    assert made.state == ReportForm.State.QUEUED


def test_a_context_that_cannot_be_read_fails_the_form_alone(world: World):
    broken = open_store(settings.EVIDENCE_URL).put(json.dumps({"schema": "other"}).encode())
    report = Report.objects.create(run=world.run, number=1, state=Report.State.READY, context_sha256=broken)
    made, _ = ask_for_form(report=report, name="xlsx")
    assert make_form(made.pk) is False
    made.refresh_from_db()
    assert (made.state, "KeyError" in made.error) == (ReportForm.State.ERRORED, True)


def test_drafts_are_pages_and_files_for_who_may_have_reports_made(world: World, report: Report, signed_in: SignedIn):
    page = reverse("report-draft", args=[report.pk, "ai-act"])
    client = signed_in(world.engineer)
    shown = client.get(page).content.decode()
    assert "To be filled by a person" in shown
    assert address(report, "ai-act-docx") in shown
    assert "openai-large-1 of OpenAI" in shown
    assert content_of(client.get(address(report, "ai-act-md"))).startswith(b"# Public summary")
    assert Look.objects.count() == 2
    viewer = make_user()
    Membership.objects.create(project=world.project, user=viewer, role="viewer")
    assert signed_in(viewer).get(page).status_code == 403
    assert signed_in(viewer).get(address(report, "ab2013-docx")).status_code == 403
    assert signed_in(viewer).get(address(report, "csv")).status_code == 200
    assert signed_in(world.outsider).get(page).status_code == 404
    assert client.get(reverse("report-draft", args=[report.pk, "other"])).status_code == 404


def test_the_schema_is_given_without_a_look(world: World, report: Report, signed_in: SignedIn):
    answer = signed_in(world.engineer).get(address(report, "schema"))
    assert json.loads(answer.content)["$id"] == "urn:clausetrail:schema:report:1"
    assert not Look.objects.exists()
