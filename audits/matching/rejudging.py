"""Recorded uses judged anew against another library: what changes, for whom, and how. Reads only; works on distinct uses.

Each distinct use of each run is judged once for each of its days, and days and runs that agree in facts and papers share one
ruling (`compliance.engine.assessment`). The recorded calls themselves are never read.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from audits.matching.answers import Answers, answers_on_record
from audits.matching.facts import RecordedUse
from audits.matching.recorded import Reader, StoredUse, judged_runs, stored_uses
from audits.matching.verdicts import STRICTNESS, JudgedUse, Title, drafts, join_days, law_sha256
from audits.models import AssessedUse, Finding, Outcome, Run
from compliance.engine.assessment import Assessment, assess
from compliance.engine.library import Agreement, Library
from compliance.queries.library import agreements_by_project

Agreements = Mapping[int, tuple[Agreement, ...]]


@dataclass(frozen=True)
class ChangedUse:
    """Days of one recorded use on which its judgement changes.

    `gained` and `lost`: rules that speak against it, or ask something of it, only after or only before. `stricter`: whether
    the outcome is; False when it is milder, None when it is the same.
    """

    use: int
    run: int
    run_number: int
    pipeline: str
    project: str
    student: str
    provider: str
    served_by: str
    model: str
    activity: str
    first_on: dt.date
    last_on: dt.date
    calls: int
    rows: int
    before: str
    after: str
    gained: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()

    @property
    def stricter(self) -> bool | None:
        """See above."""
        if self.before == self.after:
            return None
        return STRICTNESS.index(Outcome(self.after)) < STRICTNESS.index(Outcome(self.before))


@dataclass(frozen=True)
class Impact:
    """What judging everything recorded anew would change. `findings`: how many change, appear or go."""

    changes: tuple[ChangedUse, ...]
    runs: int
    uses: int
    calls: int
    findings: int = 0

    @property
    def changed_calls(self) -> int:
        """Recorded calls of which something changes."""
        return sum(change.calls for change in self.changes)

    @property
    def changed_runs(self) -> int:
        """Runs of which something changes."""
        return len({change.run for change in self.changes})

    @property
    def students(self) -> tuple[str, ...]:
        """The students concerned, each as "project: student"."""
        return tuple(sorted({f"{change.project}: {change.student or 'no student'}" for change in self.changes}))

    @property
    def outcomes(self) -> Mapping[tuple[str, str], int]:
        """Calls by (outcome before, outcome after)."""
        found: dict[tuple[str, str], int] = {}
        for change in self.changes:
            key = (change.before, change.after)
            found[key] = found.get(key, 0) + change.calls
        return found


@dataclass(frozen=True)
class Reread:
    """One stored use, judged anew day by day."""

    stored: StoredUse
    days: tuple[tuple[RecordedUse, Assessment], ...]

    @property
    def changed(self) -> tuple[tuple[RecordedUse, Assessment], ...]:
        """The days on which something is judged otherwise, or nobody knew the developer and now somebody does."""
        was = self.stored.law_sha256
        return tuple(day for day in self.days if law_of(day[1]) != was or day[0].provider != self.stored.provider)

    @property
    def told_anew(self) -> bool:
        """Whether a fact changed that settles nothing."""
        facts = {path: (one["value"], one.get("by") or "") for path, one in self.stored.facts.items() if path != "on"}
        return any({path: (fact.value, fact.by) for path, fact in use.lasting} != facts for use, _ in self.days)


@dataclass(frozen=True)
class RunReread:
    """A run with all of its uses judged anew."""

    run: Run
    student: str
    uses: tuple[Reread, ...]

    @property
    def differs(self) -> bool:
        """Whether anything has to be stored."""
        return any(use.changed or use.told_anew for use in self.uses)

    def judged(self) -> list[JudgedUse]:
        """As the audit itself would have judged it; rows are those of the stored uses where their days did not change."""
        merged = join_days((use, law_of(one), one.as_json) for reread in self.uses for use, one in reread.days)
        known = {_days_key(one.stored.model, one.stored.served_by, one.stored.activity, one.stored.days): one.stored.rows
                 for one in self.uses}  # fmt: skip
        return [replace(one, use=replace(one.use, rows=_rows(one, known))) for one in merged]


def _rows(one: JudgedUse, known: Mapping[Any, int]) -> int:
    """The rows of a use whose days are those of a stored one; -1 where they have to be counted."""
    days = {day.isoformat(): calls for day, calls in one.days.items()}
    return known.get(_days_key(one.use.model, one.use.served_by, one.use.activity, days), -1)


def _days_key(model: str, served_by: str, activity: str, days: Mapping[str, int]) -> tuple[Any, ...]:
    return model, served_by, activity, tuple(sorted(days.items()))


def law_of(assessment: Assessment) -> str:
    """`law_sha256` of a ruling, worked out once for all uses that share it."""
    if "law" not in assessment.memory:
        assessment.memory["law"] = law_sha256(assessment.as_json())
    return str(assessment.memory["law"])


def reread(
    library: Library,
    *,
    runs: Iterable[Run] | None = None,
    agreements: Agreements | None = None,
    answers: Answers | None = None,
) -> Iterator[RunReread]:
    """Judge every recorded use of `runs` (all, when None) anew. `agreements`: of single projects; the library has the rest."""
    concerned = list(judged_runs() if runs is None else runs)
    agreed = agreements_by_project() if agreements is None else agreements
    said = answers_on_record() if answers is None else answers
    uses = stored_uses(concerned)
    for run in concerned:
        reader = Reader(run, library, said)
        own = agreed.get(run.pipeline.project_id, ())
        yield RunReread(run, reader.student, tuple(_reread(one, reader, library, own) for one in uses.get(run.pk, ())))


def _reread(stored: StoredUse, reader: Reader, library: Library, own: tuple[Agreement, ...]) -> Reread:
    return Reread(stored, tuple((use, assess(use.as_use(), library, own)) for use in reader.uses(stored)))


def _told(found: Iterable[RunReread], on_run: Callable[[], None] | None) -> Iterator[RunReread]:
    for one in found:
        yield one
        if on_run is not None:
            on_run()


def changed_calls(library: Library, *, on_run: Callable[[], None] | None = None) -> int:
    """How many recorded calls `library` judges otherwise than they are judged, counted as `impact_of` does."""
    every = _told(reread(library), on_run)
    return sum(day.calls for one in every for use in one.uses for day, _ in use.changed)


def impact_of(
    library: Library,
    *,
    projects: Iterable[int] | None = None,
    agreements: Agreements | None = None,
    on_run: Callable[[], None] | None = None,
) -> Impact:
    """What would change if `library` were the one in force. Nothing is written. About six queries, however many calls.

    `projects`: only these (ids). `agreements`: those of single projects, by id, where they are what changes; else as stored.
    `on_run` hears of each run that was judged.
    """
    every = list(_told(reread(library, runs=judged_runs(projects), agreements=agreements), on_run))
    differing = [one for one in every if any(use.changed for use in one.uses)]
    before = _answers([use.stored.id for one in differing for use in one.uses if use.changed])
    changes = tuple(change for one in differing for use in one.uses for change in changes_of(one, use, before))
    return Impact(
        changes,
        runs=len(every),
        uses=sum(len(one.uses) for one in every),
        calls=sum(use.stored.calls for one in every for use in one.uses),
        findings=_findings_that_change(differing, library.title),
    )


def standing_findings(runs: Sequence[int]) -> dict[tuple[int, str], str]:
    """(run, key) to basis of the findings that judging made; contradictions are none of the terms' doing. One query."""
    found = Finding.objects.filter(run__in=runs).exclude(kind=Finding.Kind.CONTRADICTION)
    return {(run, key): basis for run, key, basis in found.values_list("run_id", "key", "basis_sha256")}


