"""What is allowed today and will not be from a day that is known already: new versions, and agreements that end."""

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from audits.matching.answers import answers_on_record
from audits.matching.facts import RecordedUse
from audits.matching.recorded import Reader, StoredUse, stored_uses
from audits.matching.rejudging import speaking
from audits.matching.verdicts import STRICTNESS
from audits.models import Outcome, Run
from compliance.engine.assessment import Assessment, assess
from compliance.engine.facts import Fact
from compliance.engine.library import Agreement, Library
from compliance.queries.library import agreements_by_project

RECENT = dt.timedelta(days=90)


@dataclass(frozen=True)
class ComingChange:
    """A recent use that would be judged more strictly from `on`. `because`: papers that begin that day, agreements that ended.

    `calls`: on the recent days. `gained`: the rules that speak then and do not before.
    """

    on: dt.date
    run: Run
    student: str
    use: int
    provider: str
    served_by: str
    model: str
    activity: str
    calls: int
    before: str
    after: str
    gained: tuple[str, ...]
    because: tuple[str, ...]


def coming_changes(library: Library, runs: Sequence[Run], today: dt.date) -> list[ComingChange]:
    """Uses of the last 90 days in `runs`, judged as of each day ahead on which something begins or ends. Soonest first.

    Days behind are nobody's surprise: what was recorded on them is judged by what was in force then.
    """
    agreed, answers, uses = agreements_by_project(), answers_on_record(), stored_uses(runs)
    found: list[ComingChange] = []
    for run in runs:
        reader = Reader(run, library, answers)
        own = agreed.get(run.pipeline.project_id, ())
        for stored in uses.get(run.pk, ()):
            calls, last = _recent(stored, reader, today - RECENT)
            for day in _days_ahead(library, own, today) if last else ():
                found += _change(library, run, reader.student, stored, calls, last, own, day)
    return sorted(found, key=lambda one: (one.on, -one.calls))


def _recent(stored: StoredUse, reader: Reader, since: dt.date) -> tuple[int, RecordedUse | None]:
    recent = [use for use in reader.uses(stored) if use.day >= since]
    return sum(use.calls for use in recent), max(recent, key=lambda use: use.day, default=None)


def _days_ahead(library: Library, own: Sequence[Agreement], today: dt.date) -> list[dt.date]:
    ends = {one.until + dt.timedelta(days=1) for one in (*library.agreements, *own) if one.until}
    return sorted(day for day in ends | set(library.boundaries) if day > today)


def _change(
    library: Library, run: Run, student: str, stored: StoredUse, calls: int, last: RecordedUse | None,
    own: tuple[Agreement, ...], day: dt.date,
) -> Iterator[ComingChange]:  # fmt: skip
    if last is None:
        return
    eve = day - dt.timedelta(days=1)
    before, after = (_as_of(last, on, library, own) for on in (eve, day))
    if STRICTNESS.index(Outcome(after.outcome)) >= STRICTNESS.index(Outcome(before.outcome)):
        return
    was, now = (speaking(one.as_json()["verdicts"]) for one in (before, after))
    yield ComingChange(
        day, run, student, stored.id, last.provider, stored.served_by, stored.model, stored.activity, calls,
        before.outcome, after.outcome, tuple(sorted(now.keys() - was.keys())),
        (*_beginning(library, after, day), *_ended((*library.agreements, *own), eve, last.provider)),
    )  # fmt: skip


def _as_of(use: RecordedUse, on: dt.date, library: Library, own: tuple[Agreement, ...]) -> Assessment:
    facts = {**use.facts, "on": Fact(on, "inferred", note="a day that lies ahead")}
    return assess(replace(use, day=on, facts=facts).as_use(), library, own)


def _beginning(library: Library, after: Assessment, day: dt.date) -> Iterator[str]:
    for paper in after.governing:
        if paper.version is not None and paper.version.since == day:
            yield f"a new version of {library.title(paper.document)}"


def _ended(agreements: Iterable[Agreement], eve: dt.date, provider: str) -> Iterator[str]:
    return (
        f"the agreement “{one.reference}” ends" for one in agreements if one.until == eve and one.provider == provider
    )
