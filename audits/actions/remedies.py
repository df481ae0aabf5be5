"""Remedies: work on a finding with an owner and a day. Its owner says that it is changed; the next run shows whether it is."""

import datetime as dt
from typing import Final

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from audits.actions.events import remedy_settled
from audits.actions.notices import tell
from audits.models import Assignment, Finding, Remedy, RemedyStep, Run
from audits.queries.people import people_of_project
from audits.queries.proofs import Proof, proof_by, shown_by
from compliance.access import may
from compliance.actions.trail import record
from compliance.engine.phrases import day
from compliance.models import User
from compliance.roles import Deed

LONGEST: Final = 4_000
State, What = Remedy.State, RemedyStep.What


@transaction.atomic
def ask_for_remedy(*, finding: Finding, what: str, owner: User, due_on: dt.date, acting_user: User) -> Remedy:
    """Give somebody work on a finding. Raises ValidationError naming the field: no words, no access, a day that is past."""
    project = finding.run.pipeline.project
    _require_sense(what, due_on)
    _require_owner(owner, finding)
    made = Remedy.objects.create(
        project=project, finding_key=finding.key, finding=finding, what=what.strip(), owner=owner, due_on=due_on,
        asked_by=acting_user,
    )  # fmt: skip
    _note(made, What.ASKED, acting_user, words=_given_to(owner, due_on))
    _tell_owner(made, acting_user, f"{acting_user} asks you to change something: “{finding.title}”", "asked")
    return made


def _require_sense(what: str, due_on: dt.date) -> None:
    if not what.strip():
        raise ValidationError({"what": "Say what is to be changed."})
    if len(what) > LONGEST:
        raise ValidationError({"what": f"At most {LONGEST:,} characters."})
    if due_on < timezone.localdate():
        raise ValidationError({"due_on": "Choose a day from today on."})


def _require_owner(owner: User, finding: Finding) -> None:
    project = finding.run.pipeline.project
    if not may(owner, Deed.SEE, project):
        raise ValidationError({"owner": f"{owner} does not belong to {project}."})


def _given_to(owner: User, due_on: dt.date) -> str:
    return f"{owner} sees to it until {day(due_on)}."


@transaction.atomic
def move_remedy(
    *, remedy: Remedy, acting_user: User, owner: User, due_on: dt.date, what: str | None = None
) -> None:  # fmt: skip
    """Give the work to somebody else, or another day, or other words. Raises ValidationError for work that is over."""
    held = _open(remedy, (*Remedy.TO_DO, State.CLAIMED))
    words = held.what if what is None else what.strip()
    if due_on != held.due_on or words != held.what:
        _require_sense(words, due_on)
    _require_owner(owner, held.finding)
    Remedy.objects.filter(pk=held.pk).update(owner=owner, due_on=due_on, what=words)
    _note(held, What.MOVED, acting_user, words=_given_to(owner, due_on))
    if owner != held.owner:
        held.owner = owner
        words = f"{acting_user} gives you work on “{held.finding.title}”"
        _tell_owner(held, acting_user, words, f"moved:{owner.pk}:{due_on}")


@transaction.atomic
def claim_remedy(*, remedy: Remedy, acting_user: User, words: str = "") -> None:
    """Its owner says that it is changed. That settles nothing: only a run after this moment shows it.

    Raises ValidationError for somebody else's work, and for work that does not wait to be done.
    """
    held = _open(remedy, Remedy.TO_DO)
    if held.owner_id != acting_user.pk:
        raise ValidationError(f"{held.owner} sees to this. Only its owner says that it is changed.")
    newest = Run.objects.filter(pipeline=held.finding.run.pipeline_id).order_by("-pk").first()
    Remedy.objects.filter(pk=held.pk).update(
        state=State.CLAIMED, claimed_at=timezone.now(), claimed_run=newest, settled_at=None, settled_run=None, why=""
    )
    _note(held, What.CLAIMED, acting_user, words=words.strip()[:LONGEST], run=newest)


@transaction.atomic
def work_behind(finding: Finding, reason: str, acting_user: User) -> Remedy:
    """The work that stands behind the decision that a finding is remediated.

    Work that a run has shown since is what it rests on. Work that is still open counts as claimed by whoever decides, and the
    next run has to show it. Where nobody was asked for any, it is made now: of whoever sees to the finding, else of who decides.
    """
    project = finding.run.pipeline.project
    asked = Remedy.objects.filter(project=project, finding_key=finding.key).exclude(state=State.DROPPED)
    proved = asked.filter(state=State.PROVED, settled_run__gte=finding.run_id).order_by("-settled_run", "-pk").first()
    if proved:
        return proved
    held = (
        asked.exclude(state=State.PROVED).select_for_update(of=("self",)).select_related("owner", "project", "finding")
    )
    remedy = held.order_by("-pk").first() or _work_of_decision(finding, reason, acting_user)
    if remedy.state in Remedy.TO_DO:
        newest = Run.objects.filter(pipeline=finding.run.pipeline_id).order_by("-pk").first()
        Remedy.objects.filter(pk=remedy.pk).update(
            state=State.CLAIMED,
            claimed_at=timezone.now(),
            claimed_run=newest,
            settled_at=None,
            settled_run=None,
            why="",
        )
        _note(remedy, What.CLAIMED, acting_user, words=f"Decided as remediated: {reason.strip()}"[:LONGEST], run=newest)
        words = f"{acting_user} decided that “{finding.title}” is remediated: the next run has to show it"
        _tell_owner(remedy, acting_user, words, f"decided:{newest.pk if newest else 0}")
    return remedy


