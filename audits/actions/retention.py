"""How long a project's evidence is kept, holds on it, and who looked at it."""

from django.db import transaction
from django.utils import timezone

from audits.models import LegalHold, Look, Retention, Run
from compliance.actions.trail import record
from compliance.models import Project, User


@transaction.atomic
def set_retention(
    *, project: Project, acting_user: User | None, content_days: int | None, metadata_days: int | None
) -> Retention:
    """Say after how many days contents and metadata are erased; None: never. Takes effect with the next hourly look."""
    before = Retention.objects.filter(project=project).values("content_days", "metadata_days").first()
    fields = {"content_days": content_days, "metadata_days": metadata_days}
    retention, _ = Retention.objects.update_or_create(project=project, defaults={**fields, "set_by": acting_user})
    record(acting_user=acting_user, action="retention set", subject=retention, project=project, before=before, **fields)
    return retention


@transaction.atomic
def place_hold(*, project: Project, acting_user: User | None, reason: str) -> LegalHold:
    """Block every erasure of the project's evidence until the hold is lifted. Waits for an erasure that is under way."""
    Project.objects.select_for_update().get(pk=project.pk)
    hold = LegalHold.objects.create(project=project, reason=reason, placed_by=acting_user)
    record(acting_user=acting_user, action="legal hold placed", subject=hold, project=project, reason=reason)
    return hold


@transaction.atomic
def lift_hold(*, hold: LegalHold, acting_user: User | None, because: str) -> bool:
    """Lift a hold; False when it was lifted before."""
    lifted = LegalHold.objects.filter(pk=hold.pk, lifted_at=None).update(
        lifted_by=acting_user, lifted_at=timezone.now(), lifted_because=because
    )
    if lifted:
        record(acting_user=acting_user, action="legal hold lifted", subject=hold, project=hold.project, because=because)
    return bool(lifted)


def note_look(
    *, acting_user: User | None, what: str, project: Project, subject: str, run: Run | None = None, sha256: str = "",
    address: str = "",
) -> Look:  # fmt: skip
    """Put on record that somebody reads or takes away evidence. Called before it is given out."""
    return Look.objects.create(
        user=acting_user,
        what=what,
        project=project,
        run=run,
        subject=subject[:300],
        sha256=sha256,
        address=address[:64],
    )
