"""Approving an audit: put forward frozen, signed step by step by people who did not decide it, withdrawn with a reason."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from audits.actions.events import approval_moved
from audits.actions.notices import tell
from audits.models import Approval, Run, Signature
from audits.queries.people import people_of_project
from compliance.access import may
from compliance.actions.trail import record
from compliance.models import User
from compliance.roles import Deed

MOST_STEPS: Final = 5
MOST_SIGNERS: Final = 10


@transaction.atomic
def put_forward(
    *, run: Run, context: Mapping[str, Any], context_sha256: str, steps: Sequence[Mapping[str, Any]],
    warnings: Sequence[Mapping[str, Any]], acting_user: User,
) -> Approval:  # fmt: skip
    """Ask for approval of a run as it stands in the frozen context.

    Raises ValidationError when something grave is missing, another approval of the run is open, or the steps make no sense.
    """
    grave = [one["words"] for one in warnings if one["weight"] == "grave"]
    if grave:
        raise ValidationError(f"This can’t be put forward yet. {'; '.join(grave)}.")
    Run.objects.select_for_update().get(pk=run.pk)
    if open_approval(run):
        raise ValidationError("An approval of this run is open. Complete it or withdraw it first.")
    number = (Approval.objects.filter(run=run).aggregate(last=Max("number"))["last"] or 0) + 1
    approval = Approval.objects.create(
        run=run, number=number, context=context, context_sha256=context_sha256, steps=_checked(steps),
        warnings=list(warnings), asked_by=acting_user,
    )  # fmt: skip
    _record(approval, acting_user, "approval asked for", steps=approval.steps)
    approval_moved("approval.asked", approval)
    _tell_approvers(approval)
    return approval


def _checked(steps: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    if not 1 <= len(steps) <= MOST_STEPS:
        raise ValidationError({"steps": f"Name one to {MOST_STEPS} steps."})
    made = []
    for step in steps:
        name, quorum = str(step.get("name", "")).strip(), step.get("quorum")
        if not name or len(name) > 80:
            raise ValidationError({"steps": "Give each step a name of at most 80 characters."})
        if not isinstance(quorum, int) or not 1 <= quorum <= MOST_SIGNERS:
            raise ValidationError({"steps": f"{name}: say how many sign it, 1 to {MOST_SIGNERS}."})
        made.append({"name": name, "quorum": quorum})
    return made


def open_approval(run: Run) -> Approval | None:
    """The approval of the run that still waits for signatures."""
    return Approval.objects.filter(run=run, completed_at=None, withdrawn_at=None).first()


def present_step(approval: Approval) -> int | None:
    """The step that waits for signatures, from 0; None when all are signed."""
    signed = list(approval.signatures.filter(word=Signature.Word.APPROVED).values_list("step", flat=True))
    for at, step in enumerate(approval.steps):
        if signed.count(at) < step["quorum"]:
            return at
    return None


def why_not(approval: Approval, person: User) -> str:
    """Why this person may not sign now; empty when they may. Who may approve in the project at all is asked elsewhere."""
    if approval.withdrawn_at or approval.completed_at:
        return "This approval is closed."
    if approval.asked_by_id == person.pk:
        return "Whoever asks for an approval does not sign it."
    if person.pk in approval.context.get("deciders", []):
        return "You decided findings of this audit. Somebody else approves what you decided."
    if approval.signatures.filter(signed_by=person).exists():
        return "You have signed already. Each person signs once."
    return ""


@transaction.atomic
def sign(*, approval: Approval, word: str, reason: str, context_sha256: str, acting_user: User) -> Signature:
    """One person's word on the present step, over the snapshot that they read.

    Raises ValidationError: a person who may not sign, another snapshot than the one put forward, a refusal without a reason.
    """
    held = Approval.objects.select_for_update().get(pk=approval.pk)
    complaint = why_not(held, acting_user)
    if complaint:
        raise ValidationError(complaint)
    if context_sha256 != held.context_sha256:
        raise ValidationError("What you read is not what is put forward. Open the page again.")
    if word not in Signature.Word.values:
        raise ValidationError({"word": "Approve or refuse."})
    if word == Signature.Word.REFUSED and not reason.strip():
        raise ValidationError({"reason": "Say why you refuse."})
    step = present_step(held)
    if step is None:
        raise ValidationError("Every step is signed.")
    signature = Signature.objects.create(
        approval=held, step=step, word=word, reason=reason.strip(), signed_by=acting_user, context_sha256=context_sha256
    )
    _record(held, acting_user, f"audit {word}", step=held.steps[step]["name"], reason=signature.reason)
    approval_moved("approval.signed", held, signature)
    _close_if_done(held, signature)
    return signature


def _close_if_done(approval: Approval, signature: Signature) -> None:
    now = timezone.now()
    if signature.word == Signature.Word.REFUSED:
        Approval.objects.filter(pk=approval.pk).update(
            withdrawn_at=now, withdrawn_by=signature.signed_by, withdrawal_reason=f"Refused: {signature.reason}"
        )
        _tell_asker(approval, f"{signature.signed_by} refuses to approve", "refused")
    elif present_step(approval) is None:
        Approval.objects.filter(pk=approval.pk).update(completed_at=now)
        _record(approval, signature.signed_by, "approval completed")
        approval_moved("approval.completed", approval)
        _tell_asker(approval, "The audit is approved", "completed")


@transaction.atomic
def withdraw_approval(*, approval: Approval, reason: str, acting_user: User) -> None:
    """Take an approval back, open or complete; its signatures stay on record. Raises ValidationError without a reason."""
    if not reason.strip():
        raise ValidationError({"reason": "Say why it is withdrawn."})
    taken = Approval.objects.filter(pk=approval.pk, withdrawn_at=None)
    if not taken.update(withdrawn_at=timezone.now(), withdrawn_by=acting_user, withdrawal_reason=reason.strip()):
        raise ValidationError("It is withdrawn already.")
    _record(approval, acting_user, "approval withdrawn", reason=reason.strip())
    approval_moved("approval.withdrawn", approval)


def _tell_approvers(approval: Approval) -> None:
    """Whoever could sign learns that they are waited for."""
    project = approval.run.pipeline.project
    for person in people_of_project(project):
        if may(person, Deed.APPROVE, project) and not why_not(approval, person):
            _tell(approval, person, f"{approval.asked_by} asks for your approval", "asked")


def _tell_asker(approval: Approval, words: str, what: str) -> None:
    if approval.asked_by:
        _tell(approval, approval.asked_by, words, what)


def _tell(approval: Approval, person: User, words: str, what: str) -> None:
    run = approval.run
    tell(
        user=person, kind=f"approval_{what}", key=f"approval:{approval.pk}:{what}", project=run.pipeline.project,
        text=f"{words}: {run.pipeline.name}, run {run.number}", address=f"/runs/{run.pk}/approval/",
    )  # fmt: skip


def _record(approval: Approval, person: User, action: str, **detail: Any) -> None:
    record(
        acting_user=person, action=action, subject=approval, project=approval.run.pipeline.project,
        sha256=approval.context_sha256, **detail,
    )  # fmt: skip
