"""Who sees to a finding and until when; filters kept under a name."""

import datetime as dt
from collections.abc import Sequence

from django.core.exceptions import ValidationError
from django.db import transaction

from audits.models import Assignment, Finding, SavedView
from compliance.access import visible_projects
from compliance.actions.trail import record
from compliance.models import User

MOST_VIEWS = 40


@transaction.atomic
def assign(*, findings: Sequence[Finding], assignee: User | None, due_on: dt.date | None, acting_user: User) -> None:
    """Have somebody see to findings, in every run of their projects; all of them, or none.

    Raises ValidationError when none is given, or when the person does not see one of the projects.
    """
    if not findings:
        raise ValidationError("Choose at least one finding.")
    projects = {finding.run.pipeline.project for finding in findings}
    if assignee is not None:
        open_to = set(visible_projects(assignee).values_list("pk", flat=True))
        for project in sorted(projects, key=str):
            if project.pk not in open_to:
                raise ValidationError({"assignee": f"{assignee} does not belong to {project}."})
    for finding in findings:
        project = finding.run.pipeline.project
        Assignment.objects.update_or_create(
            project=project,
            finding_key=finding.key,
            defaults={"assignee": assignee, "due_on": due_on, "assigned_by": acting_user},
        )
        record(
            acting_user=acting_user, action="finding assigned", subject=finding, project=project,
            to=assignee.username if assignee else "", due=due_on.isoformat() if due_on else "",
        )  # fmt: skip


@transaction.atomic
def keep_view(
    *, name: str, query: str, acting_user: User, place: str = SavedView.Place.FINDINGS
) -> SavedView:  # fmt: skip
    """Keep a filter under a name; the same name is kept anew. Raises ValidationError beyond MOST_VIEWS."""
    held = SavedView.objects.filter(user=acting_user, place=place)
    if held.exclude(name=name).count() >= MOST_VIEWS:
        raise ValidationError(f"At most {MOST_VIEWS} views are kept. Remove one first.")
    view, _ = held.update_or_create(user=acting_user, place=place, name=name, defaults={"query": query})
    return view
