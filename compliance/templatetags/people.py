"""Words for people's roles."""

import datetime as dt

from django import template

from compliance.access import may
from compliance.ends import last_day_of
from compliance.models import Membership, Project, User
from compliance.roles import Deed

register = template.Library()
_WORDS = {value: str(words).partition(":")[0] for value, words in Membership.Role.choices}


@register.filter
def role_word(role: str) -> str:
    """A role in a project in a word or two: "Engineer", "Outside counsel"."""
    return _WORDS.get(role, role)


@register.filter
def administers(person: User, project: Project) -> bool:
    """Whether the person keeps the project: its people and its webhooks. One query at most."""
    return may(person, Deed.ADMINISTER, project)


@register.filter
def has_ended(membership: Membership, now: dt.datetime) -> bool:
    """Whether the membership is over."""
    return bool(membership.ends_at and membership.ends_at <= now)


@register.filter
def last_day(membership: Membership) -> str:
    """The last whole day of a membership, as a date field takes it; empty for an open one."""
    if membership.ends_at is None:
        return ""
    return last_day_of(membership.ends_at).isoformat()