def _work_of_decision(finding: Finding, reason: str, acting_user: User) -> Remedy:
    project = finding.run.pipeline.project
    held = Assignment.objects.filter(project=project, finding_key=finding.key).select_related("assignee").first()
    owner = held.assignee if held and held.assignee and may(held.assignee, Deed.SEE, project) else acting_user
    today = timezone.localdate()
    made = Remedy.objects.create(
        project=project, finding_key=finding.key, finding=finding, what=reason.strip()[:LONGEST], owner=owner, due_on=today,
        asked_by=acting_user,
    )  # fmt: skip
    _note(made, What.ASKED, acting_user, words=_given_to(owner, today))
    return made


@transaction.atomic
def drop_remedy(*, remedy: Remedy, reason: str, acting_user: User) -> None:
    """Give the work up; the finding stands as it did. Raises ValidationError without a reason, or for work that is over."""
    if not reason.strip():
        raise ValidationError({"reason": "Say why it is dropped."})
    held = _open(remedy, (*Remedy.TO_DO, State.CLAIMED))
    Remedy.objects.filter(pk=held.pk).update(state=State.DROPPED, dropped_at=timezone.now(), why=reason.strip())
    _note(held, What.DROPPED, acting_user, words=reason.strip())
    _tell_owner(held, acting_user, f"{acting_user} dropped work on “{held.finding.title}”", "dropped")


def _open(remedy: Remedy, states: tuple[str, ...]) -> Remedy:
    held = Remedy.objects.select_for_update(of=("self",)).select_related("finding__run__pipeline__project", "owner")
    found = held.get(pk=remedy.pk)
    if found.state not in states:
        raise ValidationError(f"This work is not open to that: {found.get_state_display().lower()}.")
    return found


@transaction.atomic
def settle_remedies(run: Run) -> int:
    """Hold a run's findings against the work on its pipeline; returns how many remedies it settled.

    Work that was claimed is proved or opened again; work that nobody claimed is proved when the run shows it; work that was
    proved is opened again when the run finds the thing anew. A run that can't tell says so in the history, and settles nothing.
    """
    held = shown_by(run).select_for_update(of=("self",))
    return sum(_settle(remedy, run, proof_by(remedy, run)) for remedy in held)


def _settle(remedy: Remedy, run: Run, proof: Proof) -> bool:
    if proof.done is None:
        if remedy.state == State.CLAIMED and not _noted(remedy, run, What.UNCLEAR):
            _note(remedy, What.UNCLEAR, None, words=proof.why, run=run)
            Remedy.objects.filter(pk=remedy.pk).update(why=proof.why)
        return False
    to = State.PROVED if proof.done else State.DISPROVED
    if remedy.state == to or (remedy.state == State.OPEN and not proof.done):
        return False
    fields = {"state": to, "settled_at": timezone.now(), "settled_run": run, "why": proof.why}
    Remedy.objects.filter(pk=remedy.pk).update(**fields)
    remedy.state = to
    _note(remedy, What.PROVED if proof.done else What.DISPROVED, None, words=proof.why, run=run)
    _tell_settled(remedy, run)
    remedy_settled(remedy, run)
    return True


def _noted(remedy: Remedy, run: Run, what: str) -> bool:
    return RemedyStep.objects.filter(remedy=remedy, run=run, what=what).exists()


def _tell_settled(remedy: Remedy, run: Run) -> None:
    done = remedy.state == State.PROVED
    words = f"Run {run.number} shows that it is done" if done else f"Run {run.number} still finds it: open again"
    decided = remedy.decisions.exists()
    for person in {remedy.owner, remedy.asked_by} | (set() if decided or not done else _deciders(remedy)):
        if may(person, Deed.SEE, remedy.project):
            tell(
                user=person, kind="remedy_settled", key=f"remedy:{remedy.pk}:{run.pk}:{remedy.state}",
                project=remedy.project, text=f"{words}: “{remedy.finding.title}”", address=f"/work/{remedy.pk}/",
            )  # fmt: skip


def _deciders(remedy: Remedy) -> set[User]:
    """Who decides findings of the project: the finding waits for them to say that it is remediated."""
    return {one for one in people_of_project(remedy.project) if may(one, Deed.DECIDE, remedy.project)}


def _tell_owner(remedy: Remedy, acting_user: User, words: str, step: str) -> None:
    if remedy.owner_id != acting_user.pk and may(remedy.owner, Deed.SEE, remedy.project):
        tell(
            user=remedy.owner, kind="remedy_asked", key=f"remedy:{remedy.pk}:{step}", project=remedy.project,
            text=words, address=f"/work/{remedy.pk}/",
        )  # fmt: skip


def _note(remedy: Remedy, step: str, person: User | None, *, words: str = "", run: Run | None = None) -> None:
    RemedyStep.objects.create(remedy=remedy, what=step, by=person, words=words, run=run)
    record(
        acting_user=person, action=f"remedy {step}", subject=remedy, project=remedy.project,
        finding=remedy.finding_key, words=words, run=run.pk if run else None,
    )  # fmt: skip
