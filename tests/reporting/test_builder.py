"""The builder of reports in the pages: choosing, seeing, having made, stopping, comparing, and what it refuses."""

import io
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from PIL import Image

from audits.actions.reports import begin_report, request_report
from audits.models import Finding, Report, ReportBrand, ReportPreset, Run
from audits.procedures.report import make_report
from audits.reporting.logos import LogoError, clean_logo, safe_svg
from audits.reporting.options import read_options
from audits.reporting.pdf import Paper
from compliance.models import Membership, Project, User
from tests.factories import make_completed_run, make_finding, make_pipeline, make_user
from tests.pages.conftest import SignedIn, World, signed_in, world

__all__ = ["signed_in", "world"]
pytestmark = pytest.mark.django_db
CHOICE = {"profile": "counsel", "depth": "standard", "language": "en", "paper": "A4", "marking": "draft"}


@pytest.fixture(autouse=True)
def evidence(settings: Any, tmp_path: Path) -> None:
    settings.EVIDENCE_URL = (tmp_path / "evidence").as_uri()


@pytest.fixture
def no_paper(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("audits.procedures.report.render_pdf", lambda *_, **__: Paper(b"%PDF-", 3))


@pytest.fixture
def client(world: World, signed_in: SignedIn) -> Client:
    return signed_in(world.member_legal)


def of_run(world: World, **more: Any) -> dict[str, Any]:
    return {**CHOICE, "scope": "run", "run": world.run.pk, **more}


def test_what_is_chosen_is_made_by_a_worker(world: World, client: Client, no_paper: None) -> None:
    page = client.get(reverse("report-new"), {"kind": "run", "id": str(world.run.pk)})
    assert "frame-src 'self'" in page.headers["Content-Security-Policy"]
    assert page.context["form"]["run"].value() == str(world.run.pk)
    chosen = of_run(
        world, own_parts="on", parts=["findings", "summary", "glossary"], paper="letter", profile="engineering"
    )
    answer = client.post(reverse("report-new"), chosen)
    report = Report.objects.get()
    assert answer.headers["Location"] == reverse("report", args=[report.pk])
    assert report.options["parts"] == ["findings", "summary", "glossary"], "in the order chosen"
    assert [step["part"] for step in report.progress][-1] == "paper"
    assert "Being made" in client.get(answer.headers["Location"]).content.decode()
    assert make_report(report.pk)
    told = client.get(answer.headers["Location"]).content.decode()
    report.refresh_from_db()
    assert report.context_sha256 in told
    assert reverse("report-form", args=[report.pk, "json"]) in told


def test_a_preview_runs_nothing_and_reaches_nothing(world: World, client: Client) -> None:
    Run.objects.filter(pk=world.run.pk).update(reason="<script>alert(1)</script>")
    world.run.pipeline.__class__.objects.update(name="{{7*7}}<script>alert(2)</script>${1}=cmd|x")
    frame = client.get(reverse("report-preview-frame"), of_run(world, csrfmiddlewaretoken="secret-of-the-form"))
    body = frame.content.decode()
    assert "<iframe sandbox " in body
    assert "secret-of-the-form" not in body
    shown = client.get(reverse("report-preview"), of_run(world))
    policy = shown.headers["Content-Security-Policy"]
    assert "sandbox" in policy
    assert "default-src 'none'" in policy
    assert "script" not in policy
    assert shown.headers["X-Frame-Options"] == "SAMEORIGIN"
    text = shown.content.decode()
    assert "<script" not in text
    assert "{{7*7}}" in text
    assert "49" not in text.partition("<h1>Audit of terms")[2].partition("</p>")[0]


def test_a_large_report_is_previewed_by_its_first_pages(world: World, client: Client) -> None:
    for number in range(30):
        make_finding(world.run, key=f"many|{number}", outcome=("prohibited", "permitted")[number % 2], use=None)
    text = client.get(reverse("report-preview"), of_run(world)).content.decode()
    assert "First pages." in text
    assert text.count('<article class="finding">') == 3, "the first of each outcome"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"scope": "period"}, "A period needs its first and its last day."),
        ({"scope": "student"}, "Say which student the report is about."),
        ({"run": "999999"}, "999999 is not one of the available choices"),
        ({"colour": "#ffff00"}, "has a contrast of 1.1:1 on white paper"),
        ({"own_parts": "on", "parts": ["remarks"], "profile": "engineering"}, "never goes to this audience"),
        ({"own_parts": "on", "parts": []}, "Choose at least one part."),
    ],
)
def test_what_cannot_be_made_is_said_where_it_was_chosen(world: World, client: Client, wrong: Any, said: str) -> None:
    answer = client.post(reverse("report-new"), of_run(world) | wrong)
    assert answer.status_code == 200
    assert said in answer.content.decode()
    assert not Report.objects.exists()


