"""The discussion of a finding: who reads it, who is told, and what never leaves the lawyers."""

import datetime as dt

import pytest
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from audits.actions.assigning import assign
from audits.actions.decisions import decide
from audits.actions.notices import choose_mail, remind_of_ends, tell
from audits.models import Finding, Look, Notice, Remark, Report
from audits.procedures.mailing import send_mail
from audits.reporting.context import build_context
from audits.views import remarks
from compliance.models import Membership, User
from tests.factories import make_completed_run, make_user
from tests.pages.conftest import SignedIn, World, signed_in, world

__all__ = ["signed_in", "world"]
SECRET = "Our position is weak on section 3.3(e)."


def say(client: object, finding: Finding, **data: object) -> int:
    return int(client.post(reverse("finding-remark", args=[finding.pk]), data).status_code)  # type: ignore[attr-defined]


def test_a_remark_stands_on_the_finding_in_every_run(world: World, signed_in: SignedIn):
    assert say(signed_in(world.engineer), world.finding, body="The judge model was only a filter.") == 302
    later = make_completed_run(world.run.pipeline).findings.get()
    Finding.objects.filter(pk=later.pk).update(key=world.finding.key)
    page = signed_in(world.legal).get(reverse("finding", args=[later.pk])).content.decode()
    assert "The judge model was only a filter." in page
    assert "on an earlier run" in page


@pytest.mark.parametrize("reader", ["engineer", "administrator"])
def test_a_note_among_lawyers_is_seen_by_no_engineer_and_no_administrator(
    world: World, signed_in: SignedIn, reader: str
):
    assert say(signed_in(world.legal), world.finding, body=SECRET, privileged="on") == 302
    page = reverse("finding", args=[world.finding.pk])
    assert SECRET not in signed_in(getattr(world, reader)).get(page).content.decode()
    for lawyer in (world.legal, world.member_legal):
        assert SECRET in signed_in(lawyer).get(page).content.decode()


def test_a_note_among_lawyers_reaches_no_report(world: World, signed_in: SignedIn):
    say(signed_in(world.legal), world.finding, body=SECRET, privileged="on")
    context = build_context(Report(run=world.run, number=1))
    assert SECRET not in str(context)


def test_engineers_write_no_privileged_notes(world: World, signed_in: SignedIn):
    assert say(signed_in(world.engineer), world.finding, body="Mine.", privileged="on") == 403
    assert not Remark.objects.exists()


def test_viewers_and_auditors_read_and_do_not_write(world: World, signed_in: SignedIn):
    for role in ("viewer", "auditor"):
        person = make_user()
        Membership.objects.create(project=world.project, user=person, role=role)
        assert say(signed_in(person), world.finding, body="Hello.") == 403


def test_whoever_is_named_is_told_once_and_the_mail_quotes_nothing(world: World, signed_in: SignedIn):
    User.objects.filter(pk=world.engineer.pk).update(email="dana@acme.example")
    choose_mail(acting_user=world.engineer, mail="at_once")
    say(signed_in(world.legal), world.finding, body=f"@{world.engineer.username} which weights? Case 4711.")
    notice = Notice.objects.get()
    assert (notice.user, notice.kind) == (world.engineer, "mentioned")
    assert send_mail() == 1
    assert send_mail() == 0
    sent = mail.outbox[0]
    assert sent.to == ["dana@acme.example"]
    assert "Case 4711" not in sent.subject + str(sent.body)
    assert f"/findings/{world.finding.pk}/" in str(sent.body)


def test_naming_an_engineer_in_a_privileged_note_tells_them_nothing(world: World, signed_in: SignedIn):
    say(signed_in(world.legal), world.finding, body=f"Ask @{world.engineer.username} nothing yet.", privileged="on")
    say(signed_in(world.legal), world.finding, body=f"@{world.outsider.username} look.")
    assert not Notice.objects.exists()


