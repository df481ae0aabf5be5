"""What of a context is printed, and where: numbers of figures and tables, long tables in parts, links with a target. PURE."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

CALLS_PRINTED = 500
ENTRIES_PRINTED = 400
ROWS_IN_ONE_TABLE = 60

Row = Mapping[str, Any]


@dataclass
class Numbering:
    """Figures and tables numbered as they come, without a gap. A template asks once for each caption."""

    figures: int = 0
    tables: int = 0

    def figure(self) -> str:
        """Figure 1, Figure 2, … in the order of the calls."""
        self.figures += 1
        return f"Figure {self.figures}"

    def table(self) -> str:
        """Table 1, Table 2, … in the order of the calls."""
        self.tables += 1
        return f"Table {self.tables}"


@dataclass(frozen=True)
class Arrangement:
    """How a context lies on paper; everything in it follows from the context."""

    calls: Sequence[Sequence[Row]]
    entries: Sequence[Sequence[Row]]
    anchors: frozenset[int]
    numbered: Numbering = field(default_factory=Numbering)

    @property
    def calls_printed(self) -> int:
        """Calls in the annex."""
        return sum(map(len, self.calls))

    @property
    def entries_printed(self) -> int:
        """Entries of the evidence log that are printed."""
        return sum(map(len, self.entries))

    def links_to_call(self, seq: int) -> bool:
        """Whether the call's line is printed in the annex, so that a reference to it may be a link."""
        return seq in self.anchors


def arrangement(context: Mapping[str, Any]) -> Arrangement:
    """The printed part of a context's long tables, in chunks of ROWS_IN_ONE_TABLE rows."""
    calls = _first_of_each(context["calls"]["rows"][:CALLS_PRINTED])
    return Arrangement(
        calls=list(_chunks(calls)),
        entries=list(_chunks(context["evidence"]["entries"][:ENTRIES_PRINTED])),
        anchors=frozenset(row["seq"] for row in calls),
    )


def _first_of_each(rows: Sequence[Row]) -> list[Row]:
    """Rows with `anchor`: an exchange that holds several calls is linked at its first."""
    seen: set[int] = set()
    found: list[Row] = []
    for row in rows:
        found.append({**row, "anchor": row["seq"] not in seen})
        seen.add(row["seq"])
    return found


def _chunks(rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
    for start in range(0, len(rows), ROWS_IN_ONE_TABLE):
        yield rows[start : start + ROWS_IN_ONE_TABLE]
