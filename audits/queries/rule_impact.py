"""What publishing a revision would change among recorded uses, arranged for the page on which a lawyer decides it."""

from collections import defaultdict
from dataclasses import dataclass

from audits.matching.rejudging import ChangedUse, Impact, impact_of
from compliance.models import RuleRevision
from compliance.queries.library_kept import kept_library
from compliance.queries.proposed import library_with

SHOWN_RUNS = 100


@dataclass(frozen=True)
class RunImpact:
    """The changed uses of one run, gravest outcome first."""

    run: int
    number: int
    pipeline: str
    project: str
    changes: tuple[ChangedUse, ...]

    @property
    def calls(self) -> int:
        return sum(change.calls for change in self.changes)


@dataclass(frozen=True)
class Move:
    """Calls whose outcome goes from one to another (the same, when only the reasons change)."""

    before: str
    after: str
    calls: int
    uses: int


@dataclass(frozen=True)
class RuleImpact:
    """`runs`: the first SHOWN_RUNS that change. `pending`: calls that would change anyway, since they wait to be re-judged."""

    impact: Impact
    moves: tuple[Move, ...]
    runs: tuple[RunImpact, ...]
    pending: int

    @property
    def more_runs(self) -> int:
        """Changed runs that are not shown."""
        return self.impact.changed_runs - len(self.runs)


def impact_of_revision(revision: RuleRevision) -> RuleImpact:
    """Judge everything recorded as if the revision were published; nothing is written. Raises UnreadableRevision."""
    library = kept_library()
    impact = impact_of(library_with(revision, library))
    pending = impact_of(library).changed_calls if impact.changes else 0
    by_run: defaultdict[int, list[ChangedUse]] = defaultdict(list)
    for change in impact.changes:
        by_run[change.run].append(change)
    runs = tuple(_run(changes) for _, changes in sorted(by_run.items(), reverse=True)[:SHOWN_RUNS])
    return RuleImpact(impact, _moves(impact), runs, pending)


def _run(changes: list[ChangedUse]) -> RunImpact:
    first = changes[0]
    ordered = sorted(changes, key=lambda change: (change.stricter is not True, -change.calls, change.use))
    return RunImpact(first.run, first.run_number, first.pipeline, first.project, tuple(ordered))


def _moves(impact: Impact) -> tuple[Move, ...]:
    uses: defaultdict[tuple[str, str], int] = defaultdict(int)
    for change in impact.changes:
        uses[change.before, change.after] += 1
    moves = [Move(before, after, calls, uses[before, after]) for (before, after), calls in impact.outcomes.items()]
    return tuple(sorted(moves, key=lambda move: (move.before == move.after, -move.calls)))
