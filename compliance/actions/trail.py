"""The audit trail: one line for each change, in the change's own transaction."""

from typing import Any

from django.db.models import Model

from compliance.actions.library_changes import note_change
from compliance.models import Project, TrailEntry, User


def record(
    *, acting_user: User | None, action: str, subject: Model, project: Project | None = None, **detail: Any
) -> TrailEntry:
    """Write one line of the trail. `acting_user` None is the system itself. Call it inside the change's transaction.

    What verdicts rest on is noted as changed too, so that what was recorded is judged anew (see library_changes).
    """
    note_change(acting_user=acting_user, action=action, subject=subject)
    return TrailEntry.objects.create(
        user=acting_user,
        action=action,
        object_type=subject._meta.label_lower,
        object_id=str(subject.pk),
        object_label=str(subject)[:200],
        project=project,
        detail=detail,
    )
