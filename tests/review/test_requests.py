"""Facts asked of named persons: typed, answered in place, on record, withdrawn, reminded of."""

import datetime as dt
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from audits.actions.asking import ask_for_fact, withdraw_request
from audits.actions.questions import answer_question
from audits.actions.reminding import remind_of_work
from audits.actions.replying import reply_in_words
from audits.actions.webhooks import add_webhook
from audits.matching.questions import Topic
from audits.models import Delivery, FactAnswer, FactRequest, Finding, Notice
from compliance.models import LibraryChange, Membership
from tests.factories import make_user
from tests.pages.conftest import SignedIn, World, signed_in, world

__all__ = ["signed_in", "world"]
pytestmark = pytest.mark.django_db
TODAY = timezone.localdate()
FACT, JUDGED = "student.distributed", "student.competes_with_provider"


def asked(world: World, **fields: Any) -> FactRequest:
    told: dict[str, Any] = {"asked_of": world.engineer, "question": "Who signed it?", **fields}
    return ask_for_fact(finding=world.finding, acting_user=world.legal, **told)


def test_a_fact_is_answered_in_place_goes_on_record_and_has_what_waits_judged_anew(world: World, signed_in: SignedIn):
    Finding.objects.filter(pk=world.finding.pk).update(missing_facts=[FACT], outcome="needs_facts")
    legal, engineer = signed_in(world.legal), signed_in(world.engineer)
    data = {"fact": FACT, "asked_of": world.engineer.pk, "due_on": (TODAY + dt.timedelta(days=3)).isoformat()}
    legal.post(reverse("finding-ask", args=[world.finding.pk]), data)
    request = FactRequest.objects.get()
    assert (request.form, request.student) == ("yes_no", "acme-triage")
    assert Notice.objects.get(user=world.engineer).kind == "facts_asked"
    page = engineer.get(reverse("asked")).content.decode()
    assert "made available to third parties?" in page
    reply = reverse("asked-reply", args=[request.pk])
    refused = engineer.post(reply, {"fact": FACT, "value": "true", "reason": "", "valid_from": "2026-01-01"})
    assert refused.status_code == 422
    given = {"fact": FACT, "value": "false", "reason": "Inside only.", "valid_from": "2026-01-01"}
    assert engineer.post(reply, given).status_code == 302
    answer = FactAnswer.objects.get()
    assert (answer.value, answer.answered_by, answer.student) == (False, world.engineer, "acme-triage")
    request.refresh_from_db()
    assert request.answer == answer
    assert LibraryChange.objects.filter(kind="answer", done_at=None).count() == 1
    assert Notice.objects.filter(user=world.legal, kind="facts_answered").count() == 1
    shown = legal.get(reverse("finding", args=[world.finding.pk])).content.decode()
    assert "The student is not made available to third parties" in shown


def test_an_answer_given_elsewhere_closes_every_request_for_the_same_fact(world: World):
    mine = asked(world, fact=FACT)
    other = asked(world, fact=FACT, asked_of=world.member_legal)
    elsewhere = asked(world, fact="student.commercial")
    topic = Topic(world.project.pk, "acme-triage", FACT)
    answer_question(
        topic=topic, project=world.project, value=True, reason="It is sold.", valid_from=TODAY, acting_user=world.legal
    )
    for one in (mine, other, elsewhere):
        one.refresh_from_db()
    assert mine.replied_by == other.replied_by == world.legal
    assert elsewhere.is_open


def test_who_does_not_belong_to_the_project_cant_be_asked(world: World, signed_in: SignedIn):
    with pytest.raises(ValidationError, match="does not belong to"):
        asked(world, asked_of=world.outsider)
    gone = make_user()
    yesterday = timezone.now() - dt.timedelta(days=1)
    Membership.objects.create(project=world.project, user=gone, role="engineer", ends_at=yesterday)
    with pytest.raises(ValidationError, match="does not belong to"):
        asked(world, asked_of=gone)
    data = {"question": "Who?", "asked_of": world.outsider.pk}
    page = signed_in(world.legal).post(reverse("finding-ask", args=[world.finding.pk]), data, follow=True)
    assert "Select a valid choice" in page.content.decode()
    assert not FactRequest.objects.exists()


