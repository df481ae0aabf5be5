"""The page that anybody may ask: what it tells of a file, of a hash, of a changed file, and what it keeps to itself."""

import hashlib
import io
from collections.abc import Callable
from pathlib import Path

import pikepdf
import pytest
from django.conf import settings
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from audits.actions.approvals import sign as approve
from audits.actions.approvals import withdraw_approval
from audits.actions.reports import request_report
from audits.evidence.store import open_store
from audits.models import Approval, Report, ReportSignature
from audits.procedures.approving import ask_for_approval
from audits.procedures.concluding import Piece, seal_run
from audits.procedures.report import make_report
from audits.procedures.signing import identity, standing_of, trust
from audits.procedures.verifying import hash_in
from audits.reporting.options import read_options
from audits.reporting.paper.signing import check
from compliance.models import Membership
from tests.factories import make_completed_run, make_user, sha
from tests.pages.conftest import World, world
from tests.reporting.conftest import SHA

__all__ = ["world"]
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def uncounted() -> None:
    cache.clear()


@pytest.fixture
def approval(world: World, tmp_path: Path) -> Approval:
    """The world's run, approved."""
    seal_run(world.run, [Piece("manifest", "audit.toml", sha("manifest"), 8)], tmp_path)
    asked = ask_for_approval(world.run, [{"name": "Legal", "quorum": 1}], world.engineer)
    person = make_user()
    Membership.objects.create(project=world.project, user=person, role="approver")
    approve(approval=asked, word="approved", reason="", context_sha256=asked.context_sha256, acting_user=person)
    asked.refresh_from_db()
    return asked


@pytest.fixture
def made(world: World, approval: Approval, signed: bytes) -> Report:
    """A final report whose file is the signed one of the other tests: no need to render it again."""
    report = request_report(run=world.run, acting_user=None, marking="final")
    digest = open_store(settings.EVIDENCE_URL).put(signed)
    Report.objects.filter(pk=report.pk).update(
        state=Report.State.READY, finished_at=timezone.now(), context_sha256=SHA, pdf_sha256=digest
    )
    ReportSignature.objects.create(
        report=report, approval=approval, level="B-B", subject="Clausetrail at tests", certificate_sha256=SHA, own=True,
        signed_at=timezone.now(),
    )  # fmt: skip
    report.refresh_from_db()
    return report


def posted(content: bytes) -> str:
    file = SimpleUploadedFile("report.pdf", content, content_type="application/pdf")
    return Client().post(reverse("verify-report"), {"file": file}).content.decode()


def asked(words: str) -> str:
    return Client().get(reverse("verify-report"), {"sha256": words}).content.decode()


def test_the_file_as_it_was_made_is_recognised_with_its_signature(made: Report, signed: bytes) -> None:
    page = posted(signed)
    assert "Unchanged since it was made here" in page
    assert f"CT-{made.run_id}-{made.number}" in page
    assert "PAdES B-B, Clausetrail at tests" in page
    assert "<dt>Approval</dt><dd>stands</dd>" in page


def test_a_withdrawn_approval_and_a_newer_report_are_told(made: Report, signed: bytes, world: World) -> None:
    withdraw_approval(
        approval=ReportSignature.objects.get(report=made).approval, reason="New facts.", acting_user=world.legal
    )
    later = request_report(run=made.run, acting_user=None)
    Report.objects.filter(pk=later.pk).update(state=Report.State.READY, finished_at=timezone.now())
    page = posted(signed)
    assert "Unchanged, but its approval was withdrawn" in page
    assert f"report {later.number} of the same run was made since" in page
    assert "New facts." not in page, "why it was withdrawn is not for outsiders"


def test_a_bare_hash_is_told_the_case_and_the_day_and_no_more(made: Report, world: World) -> None:
    for words in (made.pdf_sha256, f"SHA256:{made.pdf_sha256.upper()}", SHA):
        page = asked(words)
        assert "Made here" in page
        assert f"CT-{made.run_id}-{made.number}" in page
        for name in (world.project.name, world.run.pipeline.name, "PAdES", "Clausetrail at tests"):
            assert name not in page
    assert "Not known here" in asked("0" * 64)


@pytest.mark.parametrize("words", ["x", "0" * 63, "0" * 65, "g" * 64, "../../etc/passwd", "' or 1=1 --"])
def test_what_is_no_hash_is_refused_with_what_is_wanted(words: str) -> None:
    assert hash_in(words) == ""
    assert "64 digits" in asked(words)


def _without_signature(pdf: bytes) -> bytes:
    with pikepdf.open(io.BytesIO(pdf)) as file:
        for field in file.Root.AcroForm.Fields:
            del field["/V"]
        return _saved(file)


def _with_another_attachment(pdf: bytes) -> bytes:
    with pikepdf.open(io.BytesIO(pdf)) as file:
        file.Root.Names.EmbeddedFiles.Names[1].EF.F.write(b"seq,at\n1,never\n")
        return _saved(file)


def _with_a_page_less(pdf: bytes) -> bytes:
    with pikepdf.open(io.BytesIO(pdf)) as file:
        del file.pages[-1]
        return _saved(file)


def _saved(file: pikepdf.Pdf) -> bytes:
    out = io.BytesIO()
    file.save(out)
    return out.getvalue()


