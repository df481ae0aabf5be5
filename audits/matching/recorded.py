"""Recorded uses as they were judged, read back with the facts that were observed, to be judged again; never the calls."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Sum

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
    return runs.defer("manifest_text", "scan", "prompts", "summary").select_related("pipeline__project").order_by("id")


def stored_uses(runs: Iterable[Run]) -> dict[int, list[StoredUse]]:
    """The judged uses of runs as they stand, by run; without the answers, which are long. Two queries at most."""
    rows = AssessedUse.objects.filter(run__in=[run.pk for run in runs]).order_by("run_id", "id").values_list(*COLUMNS)
    found: defaultdict[int, list[StoredUse]] = defaultdict(list)
    for row in rows:
        use = StoredUse(*row)
        found[use.run_id].append(use)
    _tell_days([use for uses in found.values() for use in uses if not use.days], found)
    return dict(found)


def _tell_days(unknown: list[StoredUse], found: Mapping[int, list[StoredUse]]) -> None:
    """Days of uses that were judged before days were kept, from the roll-up of their run's calls."""
    for use in unknown:
        uses = found[use.run_id]
        uses[uses.index(use)] = replace(use, days=_days(use) or {use.first_on.isoformat(): use.calls})


def _days(use: StoredUse) -> dict[str, int]:
    purposes = [purpose for purpose, activity in ACTIVITY_OF_PURPOSE.items() if activity == use.activity]
    alike = Q(operation="fine_tune") if use.activity == "fine_tune_weights" else Q(purpose__in=purposes)
    signatures = UsageSignature.objects.filter(
        alike, run=use.run_id, provider=use.provider, served_by=use.served_by, model=use.model,
        simulated=use.simulated, day__range=(use.first_on, use.last_on),
    )  # fmt: skip
    counted = signatures.order_by("day").values("day").annotate(made=Sum(F("calls") - F("failed")))
    return {row["day"].isoformat(): row["made"] for row in counted if row["made"]}


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
