"""Approval: what is signed is frozen, nobody signs their own, and every refusal says why."""

import base64
import json
from pathlib import Path

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from audits.actions.approvals import sign, withdraw_approval
from audits.actions.decisions import decide
from audits.evidence.ed25519 import signature_holds, signed_text
from audits.models import Approval, Notice, Run, Signature
from audits.procedures.approving import ask_for_approval, certificate, has_changed_since
from audits.procedures.concluding import Piece, seal_run
from audits.queries.readiness import lacks_of
from compliance.models import Membership, User
from tests.factories import make_finding, make_user, sha
from tests.pages.conftest import SignedIn, World, signed_in, world

__all__ = ["signed_in", "world"]
ONE_STEP = [{"name": "Legal", "quorum": 1}]


@pytest.fixture
def sealed(world: World, tmp_path: Path) -> Run:
    """The world's run with its evidence sealed by a key of the test's own."""
    seal_run(world.run, [Piece("manifest", "audit.toml", sha("manifest"), 8)], tmp_path)
    return world.run


def approver(world: World) -> User:
    person = make_user()
    Membership.objects.create(project=world.project, user=person, role="approver")
    return person


def kinds(run: Run) -> set[str]:
    return {lack.kind for lack in lacks_of(run)}


def test_what_is_missing_is_told_with_a_way_to_mend_it(world: World, signed_in: SignedIn):
    make_finding(world.run, outcome="prohibited", level="error")
    assert {"unsealed", "prohibited_undecided", "undecided", "gaps", "simulated", "unanswered"} <= kinds(world.run)
    page = signed_in(world.engineer).get(reverse("run-approval", args=[world.run.pk])).content.decode()
    assert "1 prohibited finding is not decided" in page
    assert "Bars approval" in page


def test_an_audit_with_a_prohibited_finding_undecided_is_not_put_forward(sealed: Run, world: World):
    grave = make_finding(sealed, outcome="prohibited", level="error")
    with pytest.raises(ValidationError, match="prohibited finding is not decided"):
        ask_for_approval(sealed, ONE_STEP, world.engineer)
    decide(finding=grave, kind="confirm", reason="Right.", acting_user=world.legal)
    assert ask_for_approval(sealed, ONE_STEP, world.engineer).number == 1


def test_nobody_approves_what_they_decided(sealed: Run, world: World, signed_in: SignedIn):
    decide(finding=world.finding, kind="accept_risk", reason="My own waiver.", acting_user=world.legal)
    approval = ask_for_approval(sealed, ONE_STEP, world.engineer)
    data = {"word": "approved", "context_sha256": approval.context_sha256}
    page = signed_in(world.legal).post(reverse("approval-sign", args=[approval.pk]), data, follow=True)
    assert "Somebody else approves what you decided." in page.content.decode()
    assert not Signature.objects.exists()


def test_whoever_asks_does_not_sign(sealed: Run, world: World):
    approval = ask_for_approval(sealed, ONE_STEP, world.legal)
    with pytest.raises(ValidationError, match="does not sign it"):
        sign(
            approval=approval,
            word="approved",
            reason="",
            context_sha256=approval.context_sha256,
            acting_user=world.legal,
        )


@pytest.mark.parametrize(
    ("person", "status"), [("engineer", 403), ("administrator", 403), ("member_legal", 403), ("outsider", 404)]
)
def test_only_approvers_sign(sealed: Run, world: World, signed_in: SignedIn, person: str, status: int):
    approval = ask_for_approval(sealed, ONE_STEP, world.legal)
    data = {"word": "approved", "context_sha256": approval.context_sha256}
    assert (
        signed_in(getattr(world, person)).post(reverse("approval-sign", args=[approval.pk]), data).status_code == status
    )


def test_steps_are_signed_in_order_by_as_many_as_each_asks_for(sealed: Run, world: World, signed_in: SignedIn):
    people = [approver(world) for _ in range(3)]
    data = {"steps": "Legal: 2\nBoard: 1"}
    signed_in(world.legal).post(reverse("run-approval", args=[sealed.pk]), data)
    approval = Approval.objects.get()
    word = {"word": "approved", "context_sha256": approval.context_sha256}
    for person in people:
        assert approval.completed_at is None
        signed_in(person).post(reverse("approval-sign", args=[approval.pk]), word)
        approval.refresh_from_db()
    assert approval.completed_at is not None
    assert list(approval.signatures.values_list("step", flat=True)) == [0, 0, 1]