def test_a_judgement_is_not_asked_of_an_engineer(world: World):
    with pytest.raises(ValidationError, match="may not answer this for the record"):
        asked(world, fact=JUDGED)
    made = asked(world, fact=JUDGED, asked_of=world.member_legal)
    assert made.provider == world.finding.provider


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"question": " "}, "Write what you ask"),
        ({"form": "choice", "choices": ["one"]}, "Offer 2 to 12"),
        ({"form": "essay"}, "Choose one of"),
        ({"fact": "provider"}, "not a fact that people are asked for"),
        ({"due_on": TODAY - dt.timedelta(days=1)}, "from today on"),
    ],
)
def test_what_makes_no_sense_is_not_asked(world: World, fields: dict[str, Any], why: str):
    with pytest.raises(ValidationError, match=why):
        asked(world, **fields)


def test_the_same_is_asked_of_the_same_person_once(world: World):
    asked(world)
    with pytest.raises(ValidationError, match="asked this already"):
        asked(world)


@pytest.mark.parametrize(
    ("form", "reply", "kept"),
    [
        ("yes_no", "yes", "Yes"),
        ("choice", "B", "B"),
        ("date", "2026-03-31", "2026-03-31"),
        ("number", "1,200", "1200"),
        ("text", "The board, in March.", "The board, in March."),
    ],
)
def test_a_question_in_words_is_answered_in_the_form_that_was_asked_for(
    world: World, signed_in: SignedIn, form: str, reply: str, kept: str
):
    made = asked(world, form=form, choices=["A", "B"])
    engineer = signed_in(world.engineer)
    address = reverse("asked-reply", args=[made.pk])
    if form != "text":
        assert engineer.post(address, {"reply": "neither"}).status_code == 422
    assert engineer.post(address, {"reply": reply}).status_code == 302
    made.refresh_from_db()
    assert (made.reply, made.replied_by, made.answer) == (kept, world.engineer, None)
    with pytest.raises(ValidationError, match="already"):
        reply_in_words(request=made, reply=reply, acting_user=world.engineer)


def test_a_document_is_kept_and_given_only_to_those_who_read_contents(world: World, signed_in: SignedIn):
    made = asked(world, form="document")
    engineer = signed_in(world.engineer)
    file = SimpleUploadedFile("letter <1>.pdf", b"%PDF-letter")
    engineer.post(reverse("asked-reply", args=[made.pk]), {"reply": "Signed.", "document": file})
    address = reverse("asked-document", args=[made.pk])
    got = signed_in(world.legal).get(address)
    assert b"".join(got.streaming_content) == b"%PDF-letter"  # type: ignore[attr-defined]
    assert got.headers["Content-Disposition"].startswith("attachment")
    viewer = make_user()
    Membership.objects.create(project=world.project, user=viewer, role="viewer")
    assert signed_in(viewer).get(address).status_code == 403


def test_nobody_answers_for_somebody_else(world: World, signed_in: SignedIn):
    made = asked(world)
    assert signed_in(world.legal).post(reverse("asked-reply", args=[made.pk]), {"reply": "I"}).status_code == 403
    assert signed_in(world.outsider).post(reverse("asked-reply", args=[made.pk]), {"reply": "I"}).status_code == 404


def test_a_request_is_withdrawn_once_and_then_not_answered(world: World, signed_in: SignedIn):
    made = asked(world)
    signed_in(world.legal).post(reverse("asked-withdraw", args=[made.pk]), {"reason": "Found it."})
    made.refresh_from_db()
    assert (made.withdrawn_by, made.withdrawal_reason) == (world.legal, "Found it.")
    with pytest.raises(ValidationError, match="already"):
        withdraw_request(request=made, acting_user=world.legal)
    with pytest.raises(ValidationError, match="already"):
        reply_in_words(request=made, reply="Late.", acting_user=world.engineer)
    assert Notice.objects.filter(user=world.engineer, kind="facts_withdrawn").count() == 1


def test_who_is_asked_is_reminded_and_who_asked_learns_that_it_is_late(world: World):
    asked(world, due_on=TODAY + dt.timedelta(days=1))
    assert remind_of_work(TODAY) == 1
    assert remind_of_work(TODAY) == 0
    assert remind_of_work(TODAY + dt.timedelta(days=2)) == 2
    late = Notice.objects.filter(user=world.legal).latest("pk").text
    assert late.startswith(f"What you asked {world.engineer} was due on")


def test_webhooks_learn_that_a_fact_was_asked_for_and_never_what_was_said(world: World):
    add_webhook(
        project=world.project, name="Chat", url="https://hooks.example/", form="signed", events=(),
        acting_user=world.administrator,
    )  # fmt: skip
    made = asked(world, question="Our secret theory: who copied it?")
    reply_in_words(request=made, reply="Nobody must know.", acting_user=world.engineer)
    told = {one.event: one.payload for one in Delivery.objects.all()}
    assert set(told) == {"facts.asked", "facts.answered"}
    assert "secret theory" not in str(told)
    assert "must know" not in str(told)
