"""Who may see and do what. The one place where permissions are decided; views and the admin only ask.

What a person may not see does not exist for them (Http404). What they see but may not do is refused in words
(PermissionDenied). What each role allows is the table in compliance.roles.
"""

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.shortcuts import get_object_or_404
from django.utils import timezone

from compliance.models import HouseRules, Membership, Project, User
from compliance.roles import EVERYWHERE, NOTHING, Deed, Deeds, deeds_by_program, deeds_of, roles_with


def administers_installation(user: User) -> bool:
    """Administrators and superusers, in person: people, projects and what the installation knows of providers."""
    return user.is_active and user.token_scopes is None and (user.is_superuser or user.role == User.Role.ADMINISTRATOR)


def _everywhere(user: User) -> str:
    return User.Role.ADMINISTRATOR if user.is_superuser else user.role


def _left_by_token(user: User) -> Deeds:
    """What the token that acts for the person leaves of their deeds; everything when they come in person."""
    return frozenset(Deed) if user.token_scopes is None else deeds_by_program(user.token_scopes)


def open_memberships(user: User) -> QuerySet[Membership]:
    """The person's memberships that have not ended; none for a closed account."""
    if not user.is_active:
        return Membership.objects.none()
    return Membership.objects.filter(Q(ends_at__isnull=True) | Q(ends_at__gt=timezone.now()), user=user)


def sees_everything(user: User) -> bool:
    """Legal, administrators and auditors of the installation see every project."""
    return user.is_active and Deed.SEE in EVERYWHERE.get(_everywhere(user), NOTHING) & _left_by_token(user)


def visible_projects(user: User) -> QuerySet[Project]:
    return projects_for(user, Deed.SEE)


def projects_for(user: User, deed: Deed) -> QuerySet[Project]:
    """The projects in which the person may do it."""
    if deed not in _left_by_token(user):
        return Project.objects.none()
    reached = Project.objects.all() if user.only_project_id is None else Project.objects.filter(pk=user.only_project_id)
    if user.is_active and deed in EVERYWHERE.get(_everywhere(user), NOTHING):
        return reached
    return reached.filter(pk__in=open_memberships(user).filter(role__in=roles_with(deed)).values("project"))


def get_project(user: User, slug: str) -> Project:
    """The project, if the person may see it; Http404 otherwise."""
    return get_object_or_404(visible_projects(user), slug=slug)


def deeds_in(user: User, project: Project) -> Deeds:
    """All that the person may do in the project. At most one query."""
    if not user.is_active or user.only_project_id not in (None, project.pk):
        return NOTHING
    standing = open_memberships(user).filter(project=project).values_list("role", flat=True).first()
    return deeds_of(_everywhere(user), standing) & _left_by_token(user)


def may(user: User, deed: Deed, project: Project) -> bool:
    return deed in deeds_in(user, project)


def may_run_audits(user: User, project: Project) -> bool:
    """Engineers of the project and administrators start, cancel and repeat audits."""
    return may(user, Deed.RUN, project)


def may_run_some_audits(user: User) -> bool:
    """Whether there is a project whose audits the person may run: what adding pipelines needs. One query at most."""
    return projects_for(user, Deed.RUN).exists()


def may_decide(user: User, project: Project) -> bool:
    """Legal decides findings: in the whole installation, or as reviewer of the project."""
    return may(user, Deed.DECIDE, project)


def may_decide_some(user: User) -> bool:
    """Whether there is a project whose findings the person decides. One query at most."""
    return projects_for(user, Deed.DECIDE).exists()


def may_edit_rules(user: User) -> bool:
    """Legal and administrators draft rules; the database asks for a second person to publish one."""
    in_person = user.is_active and user.token_scopes is None
    return administers_installation(user) or (in_person and user.role == User.Role.LEGAL)


def may_keep_clauses(user: User) -> bool:
    """Legal and administrators accept suggested clauses, and say what became of them in new versions."""
    return may_edit_rules(user)


def may_receive_texts(user: User) -> bool:
    """Legal and administrators say which text is the provider's, and from which day it is in force."""
    return may_edit_rules(user)


def may_answer_for_organisation(user: User) -> bool:
    """What holds for the whole organisation is said by legal and administrators."""
    return may_edit_rules(user)


def reads_whole_trail(user: User) -> bool:
    """Administrators, legal and auditors read what was done in the whole installation; a token for one project does not."""
    reads = user.is_active and Deed.READ_TRAIL in EVERYWHERE.get(_everywhere(user), NOTHING)
    return reads and user.only_project_id is None


def may_issue_policies(user: User) -> bool:
    """Whoever writes rules, decides findings or runs audits somewhere hands policies to gateways. Two queries at most."""
    in_person = user.token_scopes is None
    return in_person and (may_edit_rules(user) or may_decide_some(user) or may_run_some_audits(user))


def may_use_this_machine(user: User) -> bool:
    """Folders of the server and stand-ins at addresses it can reach: whoever runs it on their own machine, else administrators.

    A public installation would otherwise let any engineer read what the server's account can read.
    """
    return not settings.PRODUCTION or administers_installation(user)


def needs_second_factor(user: User, who: str) -> bool:
    """Whether the house rules ask this person for one; `who`: one of HouseRules.SecondFactor. One query at most."""
    if who == HouseRules.SecondFactor.EVERYBODY:
        return True
    if who == HouseRules.SecondFactor.NOBODY:
        return False
    staff = user.is_superuser or user.is_staff or user.role != User.Role.MEMBER
    trusted = roles_with(Deed.DECIDE) | roles_with(Deed.APPROVE) | roles_with(Deed.ADMINISTER)
    return staff or open_memberships(user).filter(role__in=trusted).exists()


def require(allowed: bool, sentence: str) -> None:
    """Raise PermissionDenied with a sentence that says who may do it."""
    if not allowed:
        raise PermissionDenied(sentence)
