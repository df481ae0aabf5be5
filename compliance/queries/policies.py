"""Policies that were handed out, and what they would say today."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone

from compliance.access import visible_projects
from compliance.engine.portfolio import Cell
from compliance.models import IssuedPolicy, User
from compliance.queries.portfolio import Question, portfolio


@dataclass(frozen=True)
class Change:
    """A cell whose state is another today, or that rests on other rules; `was` and `now` are "" for a way that is new or gone."""

    way: str
    purpose: str
    was: str
    now: str
    was_by: str
    now_by: str


def visible_policies(user: User, digest: str = "") -> QuerySet[IssuedPolicy]:
    """Policies for the organisation and for projects that the person sees; with the beginning of a hash, those that bear it."""
    seen = IssuedPolicy.objects.filter(Q(project=None) | Q(project__in=visible_projects(user)))
    if digest:
        hashes = ("rulebook_sha256", "matrix_sha256", "content_sha256")
        bears = Q()
        for name in hashes:
            bears |= Q(**{f"{name}__startswith": digest})
        seen = seen.filter(bears)
    return seen.select_related("made_by", "project")


def question_of(policy: IssuedPolicy, on: dt.date) -> Question:
    """What the policy's matrix was asked, for another day."""
    asked: Mapping[str, Any] = policy.asked
    return Question(
        on=on, shown=asked["shown"], provider=asked["provider"], served_by=asked["served_by"], facts=asked["facts"],
        agreements=asked["agreements"], project_id=policy.project_id, purposes=tuple(policy.purposes),
    )  # fmt: skip


def changes_since(policy: IssuedPolicy, today: dt.date | None = None) -> list[Change]:
    """Cells that would be otherwise if the policy were made today. About a dozen queries."""
    found = portfolio(question_of(policy, today or timezone.localdate()))
    now = {(one.way.key, one.activity): one for one in found.cells}
    was = {(way, purpose): told for way, cells in policy.matrix.items() for purpose, told in cells.items()}
    return [
        Change(
            *key, was.get(key, {}).get("state", ""), now[key].state.value if key in now else "",
            was.get(key, {}).get("brief", ""), now[key].brief if key in now else "",
        )
        for key in dict.fromkeys((*was, *now))
        if _differs(was.get(key), now.get(key))
    ]  # fmt: skip


def _differs(was: Mapping[str, Any] | None, now: Cell | None) -> bool:
    return was is None or now is None or was["state"] != now.state.value or was["brief"] != now.brief