def test_who_is_waited_for_is_told_and_who_asked_learns_the_answer(sealed: Run, world: World):
    person = approver(world)
    approval = ask_for_approval(sealed, ONE_STEP, world.member_legal)
    told = Notice.objects.filter(kind="approval_asked")
    assert person in {notice.user for notice in told}
    assert world.member_legal not in {notice.user for notice in told}, "whoever asks does not sign"
    assert world.engineer not in {notice.user for notice in told}
    sign(approval=approval, word="approved", reason="", context_sha256=approval.context_sha256, acting_user=person)
    answer = Notice.objects.get(kind="approval_completed")
    assert (answer.user, answer.address) == (world.member_legal, f"/runs/{sealed.pk}/approval/")


def test_one_person_signs_once(sealed: Run, world: World):
    approval, person = ask_for_approval(sealed, [{"name": "Legal", "quorum": 2}], world.legal), approver(world)
    sign(approval=approval, word="approved", reason="", context_sha256=approval.context_sha256, acting_user=person)
    with pytest.raises(ValidationError, match="signed already"):
        sign(approval=approval, word="approved", reason="", context_sha256=approval.context_sha256, acting_user=person)


def test_what_was_not_read_is_not_signed(sealed: Run, world: World):
    approval = ask_for_approval(sealed, ONE_STEP, world.legal)
    with pytest.raises(ValidationError, match="not what is put forward"):
        sign(approval=approval, word="approved", reason="", context_sha256="0" * 64, acting_user=approver(world))


def test_a_decision_made_later_does_not_change_what_was_signed(sealed: Run, world: World, signed_in: SignedIn):
    approval = ask_for_approval(sealed, ONE_STEP, world.engineer)
    before = approval.context
    assert not has_changed_since(approval)
    decide(finding=world.finding, kind="confirm", reason="Right.", acting_user=world.legal)
    approval.refresh_from_db()
    assert approval.context == before
    assert has_changed_since(approval)
    page = signed_in(world.engineer).get(reverse("run-approval", args=[sealed.pk])).content.decode()
    assert "have changed since it was put forward" in page


def test_a_refusal_needs_a_reason_and_closes_the_approval(sealed: Run, world: World):
    approval, person = ask_for_approval(sealed, ONE_STEP, world.legal), approver(world)
    with pytest.raises(ValidationError, match="Say why you refuse"):
        sign(approval=approval, word="refused", reason=" ", context_sha256=approval.context_sha256, acting_user=person)
    sign(
        approval=approval,
        word="refused",
        reason="Terms of March.",
        context_sha256=approval.context_sha256,
        acting_user=person,
    )
    approval.refresh_from_db()
    assert approval.withdrawal_reason == "Refused: Terms of March."
    assert ask_for_approval(sealed, ONE_STEP, world.legal).number == 2


def test_an_approval_is_withdrawn_with_a_reason_and_stays_on_record(sealed: Run, world: World):
    approval = ask_for_approval(sealed, ONE_STEP, world.legal)
    with pytest.raises(ValidationError, match="Say why"):
        withdraw_approval(approval=approval, reason="", acting_user=world.legal)
    withdraw_approval(approval=approval, reason="New terms.", acting_user=world.legal)
    with pytest.raises(ValidationError, match="closed"):
        sign(
            approval=approval, word="approved", reason="", context_sha256=approval.context_sha256,
            acting_user=approver(world),
        )  # fmt: skip


def test_the_certificate_names_who_signed_what_under_the_installations_key(
    sealed: Run, world: World, signed_in: SignedIn
):
    approval, person = ask_for_approval(sealed, ONE_STEP, world.legal), approver(world)
    with pytest.raises(ValueError, match="completed"):
        certificate(approval)
    sign(approval=approval, word="approved", reason="", context_sha256=approval.context_sha256, acting_user=person)
    answer = signed_in(world.engineer).get(reverse("approval-certificate", args=[approval.pk]))
    made = json.loads(answer.content)
    payload = base64.b64decode(made["payload"])
    told = json.loads(payload)
    assert told["signatures"][0]["by"] == str(person)
    assert told["context_sha256"] == approval.context_sha256
    text = signed_text(made["payloadType"], payload)
    key, signature = base64.b64decode(made["public_key"]), base64.b64decode(made["signatures"][0]["sig"])
    assert signature_holds(key, text, signature)
    assert not signature_holds(key, text + b" ", signature)
