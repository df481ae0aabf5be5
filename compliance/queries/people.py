"""Reads about people: projects with their members, and the lines of the trail."""

import datetime as dt

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from compliance.models import Membership, Project, TrailEntry, User


def with_members(projects: QuerySet[Project], user: User) -> QuerySet[Project]:
    """Projects with the number of open memberships (`members`) and the person's own role (`standing`)."""
    now = timezone.now()
    still = Q(memberships__ends_at__isnull=True) | Q(memberships__ends_at__gt=now)
    mine = Membership.objects.filter(project=OuterRef("pk"), user=user).filter(
        Q(ends_at__isnull=True) | Q(ends_at__gt=now)
    )
    return projects.annotate(
        members=Count("memberships", filter=still, distinct=True), standing=Subquery(mine.values("role")[:1])
    ).order_by("name")


def members_of(project: Project) -> list[Membership]:
    """The project's members, those that ended last; each with its person."""
    members = project.memberships.select_related("user").order_by("user__username")
    now = timezone.now()
    return sorted(members, key=lambda one: bool(one.ends_at and one.ends_at <= now))


def trail_of(
    project: Project | None, *, action: str = "", person: str = "", first: dt.date | None = None, last: dt.date | None = None,
    words: str = "",
) -> QuerySet[TrailEntry]:  # fmt: skip
    """The lines of one project's trail, or (None) of the whole installation's, newest first, narrowed.

    `words` are looked for in what was changed, in how, and in the detail.
    """
    lines = TrailEntry.objects.select_related("user", "project")
    lines = lines.filter(project=project) if project else lines
    if action:
        lines = lines.filter(action=action)
    if person:
        lines = lines.filter(user_id=int(person))
    if first:
        lines = lines.filter(at__date__gte=first)
    if last:
        lines = lines.filter(at__date__lte=last)
    told = Q(object_label__icontains=words) | Q(action__icontains=words) | Q(detail__icontains=words)
    return lines.filter(told) if words else lines
