"""Whom findings are given to, and who is told of things."""

from django.db.models import Q, QuerySet
from django.utils import timezone

from compliance.models import Project, User
from compliance.roles import Deed, roles_with

_EVERYWHERE = (User.Role.LEGAL, User.Role.ADMINISTRATOR)


def people_of(projects: QuerySet[Project]) -> QuerySet[User]:
    """People with an open account who may be given a finding of these projects: members, legal and administrators."""
    now = timezone.now()
    open_membership = Q(memberships__ends_at__isnull=True) | Q(memberships__ends_at__gt=now)
    members = Q(memberships__project__in=projects, memberships__role__in=roles_with(Deed.COMMENT)) & open_membership
    return User.objects.filter(members | Q(role__in=_EVERYWHERE), is_active=True).distinct().order_by("username")


def people_of_project(project: Project) -> QuerySet[User]:
    """The same for one project."""
    return people_of(Project.objects.filter(pk=project.pk))
