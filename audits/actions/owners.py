"""Saying who is behind accounts, keys and users that logs name; and taking it back."""

import datetime as dt
from collections.abc import Iterable

from django.db import transaction

from audits.models import AccountOwner
from compliance.actions.trail import record
from compliance.models import Project, User


@transaction.atomic
def say_owners(
    *,
    project: Project,
    named: Iterable[tuple[str, str]],
    acting_user: User | None,
    served_by: str = "",
    team: str = "",
    person: str = "",
    works_for: Project | None = None,
    region: str = "",
    first_day: dt.date | None = None,
    last_day: dt.date | None = None,
) -> int:
    """Say of each (field, pattern) whose it is; tells how many. Raises ValueError when nobody is named."""
    if not (team or person or works_for):
        raise ValueError("say which team, person or project it belongs to")
    made = [
        AccountOwner.objects.create(
            project=project, field=field, pattern=pattern[:160], served_by=served_by, team=team, person=person,
            works_for=works_for, region=region.upper(), first_day=first_day, last_day=last_day, created_by=acting_user,
        )
        for field, pattern in named
    ]  # fmt: skip
    for owner in made:
        record(acting_user=acting_user, action="account mapped", subject=owner, project=project, pattern=owner.pattern)
    return len(made)


@transaction.atomic
def take_back(*, owner: AccountOwner, acting_user: User | None) -> None:
    """Say no longer whose it is; the trail keeps that it was said."""
    record(
        acting_user=acting_user,
        action="account no longer mapped",
        subject=owner,
        project=owner.project,
        pattern=owner.pattern,
    )
    owner.delete()
