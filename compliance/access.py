"""Who may see and do what. The one place where permissions are decided; views and the admin only ask.

What a person may not see does not exist for them (Http404). What they see but may not do is refused in words
(PermissionDenied).
"""

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404

from compliance.models import Membership, Project, User


def sees_everything(user: User) -> bool:
    """Legal and administrators see every project."""
    return _administers(user) or (user.is_active and user.role == User.Role.LEGAL)


def _administers(user: User) -> bool:
    return user.is_active and (user.is_superuser or user.role == User.Role.ADMINISTRATOR)


def visible_projects(user: User) -> QuerySet[Project]:
    if sees_everything(user):
        return Project.objects.all()
    return Project.objects.filter(memberships__user=user) if user.is_active else Project.objects.none()


def get_project(user: User, slug: str) -> Project:
    """The project, if the person may see it; Http404 otherwise."""
    return get_object_or_404(visible_projects(user), slug=slug)


def _member_role(user: User, project: Project) -> str | None:
    return Membership.objects.filter(user=user, project=project).values_list("role", flat=True).first()


def may_run_audits(user: User, project: Project) -> bool:
    """Engineers of the project and administrators start, cancel and repeat audits."""
    if _administers(user):
        return True
    return user.is_active and _member_role(user, project) == Membership.Role.ENGINEER


def may_run_some_audits(user: User) -> bool:
    """Whether there is a project whose audits the person may run: what adding pipelines needs. One query at most."""
    if user.is_superuser or user.role == User.Role.ADMINISTRATOR:
        return Project.objects.exists()
    return Membership.objects.filter(user=user, role=Membership.Role.ENGINEER).exists()


def may_decide(user: User, project: Project) -> bool:
    """Legal decides findings: in the whole installation, or as legal member of the project."""
    legal = user.role == User.Role.LEGAL or _member_role(user, project) == Membership.Role.LEGAL
    return user.is_active and legal


def may_edit_rules(user: User) -> bool:
    """Legal and administrators draft rules; the database asks for a second person to publish one."""
    return sees_everything(user)


def may_keep_clauses(user: User) -> bool:
    """Legal and administrators accept suggested clauses, and say what became of them in new versions."""
    return sees_everything(user)


def may_receive_texts(user: User) -> bool:
    """Legal and administrators say which text is the provider's, and from which day it is in force."""
    return sees_everything(user)


def may_use_this_machine(user: User) -> bool:
    """Folders of the server and stand-ins at addresses it can reach: whoever runs it on their own machine, else administrators.

    A public installation would otherwise let any engineer read what the server's account can read.
    """
    return not settings.PRODUCTION or _administers(user)


def require(allowed: bool, sentence: str) -> None:
    """Raise PermissionDenied with a sentence that says who may do it."""
    if not allowed:
        raise PermissionDenied(sentence)
