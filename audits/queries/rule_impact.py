"""What publishing a revision would change among recorded uses, arranged for the page on which a lawyer decides it."""

import datetime as dt
import hashlib
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from django.db import connection

from audits.matching.rejudging import ChangedUse, Impact, changed_calls, impact_of
from audits.models import AssessedUse, KeptImpact, Run
from compliance.models import RuleRevision
from compliance.queries.library_kept import kept_library, library_stamp
from compliance.queries.proposed import library_with

SHOWN_RUNS = 100
QUICK: Final = 300
"""Recorded uses that are judged within a tenth of a second: while somebody waits for the page."""


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
        """Recorded calls of which something changes."""
        return sum(change.calls for change in self.changes)


@dataclass(frozen=True)
class Move:
    """Calls whose outcome goes from one to another (the same, when only the reasons change)."""

    before: str
    after: str
    calls: int
    uses: int


@dataclass(frozen=True)
class Figures:
    """What it comes to over all runs. `pending`: calls that would change anyway, since they wait to be re-judged."""

    uses: int = 0
    calls: int = 0
    runs: int = 0
    findings: int = 0
    changed_uses: int = 0
    changed_calls: int = 0
    changed_runs: int = 0
    pending: int = 0
    students: tuple[str, ...] = ()
    moves: tuple[Move, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """As it is kept."""
        return asdict(self)

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> "Figures":
        """From what `as_json` told."""
        moves = tuple(Move(**one) for one in kept["moves"])
        return cls(**{**kept, "students": tuple(kept["students"]), "moves": moves})


@dataclass(frozen=True)
class RuleImpact:
    """All of it: what is judged otherwise, the figures, and the runs that change, newest first."""

    impact: Impact
    figures: Figures
    runs: tuple[RunImpact, ...] = field(default=())

    @property
    def moves(self) -> tuple[Move, ...]:
        """See Figures."""
        return self.figures.moves


def impact_of_revision(revision: RuleRevision, on_run: Callable[[], None] | None = None) -> RuleImpact:
    """Judge everything recorded as if the revision were published; nothing is written. Raises UnreadableRevision.

    `on_run` hears of each run that was judged; of each a second time, when something changes, as the library is now.
    """
    library = kept_library()
    impact = impact_of(library_with(revision, library), on_run=on_run)
    pending = changed_calls(library, on_run=on_run) if impact.changes else 0
    by_run: defaultdict[int, list[ChangedUse]] = defaultdict(list)
    for change in impact.changes:
        by_run[change.run].append(change)
    runs = tuple(_run(changes) for _, changes in sorted(by_run.items(), reverse=True))
    return RuleImpact(impact, _figures(impact, pending), runs)


def _run(changes: list[ChangedUse]) -> RunImpact:
    first = changes[0]
    ordered = sorted(changes, key=lambda change: (change.stricter is not True, -change.calls, change.use))
    return RunImpact(first.run, first.run_number, first.pipeline, first.project, tuple(ordered))


def _figures(impact: Impact, pending: int) -> Figures:
    return Figures(
        impact.uses, impact.calls, impact.runs, impact.findings, len(impact.changes), impact.changed_calls,
        impact.changed_runs, pending, impact.students, _moves(impact),
    )  # fmt: skip


def _moves(impact: Impact) -> tuple[Move, ...]:
    uses: defaultdict[tuple[str, str], int] = defaultdict(int)
    for change in impact.changes:
        uses[change.before, change.after] += 1
    moves = [Move(before, after, calls, uses[before, after]) for (before, after), calls in impact.outcomes.items()]
    return tuple(sorted(moves, key=lambda move: (move.before == move.after, -move.calls)))


def is_quick() -> bool:
    """Whether so little is recorded that it can be judged while somebody waits. One query, which reads no further than that."""
    return AssessedUse.objects.order_by()[: QUICK + 1].count() <= QUICK


def kept_impact(revision: RuleRevision) -> KeptImpact | None:
    """The preview of a revision that was worked out last, or is; None when anything behind it was written since."""
    kept = KeptImpact.objects.filter(revision=revision).first()
    return kept if kept is not None and kept.basis == rows_behind() else None


def runs_of(changes: list[Mapping[str, Any]]) -> RunImpact:
    """One run's changes from what is kept of them."""
    return _run([_change(one) for one in changes])


def _change(kept: Mapping[str, Any]) -> ChangedUse:
    days = {name: dt.date.fromisoformat(kept[name]) for name in ("first_on", "last_on")}
    return ChangedUse(**{**kept, **days, "gained": tuple(kept["gained"]), "lost": tuple(kept["lost"])})


# Whoever writes a row, by whatever way, leaves a new version of it, with a place and a transaction of its own (decision 0309).
_VERSIONS: Final = "coalesce(sum(hashtextextended(t.ctid::text || ' ' || t.xmin::text, 0)), 0)"
_WATCHED: Final = (
    f"SELECT count(*), {_VERSIONS} FROM audits_assesseduse AS t",  # noqa: S608 - all of these are texts of this module
    f"SELECT count(*), {_VERSIONS} FROM audits_run AS t WHERE state <> ALL(%(active)s)",  # noqa: S608
    f"SELECT count(*), {_VERSIONS} FROM audits_factanswer AS t",  # noqa: S608
    # Days of uses that were judged before days were kept: rows that are written once and counted anew as others.
    "SELECT count(*), coalesce(max(id), 0) FROM audits_usagesignature",
    # A decision writes to a finding's row, and changes nothing that is judged.
    "SELECT count(*), coalesce(sum(hashtextextended(concat_ws(' ', run_id, key, kind, basis_sha256), 0)), 0) FROM audits_finding",
    "SELECT count(*), coalesce(sum(hashtextextended(concat_ws(' ', id, project_id, name, origin), 0)), 0) FROM audits_pipeline",
    "SELECT count(*), coalesce(sum(hashtextextended(concat_ws(' ', id, name), 0)), 0) FROM compliance_project",
    "SELECT count(*), coalesce(sum(hashtextextended(concat_ws(' ', id, username, first_name, last_name), 0)), 0) "
    "FROM compliance_user",
)
_QUERY: Final = " UNION ALL ".join(_WATCHED)


def rows_behind() -> str:
    """A SHA-256 that is another once anything was written that a preview is worked out from. Two queries."""
    with connection.cursor() as cursor:
        cursor.execute(_QUERY, {"active": list(Run.ACTIVE)})
        told = [tuple(map(int, row)) for row in cursor.fetchall()]
    return hashlib.sha256(repr((told, library_stamp())).encode()).hexdigest()