def test_whoever_sees_to_the_finding_is_told_of_remarks(world: World, signed_in: SignedIn):
    assign(findings=[world.finding], assignee=world.engineer, due_on=None, acting_user=world.legal)
    Notice.objects.all().delete()
    say(signed_in(world.legal), world.finding, body="Any news?")
    assert Notice.objects.get().user == world.engineer
    client = signed_in(world.engineer)
    assert "1 unread notice" in client.get(reverse("notices-count")).content.decode()
    answer = client.get(reverse("notice", args=[Notice.objects.get().pk]))
    assert answer.headers["Location"].startswith(f"/findings/{world.finding.pk}/#remark-")
    assert client.get(reverse("notices-count")).content == b""


def test_a_days_notices_come_in_one_mail(world: World):
    User.objects.filter(pk=world.legal.pk).update(email="lee@acme.example")
    for number in range(3):
        tell(user=world.legal, kind="due", text=f"Thing {number}", address="/findings/", key=str(number))
    assert send_mail() == 1
    assert "3 things to know" in mail.outbox[0].subject
    tell(user=world.legal, kind="due", text="Thing 4", address="/findings/", key="4")
    assert send_mail() == 0, "the next one comes tomorrow"


def test_a_mail_that_does_not_go_out_is_tried_again_and_says_why(world: World, settings):
    User.objects.filter(pk=world.legal.pk).update(email="lee@acme.example")
    tell(user=world.legal, kind="due", text="Thing", address="/findings/", key="1")
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_USE_TLS = "127.0.0.1", 9, False
    assert send_mail() == 0
    assert "refused" in Notice.objects.get().mail_failed.lower()
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    assert send_mail() == 1


def test_reviewers_are_reminded_of_a_waiver_before_it_ends_and_when_it_has(world: World):
    today = timezone.localdate()
    decide(
        finding=world.finding, kind="waive", reason="Renewal.", until=today + dt.timedelta(days=40),
        acting_user=world.legal,
    )  # fmt: skip
    assert remind_of_ends(today) == 0
    assert remind_of_ends(today + dt.timedelta(days=10)) == 2, "both lawyers"
    assert remind_of_ends(today + dt.timedelta(days=11)) == 0
    assert remind_of_ends(today + dt.timedelta(days=41)) == 2
    assert "has ended" in Notice.objects.first().text  # type: ignore[union-attr]


def test_a_file_goes_with_a_remark_and_each_look_at_it_is_on_record(world: World, signed_in: SignedIn):
    client = signed_in(world.legal)
    file = SimpleUploadedFile("letter.html", b"<script>alert(1)</script>", "text/html")
    say(client, world.finding, body="The letter.", privileged="on", enclosures=file)
    pk = Remark.objects.get().enclosures.get().pk
    answer = client.get(reverse("finding-enclosure", args=[pk]))
    assert b"".join(answer.streaming_content) == b"<script>alert(1)</script>"  # type: ignore[attr-defined]
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert "attachment" in answer.headers["Content-Disposition"]
    assert Look.objects.filter(user=world.legal).exists()
    assert signed_in(world.engineer).get(reverse("finding-enclosure", args=[pk])).status_code == 404


def test_words_are_not_lost_when_their_file_is_refused(
    world: World, signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(remarks, "LARGEST_ENCLOSURE", 4)
    lawyer, page = signed_in(world.legal), reverse("finding", args=[world.finding.pk])
    file = SimpleUploadedFile("letter.pdf", b"a letter")
    say(lawyer, world.finding, body="Read the <letter>.", privileged="on", enclosures=file)
    again = lawyer.get(page).content.decode()
    assert "letter.pdf is larger than" in again
    assert "Read the &lt;letter&gt;.</textarea>" in again
    assert 'name="privileged" checked' in again, "what was meant for lawyers stays meant for them"
    assert "Read the" not in lawyer.get(page).content.decode(), "given back once"


def test_what_is_due_is_told_while_somebody_has_to_decide_also_when_it_is_open_again(world: World):
    today = timezone.localdate()
    assign(findings=[world.finding], assignee=world.engineer, due_on=today, acting_user=world.legal)
    decide(finding=world.finding, kind="confirm", reason="Right.", acting_user=world.legal)
    assert remind_of_ends(today) == 0
    decide(finding=world.finding, kind="reopen", reason="New counsel.", acting_user=world.legal)
    assert remind_of_ends(today) == 1
    assert remind_of_ends(today) == 0
