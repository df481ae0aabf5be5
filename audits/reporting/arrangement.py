"""What of a context is printed, and where: numbers of figures and tables, long tables in parts, links with a target. PURE."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

CALLS_PRINTED = 500
ENTRIES_PRINTED = 400

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

    calls: Sequence[Row]
    entries: Sequence[Row]
    anchors: frozenset[int]
    facts: Sequence[Row]
    facts_of: Mapping[int, int]
    numbered: Numbering = field(default_factory=Numbering)

    def links_to_call(self, seq: int) -> bool:
        """Whether the call's line is printed in the annex, so that a reference to it may be a link."""
        return seq in self.anchors


def arrangement(context: Mapping[str, Any]) -> Arrangement:
    """The printed part of a context's long tables, and what may be linked."""
    calls = _first_of_each(context["calls"]["rows"][:CALLS_PRINTED])
    facts = _sets_of_facts(context["findings"])
    return Arrangement(
        calls=calls,
        entries=context["evidence"]["entries"][:ENTRIES_PRINTED],
        anchors=frozenset(row["seq"] for row in calls),
        facts=facts,
        facts_of={number: at for at, one in enumerate(facts, 1) for number in one["findings"]},
    )


def _sets_of_facts(findings: Sequence[Row]) -> list[Row]:
    """Each distinct set of facts once, with the numbers of the findings that rest on it."""
    found: dict[str, dict[str, Any]] = {}
    for one in findings:
        if one["facts"]:
            key = json.dumps(one["facts"], sort_keys=True)
            found.setdefault(key, {"facts": one["facts"], "findings": []})["findings"].append(one["number"])
    return list(found.values())


def _first_of_each(rows: Sequence[Row]) -> list[Row]:
    """Rows with `anchor`: an exchange that holds several calls is linked at its first."""
    seen: set[int] = set()
    found: list[Row] = []
    for row in rows:
        found.append({**row, "anchor": row["seq"] not in seen})
        seen.add(row["seq"])
    return found