def test_notes_among_lawyers_go_into_no_report_of_those_who_do_not_read_them(world: World, signed_in: SignedIn) -> None:
    chosen = of_run(world, own_parts="on", parts=["summary", "remarks"])
    assert signed_in(world.engineer).post(reverse("report-new"), chosen).status_code == 403
    assert signed_in(world.member_legal).post(reverse("report-new"), chosen).status_code == 302
    report = Report.objects.get()
    assert report.privileged
    assert signed_in(world.engineer).get(reverse("report", args=[report.pk])).status_code == 404
    assert signed_in(world.member_legal).get(reverse("report", args=[report.pk])).status_code == 200


def test_a_report_on_two_projects_is_seen_by_who_sees_both(world: World, signed_in: SignedIn) -> None:
    other = Project.objects.exclude(pk=world.project.pk).get()
    both = make_user()
    for project in (world.project, other):
        Membership.objects.create(project=project, user=both, role="legal")
    told = read_options({"scope": {"kind": "organisation"}})
    report = request_report(acting_user=both, options=told, among=Project.objects.all())
    assert report.project is None
    assert signed_in(both).get(reverse("report", args=[report.pk])).status_code == 200
    assert signed_in(world.member_legal).get(reverse("report", args=[report.pk])).status_code == 404
    assert f"Report {report.number}" not in signed_in(world.member_legal).get(reverse("reports")).content.decode()


def test_a_report_is_stopped_before_its_next_part(world: World, client: Client, no_paper: None) -> None:
    told = read_options({"scope": {"kind": "run", "ids": [str(world.run.pk)]}})
    waiting, begun = (request_report(acting_user=world.legal, options=told) for _ in range(2))
    assert client.post(reverse("report-cancel", args=[waiting.pk])).status_code == 302
    assert not begin_report(waiting.pk)
    begin_report(begun.pk)
    client.post(reverse("report-cancel", args=[begun.pk]))
    assert not make_report(begun.pk)
    assert set(Report.objects.values_list("state", flat=True)) == {"cancelled"}


def test_two_reports_are_held_against_each_other(world: World, client: Client, no_paper: None) -> None:
    options = {"scope": {"kind": "project", "ids": [world.project.slug]}}
    first = request_report(acting_user=world.legal, options=read_options(options))
    make_report(first.pk)
    again = make_completed_run(make_pipeline(world.project, name="Newer"))
    Finding.objects.filter(run=again).update(outcome="prohibited", section="4.1", key="new|one")
    second = request_report(acting_user=world.legal, options=read_options(options | {"since": first.pk}))
    make_report(second.pk)
    page = client.get(reverse("report-changes", args=[second.pk]), {"since": first.pk})
    changes = page.context["changes"]
    assert [(one["section"], one["outcome"]) for one in changes["new"]] == [("4.1", "prohibited")]
    assert changes["outcome"] == {"before": "needs_facts", "after": "prohibited"}
    assert [one["after"] - one["before"] for one in changes["sums"] if one["what"] == "calls"] == [3]
    assert "New findings" in page.content.decode()
    assert "changes" in second.options["parts"]


