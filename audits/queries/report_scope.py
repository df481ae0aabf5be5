"""Which runs a report is about: from what was asked, among the projects that the person who asks has reports made of."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import QuerySet

from audits.models import Run
from compliance.models import Project, Provider

UTC_DAY: Final = "started_at__date"
MOST_NAMED: Final = 3


class OutOfReach(LookupError):
    """What was asked for does not exist for this person. `field` names where it was asked, as in scope.ids."""

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(f"{field}: {sentence}")
        self.field, self.sentence = field, sentence


@dataclass(frozen=True)
class Reach:
    """Runs, newest last; the projects that they may come from; the providers that it is narrowed to; and what to call it."""

    runs: QuerySet[Run]
    projects: tuple[Project, ...]
    providers: tuple[str, ...]
    title: str


def reach(scope: Mapping[str, Any], among: QuerySet[Project]) -> Reach:
    """Follow {kind, ids, from, to}, as audits.reporting.options writes it. At most three queries; runs are not read yet.

    Of several runs, those count that completed and are no replays. Raises OutOfReach.
    """
    ids = [str(one) for one in scope.get("ids") or ()]
    if scope["kind"] == "run":
        return _one_run(ids[0], among)
    projects, providers = _projects(scope["kind"], ids, among), _providers(scope["kind"], ids)
    runs = Run.objects.filter(pipeline__project__in=projects, state=Run.State.COMPLETED, replay={})
    runs = _on_days(runs, scope)
    if scope["kind"] == "student":
        runs = runs.filter(student__name__in=[one.partition("/")[2] for one in ids])
    if providers:
        runs = runs.filter(signatures__provider__in=[slug for slug, _ in providers]).distinct()
    title = _title(scope, projects, [name for _, name in providers], ids)
    return Reach(runs.order_by("pk"), projects, tuple(slug for slug, _ in providers), title)


def _one_run(pk: str, among: QuerySet[Project]) -> Reach:
    runs = Run.objects.filter(pk=int(pk), pipeline__project__in=among).select_related("pipeline__project")
    run = runs.first()
    if run is None:
        raise OutOfReach("scope.ids", f"there is no run {pk} that you have reports made of")
    return Reach(runs, (run.pipeline.project,), (), f"{run.pipeline.name}, run {run.number}")


def _on_days(runs: QuerySet[Run], scope: Mapping[str, Any]) -> QuerySet[Run]:
    """Runs that began from the first day to the last, in UTC."""
    first, last = scope.get("from"), scope.get("to")
    if first:
        runs = runs.filter(started_at__gte=dt.datetime.combine(dt.date.fromisoformat(first), dt.time(), dt.UTC))
    if last:
        after = dt.date.fromisoformat(last) + dt.timedelta(days=1)
        runs = runs.filter(started_at__lt=dt.datetime.combine(after, dt.time(), dt.UTC))
    return runs


def _projects(kind: str, ids: list[str], among: QuerySet[Project]) -> tuple[Project, ...]:
    named = {"project": ids, "period": ids, "student": [one.partition("/")[0] for one in ids]}.get(kind, [])
    wanted = list(dict.fromkeys(named))
    found = tuple((among.filter(slug__in=wanted) if wanted else among).order_by("name", "pk"))
    missing = set(wanted) - {project.slug for project in found}
    if missing or not found:
        what = f"no project {sorted(missing)[0]}" if missing else "no project"
        raise OutOfReach("scope.ids", f"there is {what} that you have reports made of")
    return found


def _providers(kind: str, ids: list[str]) -> list[tuple[str, str]]:
    if kind != "provider":
        return []
    known = dict(Provider.objects.filter(slug__in=ids).values_list("slug", "name"))
    return [(slug, known.get(slug, slug)) for slug in ids]


def _title(scope: Mapping[str, Any], projects: tuple[Project, ...], providers: list[str], ids: list[str]) -> str:
    kind = scope["kind"]
    what = {
        "project": lambda: _named([one.name for one in projects]),
        "student": lambda: _named([one.partition("/")[2] for one in ids]),
        "provider": lambda: f"Use of {_named(providers)}",
        "period": lambda: _named([one.name for one in projects]) if ids else "All projects",
    }.get(kind, lambda: "The whole organisation")()
    days = [scope.get("from"), scope.get("to")]
    if all(days):
        what += f", {_day(days[0])} to {_day(days[1])}"
    elif any(days):
        what += f", from {_day(days[0])}" if days[0] else f", until {_day(days[1])}"
    return what[:300]


def _named(names: list[str]) -> str:
    shown = names if len(names) <= MOST_NAMED else [*names[: MOST_NAMED - 1], f"{len(names) - MOST_NAMED + 1} more"]
    return " and ".join(filter(None, [", ".join(shown[:-1]), *shown[-1:]]))


def _day(iso: Any) -> str:
    day = dt.date.fromisoformat(str(iso))
    return f"{day.day} {day:%B %Y}"
