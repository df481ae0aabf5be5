"""Looking for patterns of extraction in what was recorded and logged of a project in a period."""

import datetime as dt
import heapq
import re
from collections.abc import Iterator

from django.db.models import Exists, Max, OuterRef, Q, Subquery
from django.utils import timezone

from audits.actions.patterns import keep_reading, request_reading
from audits.ingest.owners import Owners, sender
from audits.models import ModelCall, PatternReading, Run, SameCall, UsageEntry
from audits.patterns.calls import Call
from audits.patterns.reading import Reading
from audits.queries.owners import owners_of
from compliance.models import Project

BY_ITSELF_DAYS = 30
_CHUNK = 5000
_REGION = re.compile(r"bedrock(?:-runtime)?\.([a-z0-9-]+)\.|^([a-z0-9-]+)-aiplatform\.")


def read_patterns(reading_id: int) -> PatternReading:
    """Look over a reading's period and keep what it shows. May be repeated: the second time gives the same."""
    reading = PatternReading.objects.select_related("project").get(pk=reading_id)
    looked = _Look(reading)
    keep_reading(
        reading,
        looked.found.indicators(looked.homes, looked.known),
        recorded=looked.recorded,
        logged=looked.logged,
        wordless=looked.found.wordless,
        accounts=len(looked.found.senders),
    )
    reading.refresh_from_db()
    return reading


class _Look:
    """One pass over both kinds of calls, in the order of their time."""

    def __init__(self, reading: PatternReading) -> None:
        project = reading.project
        self._begin, self._end = _midnight(reading.first_day), _midnight(reading.last_day + dt.timedelta(days=1))
        self._owners: Owners = owners_of(Project.objects.filter(pk=project.pk))
        self.recorded = self.logged = 0
        self.homes: dict[str, str] = {}
        self.known: set[str] = set()
        calls = heapq.merge(self._recorded(project), self._logged(project), key=lambda call: call.at)
        self.found = Reading().take(calls)

    def _recorded(self, project: Project) -> Iterator[Call]:
        period = Q(at__gte=self._begin, at__lt=self._end)
        calls = ModelCall.objects.filter(period, run__pipeline__project=project, simulated=False)
        columns = (
            "at",
            "run__pipeline__name",
            "request_model",
            "prompt_excerpt",
            "exchange_id",
            "status",
            "failed",
            "host",
            "operation",
        )
        for at, name, model, prompt, exchange, status, failed, host, operation in (
            calls.order_by("at", "id").values_list(*columns).iterator(_CHUNK)
        ):
            self.recorded += 1
            asked = _asked(prompt, operation)
            yield Call(
                at.timestamp(), f"{name}, under audit", model, asked, ("call", exchange), status, failed, _region(host)
            )

    def _logged(self, project: Project) -> Iterator[Call]:
        period = Q(at__gte=self._begin, at__lt=self._end)
        logs = list(project.pipelines.filter(origin="import").values_list("pk", flat=True))
        entries = UsageEntry.objects.filter(period, pipeline__in=logs, kind=UsageEntry.Kind.CALL)
        entries = entries.exclude(Exists(SameCall.objects.filter(entry=OuterRef("pk"), apart=False)))
        columns = (
            "at", "account", "person", "key_hint", "served_by", "request_model", "prompt_excerpt", "id", "status", "failed",
            "host", "operation",
        )  # fmt: skip
        for row in entries.order_by("at", "id").values_list(*columns).iterator(_CHUNK):
            self.logged += 1
            yield self._call(*row)

    def _call(
        self, at: dt.datetime, account: str, person: str, key: str, served_by: str, model: str, prompt: str, entry: int,
        status: int | None, failed: bool, host: str, operation: str,
    ) -> Call:  # fmt: skip
        name = sender(account, person, key)
        owner = self._owners.of(served_by, account, person, key, at.date())
        if owner is not None:
            self.known.add(name)
            if owner.region:
                self.homes[name] = owner.region
        asked = _asked(prompt, operation)
        return Call(at.timestamp(), name, model, asked, ("entry", entry), status, failed, _region(host))


# What these are given is no task that is asked of a model, but what it is to be done with: indexing a firm's source code would
# be a focus on coding.
_ASK_NOTHING = frozenset(
    ("embeddings", "rerank", "moderation", "speech", "transcription", "file_upload", "count_tokens")
)


def _asked(prompt: str, operation: str) -> str:
    return "" if operation in _ASK_NOTHING else prompt


def _region(host: str) -> str:
    found = _REGION.search(host) if host else None
    return next((part for part in found.groups() if part), "") if found else ""


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), dt.UTC)


def read_what_is_new() -> list[int]:
    """Readings of the last 30 days for each project that recorded or imported something since it was last looked at."""
    made = []
    newest = Run.objects.order_by().values("pipeline__project").annotate(at=Max("finished_at"))
    since = {row["pipeline__project"]: row["at"] for row in newest if row["at"]}
    for project in Project.objects.filter(pk__in=since):
        last = PatternReading.objects.filter(project=project).aggregate(last=Max("requested_at"))["last"]
        day = latest_call_day(project)
        if day is None or (last is not None and last >= since[project.pk]):
            continue
        first = day - dt.timedelta(days=BY_ITSELF_DAYS - 1)
        made.append(request_reading(project=project, first_day=first, last_day=day, acting_user=None).pk)
    return made


def latest_call_day(project: Project) -> dt.date | None:
    """The last day of which the project has a call; None without any. Two queries."""
    known = UsageEntry.objects.filter(pipeline=OuterRef("pk"), at__lte=timezone.now() + dt.timedelta(days=1))
    latest = known.order_by("-at").values("at")[:1]  # by the index on its log and the time
    logged = project.pipelines.filter(origin="import").annotate(at=Subquery(latest))
    newest = ModelCall.objects.filter(run=OuterRef("pk")).order_by("-id").values("at")[:1]  # by the index on its run
    recorded = Run.objects.filter(pipeline__project=project).annotate(at=Subquery(newest))
    days = [found.aggregate(last=Max("at"))["last"] for found in (logged, recorded)]
    return max((day.date() for day in days if day), default=None)