def _updated(pdf: bytes) -> bytes:
    start = pdf.rindex(b"startxref")
    return pdf + b"\n9 0 obj\n<</Type/Catalog>>\nendobj\n" + pdf[start:]


def _with_a_bit_flipped(pdf: bytes) -> bytes:
    at = len(pdf) // 2
    return pdf[:at] + bytes([pdf[at] ^ 1]) + pdf[at + 1 :]


@pytest.mark.parametrize(
    ("harm", "told"),
    [
        (_with_a_bit_flipped, "It is as long as it was, and differs from byte"),
        (_updated, "bytes were added at its end after it was made"),
        (_without_signature, "Its signature was removed."),
        (_with_another_attachment, "The attachment calls.csv was changed."),
        (_with_a_page_less, "pages; it was made with"),
        (lambda pdf: pdf[: len(pdf) * 3 // 4], "It is cut off"),
    ],
)
def test_a_changed_file_is_refused_and_the_change_is_named(
    made: Report, signed: bytes, harm: Callable[[bytes], bytes], told: str
) -> None:
    page = posted(harm(signed))
    assert "Changed: do not rely on it" in page
    assert told in page
    assert "Approval" not in page, "a changed file tells nothing of what stands behind the real one"


@pytest.mark.parametrize("content", [b"x", b"%PDF-1.7\n" + b"urn:clausetrail:" + b"z" * 64, b"\0" * 5000])
def test_a_file_of_others_is_not_known(made: Report, content: bytes) -> None:
    assert "Not known here" in posted(content)


def test_a_file_that_claims_to_be_a_report_and_cannot_be_read_says_so(made: Report) -> None:
    page = posted(b"%PDF-1.7\nurn:clausetrail:" + SHA.encode() + b"\n" + b"<<" * 90_000)
    assert "It can’t be read as a PDF any more." in page


def test_too_large_a_file_is_not_read_and_too_many_are_put_off(
    made: Report, signed: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("compliance.rates.time.time", lambda: 600.0)  # no minute ends in between
    large = Client().post(reverse("verify-report"), data=b"", content_type="multipart/form-data; boundary=x",
                          headers={"Content-Length": str(65 * 1024 * 1024)})  # fmt: skip
    assert large.status_code == 413
    pages = [posted(b"x") for _ in range(7)]
    assert "At most 6 requests a minute" in pages[-1]


def test_the_command_tells_the_same_and_ends_accordingly(
    made: Report, signed: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "report.pdf"
    path.write_bytes(_with_a_bit_flipped(signed))
    with pytest.raises(SystemExit, match="1"):
        call_command("verify_report", str(path))
    assert "CHANGED" in capsys.readouterr().out
    with pytest.raises(SystemExit, match="2"):
        call_command("verify_report", str(tmp_path / "none.pdf"))


def test_a_final_report_of_an_approved_audit_is_signed_and_one_that_changed_since_is_not(
    world: World, approval: Approval, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = request_report(run=world.run, acting_user=None, marking="final")
    assert make_report(report.pk)
    report.refresh_from_db()
    assert ReportSignature.objects.get(report=report).approval == approval
    with open_store(settings.EVIDENCE_URL).open(report.pdf_sha256) as stored:
        path = tmp_path / "report.pdf"
        path.write_bytes(stored.read())
    assert hashlib.sha256(path.read_bytes()).hexdigest() == report.pdf_sha256
    call_command("verify_report", str(path))
    out = capsys.readouterr().out
    assert "Unchanged: report" in out
    assert "over the whole file; leads to a trusted certificate" in out


def test_a_final_report_of_a_project_is_signed_once_every_run_of_it_is_approved(
    world: World, approval: Approval
) -> None:
    options = read_options({"scope": {"kind": "project", "ids": [world.project.slug]}, "depth": "summary"})
    report = request_report(acting_user=None, options=options, marking="final")
    assert set(standing_of(report).approvals) == {approval}
    assert make_report(report.pk)
    held = ReportSignature.objects.get(report=report)
    assert list(held.approvals.all()) == [approval]
    with open_store(settings.EVIDENCE_URL).open(Report.objects.get(pk=report.pk).pdf_sha256) as stored:
        assert check(stored.read(), trust(identity())).good
    other = make_completed_run(world.run.pipeline)
    assert standing_of(report).why_not == f"Not signed: 1 of its 2 runs is not approved, the first being {other}."
    withdraw_approval(approval=approval, reason="New facts.", acting_user=world.legal)
    assert standing_of(report).why_not == f"Not signed: 2 of its 2 runs are not approved, the first being {world.run}."
    page = Client().get(reverse("verify-report"), {"sha256": Report.objects.get(pk=report.pk).pdf_sha256})
    assert page.status_code == 200


def test_one_withdrawn_approval_of_several_takes_the_standing_from_the_report(
    made: Report, approval: Approval, signed: bytes, world: World
) -> None:
    held = ReportSignature.objects.get(report=made)
    other = Approval.objects.create(
        run=world.run, number=9, asked_by=world.engineer, asked_at=timezone.now(), steps=[], context={}, context_sha256=SHA,
        withdrawn_at=timezone.now(), withdrawn_by=world.legal,
    )  # fmt: skip
    held.approvals.set([approval, other])
    assert "Unchanged, but its approval was withdrawn" in posted(signed)
