"""Recorded uses as they were judged, read back with the facts that were observed, to be judged again; never the calls."""

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.db.models import Exists, F, OuterRef, QuerySet, Sum

from audits.matching.answers import Answers
from audits.matching.facts import ACTIVITY_OF_PURPOSE, RecordedUse, Stated
from audits.models import AssessedUse, Run, UsageSignature
from compliance.engine.catalogue import resolve_model
from compliance.engine.facts import Fact
from compliance.engine.library import Library

# People say these; everything else that a stored use knows was seen by the recorder or told by its host.
STATED = ("student.", "organisation.")
OBSERVED_OF_STUDENT = ("student.trained_at_provider",)
COLUMNS = (
    "id", "run_id", "provider", "served_by", "model", "activity", "first_on", "last_on", "calls", "rows", "outcome",
    "facts", "simulated", "days", "law_sha256",
)  # fmt: skip


@dataclass(frozen=True)
class StoredUse:
    """One use as the database has it. `days`: calls on each day; `law_sha256`: see matching.verdicts."""

    id: int
    run_id: int
    provider: str
    served_by: str
    model: str
    activity: str
    first_on: dt.date
    last_on: dt.date
    calls: int
    rows: int
    outcome: str
    facts: Mapping[str, Mapping[str, Any]]
    simulated: bool
    days: Mapping[str, int]
    law_sha256: str

    @property
    def observed(self) -> dict[str, Fact]:
        """What the run itself showed of it: no word of audit.toml on the student, no answer, no day."""
        return {path: _fact(entry) for path, entry in self.facts.items() if path != "on" and not _stated(path)}


def _stated(path: str) -> bool:
    return path.startswith(STATED) and path not in OBSERVED_OF_STUDENT


def _fact(entry: Mapping[str, Any]) -> Fact:
    return Fact(entry["value"], entry["source"], entry.get("by") or "", entry.get("note") or "")


def judged_runs(projects: Iterable[int] | None = None) -> QuerySet[Run]:
    """The runs that have judged uses, whatever became of them; of some projects only, when they are named."""
    judged = AssessedUse.objects.filter(run=OuterRef("pk"))
    runs = Run.objects.filter(Exists(judged)).exclude(state__in=Run.ACTIVE)
    if projects is not None:
        runs = runs.filter(pipeline__project__in=list(projects))
    return (
        runs.defer("manifest_text", "scan", "prompts", "summary")
        .select_related("pipeline__project", "requested_by")
        .order_by("id")
    )


def stored_uses(runs: Iterable[Run], uses: Iterable[int] | None = None) -> dict[int, list[StoredUse]]:
    """The judged uses of runs as they stand, by run; without the answers, which are long. Two queries at most.

    `uses`: only these (ids), where some are asked for.
    """
    chosen = AssessedUse.objects.filter(run__in=[run.pk for run in runs])
    if uses is not None:
        chosen = chosen.filter(pk__in=list(uses))
    rows = [StoredUse(*row) for row in chosen.order_by("run_id", "id").values_list(*COLUMNS)]
    made = _made({row.run_id for row in rows if not row.days})
    found: defaultdict[int, list[StoredUse]] = defaultdict(list)
    for use in rows:
        found[use.run_id].append(use if use.days else replace(use, days=_days(use, made[_alike(use)])))
    return dict(found)


_Alike = tuple[int, str, str, str, str, bool]
_Made = Mapping[_Alike, Mapping[dt.date, int]]


def _made(runs: Collection[int]) -> _Made:
    """Calls that did not fail on each day, by what uses have in common, from the roll-up of the runs' calls. One query."""
    found: defaultdict[_Alike, Counter[dt.date]] = defaultdict(Counter)
    columns = ("run_id", "provider", "served_by", "model", "simulated", "operation", "purpose", "day")
    if not runs:
        return found
    rows = UsageSignature.objects.filter(run__in=runs).order_by().values_list(*columns)
    counted = rows.annotate(made=Sum(F("calls") - F("failed")))
    for run, provider, served_by, model, simulated, operation, purpose, day, made in counted:
        for activity in _activities(operation, purpose):
            found[run, provider, served_by, model, activity, simulated][day] += made
    return found


def _activities(operation: str, purpose: str) -> set[str]:
    """What calls of that operation and purpose may count for: those of an API for fine-tuning may have a purpose besides."""
    by_purpose = {activity for one, activity in ACTIVITY_OF_PURPOSE.items() if one == purpose}
    return by_purpose | ({"fine_tune_weights"} if operation == "fine_tune" else set())


def _alike(use: StoredUse) -> _Alike:
    return use.run_id, use.provider, use.served_by, use.model, use.activity, use.simulated


def _days(use: StoredUse, made: Mapping[dt.date, int]) -> dict[str, int]:
    """Days of a use that was judged before days were kept: those of its calls; its first day when nothing tells them."""
    told = {day.isoformat(): n for day, n in sorted(made.items()) if n and use.first_on <= day <= use.last_on}
    return told or {use.first_on.isoformat(): use.calls}


class Reader:
    """Turns stored uses of one run into uses to judge, by what is known now: answers and catalogue included."""

    def __init__(self, run: Run, library: Library, answers: Answers) -> None:
        self._stated = Stated(run, answers)
        self.student = self._stated.student
        self._library = library

    def uses(self, stored: StoredUse) -> Iterator[RecordedUse]:
        """One use for each day of the stored one."""
        provider, known = self._developer(stored)
        on = _fact(stored.facts["on"]) if "on" in stored.facts else Fact(stored.first_on, "observed")
        for text, calls in stored.days.items():
            day = dt.date.fromisoformat(text)
            facts = {
                "on": replace(on, value=day),
                **known,
                **self._stated.facts(provider, day),
            }
            yield RecordedUse(
                provider, stored.served_by, stored.model, stored.activity, day, calls, 0, stored.simulated, facts
            )

    def _developer(self, stored: StoredUse) -> tuple[str, dict[str, Fact]]:
        """Who developed the model: as recorded, unless nobody knew then, or a person has corrected it since."""
        observed = stored.observed
        identity = resolve_model(stored.model, stored.provider, self._library) if stored.model else None
        if identity is None or not identity.developer or identity.developer == stored.provider:
            return stored.provider, observed
        if stored.provider and not identity.corrected_by:
            return stored.provider, observed
        source = "declared" if identity.corrected_by else "inferred"
        told = Fact(identity.developer, source, identity.corrected_by, "from the model's name")
        return identity.developer, {**observed, "provider": told}