def test_a_choice_is_kept_for_oneself_or_for_a_project(world: World, client: Client, signed_in: SignedIn) -> None:
    mine = of_run(world, keep="1", name="Short <b>", depth="summary", profile="outside")
    assert client.post(reverse("report-new"), mine).status_code == 302
    client.post(reverse("report-new"), mine | {"name": "Ours", "for_project": world.project.slug})
    own, ours = ReportPreset.objects.order_by("pk")
    assert "scope" not in own.options
    page = signed_in(world.engineer).get(reverse("report-new"), {"preset": ours.pk})
    assert page.context["form"]["depth"].value() == "summary"
    assert [one.name for one in page.context["presets"]] == ["Ours"]
    refused = signed_in(world.engineer).post(reverse("report-preset-forget", args=[own.pk]))
    assert refused.status_code == 404
    client.post(reverse("report-preset-forget", args=[own.pk]))
    assert ReportPreset.objects.get() == ours


def picture(side: int = 8, kind: str = "PNG") -> bytes:
    held = io.BytesIO()
    Image.new("RGB", (side, side), "#1f4fd8").save(held, kind)
    return held.getvalue()


def test_a_logo_is_drawn_anew_and_stands_on_the_cover(world: World, client: Client) -> None:
    sent = io.BytesIO(picture(kind="JPEG") + b"<script>hidden</script>")
    sent.name = "../../logo.jpg"
    address = reverse("report-brand", args=[world.project.slug])
    told = client.post(address, {"name": "Acme & Co", "colour": "#1F4FD8", "logo": sent})
    assert told.status_code == 302
    brand = ReportBrand.objects.get()
    given: Any = client.get(reverse("report-logo", args=[brand.pk]))
    kept = b"".join(given.streaming_content)
    assert kept.startswith(b"\x89PNG")
    assert b"hidden" not in kept
    shown = client.get(reverse("report-preview"), of_run(world, logo="on", brand_name="Acme & Co")).content.decode()
    assert '<img class="logo" src="data:image/png;base64,' in shown
    assert "Acme &amp; Co" in shown


@pytest.mark.parametrize(
    "given",
    [b"GIF89a", b"<svg/>", b"\x89PNG\r\n\x1a\nbroken", b"x" * 1_000_001,
     b'<!DOCTYPE svg [<!ENTITY a "b">]><svg xmlns="http://www.w3.org/2000/svg"/>',
     b'<svg xmlns="http://www.w3.org/2000/svg" width="9999999" height="1"/>'],
)  # fmt: skip
def test_what_is_no_logo_is_refused_with_a_sentence(given: bytes) -> None:
    with pytest.raises(LogoError, match=r"\.$"):
        clean_logo(given)


def test_a_drawing_keeps_its_shapes_and_nothing_that_acts_or_reaches_out() -> None:
    kept = safe_svg(
        b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9" onload="x()"><script>x</script>'
        b'<image href="file:///etc/passwd"/><foreignObject/><use href="#a"/>'
        b'<rect width="9" height="9" style="fill:#123456;mask:url(http://x/)" fill-rule="url(//x)"/></svg>'
    )
    assert 'fill="#123456"' in kept
    for word in ("script", "onload", "image", "passwd", "http://x", "foreignObject", "use", "url("):
        assert word not in kept
    assert clean_logo(kept.encode()).startswith(b"\x89PNG")


def test_the_builder_asks_as_much_of_the_database_with_many_calls(
    world: World, client: Client, django_assert_max_num_queries: Any
) -> None:
    make_completed_run(world.run.pipeline, calls=40)
    with django_assert_max_num_queries(22):
        client.get(reverse("report-new"))


def test_a_viewer_finds_nothing_to_build(signed_in: SignedIn, world: World) -> None:
    viewer = make_user()
    Membership.objects.create(project=world.project, user=viewer, role="viewer")
    page = signed_in(viewer).get(reverse("report-new"), {"kind": "run", "id": str(world.run.pk)}).content.decode()
    assert "There is nothing to report on" in page
    assert world.run.pipeline.name not in page
    assert User.objects.count()