def _findings_that_change(differing: Sequence[RunReread], title: Title) -> int:
    before = standing_findings([one.run.pk for one in differing])
    after = {
        (one.run.pk, draft.key[:500]): draft.basis_sha256
        for one in differing
        for draft in drafts(one.judged(), one.student, title)
    }
    return sum(before.get(key) != after.get(key) for key in before.keys() | after.keys())


def _answers(uses: Sequence[int]) -> dict[int, Mapping[str, Any]]:
    return dict(AssessedUse.objects.filter(pk__in=uses).values_list("pk", "answer")) if uses else {}


def changes_of(one: RunReread, use: Reread, before: Mapping[int, Mapping[str, Any]]) -> Iterator[ChangedUse]:
    """The changed days of a use, days alike taken together. `before`: stored answers by use."""
    alike: dict[str, list[tuple[RecordedUse, Assessment]]] = {}
    for day in use.changed:
        alike.setdefault(law_of(day[1]), []).append(day)
    for days in alike.values():
        yield _change(one, use.stored, days, before.get(use.stored.id, {}))


def _change(
    one: RunReread, stored: StoredUse, days: Sequence[tuple[RecordedUse, Assessment]], answer: Mapping[str, Any]
) -> ChangedUse:
    was, now = speaking(answer.get("verdicts", ())), speaking(days[0][1].as_json()["verdicts"])
    whole = len(days) == len(stored.days)
    return ChangedUse(
        use=stored.id, run=one.run.pk, run_number=one.run.number, pipeline=one.run.pipeline.name,
        project=one.run.pipeline.project.name, student=one.student, provider=days[0][0].provider,
        served_by=stored.served_by, model=stored.model, activity=stored.activity,
        first_on=min(use.day for use, _ in days), last_on=max(use.day for use, _ in days),
        calls=sum(use.calls for use, _ in days), rows=stored.rows if whole else 0,
        before=stored.outcome, after=days[0][1].outcome,
        gained=tuple(sorted(now.keys() - was.keys())), lost=tuple(sorted(was.keys() - now.keys())),
    )  # fmt: skip


def speaking(verdicts: Iterable[Mapping[str, Any]]) -> dict[str, bool | None]:
    """The rules among verdicts that apply, or may, with which of the two; what an agreement lifts does not speak."""
    return {
        str(verdict["rule"]): verdict["applies"]
        for verdict in verdicts
        if verdict["applies"] is not False and not verdict.get("lifted_by")
    }
