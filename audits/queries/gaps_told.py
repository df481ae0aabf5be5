"""A run's gaps kind by kind, in the words of their kinds."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db.models import Count, Min

from audits.gap_kinds import GapKind, bears, gap_kind
from audits.models import Gap, Run

HIDDEN_BY_GAPS = "student.trained_at_provider"  # what only the absence of a call can tell


@dataclass(frozen=True)
class GapsOfKind:
    """All gaps of a kind that mean the same for the verdict. `code`: as it is recorded. `rows`: empty where only counted."""

    code: str
    told: GapKind
    count: int
    bears: bool
    rows: list[Gap] = field(default_factory=list)


def gaps_by_kind(gaps: Iterable[Gap]) -> list[GapsOfKind]:
    """Gaps under their kinds, in the order in which each kind came first."""
    held: dict[tuple[str, GapKind], list[Gap]] = {}
    for gap in gaps:
        held.setdefault((gap.kind, gap_kind(gap.kind, gap.step)), []).append(gap)
    return [
        GapsOfKind(code, told, len(rows), any(bears(code, one.step) for one in rows), rows)
        for (code, told), rows in held.items()
    ]


def counted_gaps(run: Run) -> list[GapsOfKind]:
    """The same, counted only. One query."""
    found = run.gaps.order_by().values_list("kind", "step").annotate(n=Count("pk"), first=Min("pk")).order_by("first")
    held: dict[tuple[str, GapKind], GapsOfKind] = {}
    for kind, step, count, _ in found:
        told = gap_kind(kind, step)
        before = held[kind, told].count if (kind, told) in held else 0
        held[kind, told] = GapsOfKind(kind, told, before + count, bears(kind, step))
    return list(held.values())


def why_unseen(run: Run) -> list[str]:
    """What keeps the absence of a call in this run from proving anything, each as a few words. Two queries at most."""
    reasons = ["Calls could have gone past the recorder"] if run.isolation == Run.Isolation.PROXY_ONLY else []
    reasons += [one.told.name for one in counted_gaps(run) if one.bears]
    if run.exchanges.filter(step="execute").exclude(unparsed="").exists():
        reasons.append("An exchange could not be read")
    return list(dict.fromkeys(reasons))
