"""Who is behind the accounts, keys and users that logs name, and which of them nobody has said anything of."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Max, Min, QuerySet, Sum

from audits.ingest.owners import Owner, Owners
from audits.ingest.titles import BILLS
from audits.models import AccountOwner, Import, SenderDay
from compliance.models import Project

MOST_SENDERS = 50_000


def owners_of(projects: QuerySet[Project]) -> Owners:
    """What was said of whatever logs of these projects name. One query."""
    said = AccountOwner.objects.filter(project__in=projects).values_list(
        "pk", "field", "pattern", "served_by", "team", "person", "works_for__name", "region", "first_day", "last_day"
    )
    return Owners(
        Owner(pk, field, pattern, served_by, team, person, works_for or "", region, first, last)
        for pk, field, pattern, served_by, team, person, works_for, region, first, last in said
    )


@dataclass(frozen=True)
class Sender:
    """An account, user and key together, as logs name them, and what came with them in a period."""

    served_by: str
    account: str
    person: str
    key: str
    calls: int
    tokens: int
    first_at: dt.datetime
    last_at: dt.datetime
    owner: Owner | None

    @property
    def token(self) -> str:
        """What a form sends to name it: the most telling of its names."""
        field = "key" if self.key else "person" if self.person else "account"
        return f"{field}:{getattr(self, field)}"


def senders(
    project: Project, first: dt.date, last: dt.date, served_by: str = "", *, bills: bool = True, repeated: bool = True
) -> list[Sender]:
    """Whoever is named in the project's logs (and bills) from `first` to `last` (UTC), most calls first. Three queries.

    `repeated`: with calls that another log's entry counts, for whoever asks which names there are rather than how many calls.
    """
    owners = owners_of(Project.objects.filter(pk=project.pk))
    days = _days(project, first, last)
    if not bills:
        days = days.exclude(pipeline__in=Import.objects.filter(source__in=BILLS).values("pipeline"))
    if not repeated:
        days = days.filter(repeated=False)
    if served_by:
        days = days.filter(served_by=served_by)
    names = ("served_by", "account", "person", "key_hint")
    groups = days.values(*names).annotate(**_SUMS).order_by("-n", "key_hint", *names[:3])
    return [_sender(group, owners) for group in groups[:MOST_SENDERS]]


_SUMS: dict[str, Any] = {
    "n": Sum("calls"), "told": Sum("entries"), "tokens_in": Sum("input_tokens"), "tokens_out": Sum("output_tokens"),
    "first": Min("first_at"), "last": Max("last_at"),
}  # fmt: skip


def _days(project: Project, first: dt.date, last: dt.date) -> QuerySet[SenderDay]:
    logs = project.pipelines.filter(origin="import").values("pk")
    return SenderDay.objects.filter(pipeline__in=logs, day__range=(first, last)).order_by()


def _sender(group: dict[str, Any], owners: Owners) -> Sender:
    owner = owners.of(group["served_by"], group["account"], group["person"], group["key_hint"], group["last"].date())
    return Sender(
        group["served_by"], group["account"], group["person"], group["key_hint"], group["n"] or group["told"],
        group["tokens_in"] + group["tokens_out"], group["first"], group["last"], owner,
    )  # fmt: skip


def logged_by(projects: Iterable[Project], first: dt.date, last: dt.date, served_by: str) -> list[Sender]:
    """Who the calls in logs of these projects were by, each call once. Three queries for each project."""
    return [
        one for project in projects for one in senders(project, first, last, served_by, bills=False, repeated=False)
    ]


def by_owner(found: list[Sender]) -> list[dict[str, Any]]:
    """Calls and tokens of each owner, most tokens first; what nobody has said anything of comes as one, with owner ""."""
    sums: dict[str, dict[str, Any]] = {}
    for one in found:
        label = one.owner.label if one.owner else ""
        row = sums.setdefault(label, {"owner": label, "calls": 0, "tokens": 0, "senders": 0})
        row["calls"] += one.calls
        row["tokens"] += one.tokens
        row["senders"] += 1
    return sorted(sums.values(), key=lambda row: (-row["tokens"], -row["calls"], row["owner"]))
