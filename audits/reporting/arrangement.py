"""What of a context is printed, and where: numbers of figures and tables, long tables, links with a target. PURE."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from audits.reporting.alike import Alike, gathered, in_common
from audits.reporting.language import say

CALLS_PREVIEWED = 500
ENTRIES_PREVIEWED = 400
ENTRIES_IN_TEXT = 60  # a longer evidence log gets pages of its own

Row = Mapping[str, Any]


@dataclass
class Numbering:
    """Figures and tables numbered as they come, without a gap, in the report’s language. A template asks once for each."""

    language: str = "en"
    figures: int = 0
    tables: int = 0

    def figure(self) -> str:
        """Figure 1, Figure 2, … in the order of the calls."""
        self.figures += 1
        return f"{say('Figure', self.language)} {self.figures}"

    def table(self) -> str:
        """Table 1, Table 2, … in the order of the calls."""
        self.tables += 1
        return f"{say('Table', self.language)} {self.tables}"


@dataclass(frozen=True)
class Arrangement:
    """How a context lies on paper; everything in it follows from the context.

    `groups`: findings, those alike but for their use together. `facts`: each set of facts once; `facts_of_all`: those that every
    set has, which are told before them.
    `on_paper`: the rows of long tables are set apart, and templates leave them out. `log_apart`: so is the evidence log.
    """

    calls: Sequence[Row]
    entries: Sequence[Row]
    anchors: frozenset[int]
    facts: Sequence[Row]
    facts_of: Mapping[int, int]
    facts_of_all: Sequence[Row]
    groups: Sequence[Alike]
    on_paper: bool = False
    log_apart: bool = False
    numbered: Numbering = field(default_factory=Numbering)

    def links_to_call(self, seq: int) -> bool:
        """Whether the call's line is printed in the annex, so that a reference to it may be a link."""
        return seq in self.anchors


def arrangement(context: Mapping[str, Any], *, on_paper: bool = False) -> Arrangement:
    """How a context lies on paper, where all that it holds is printed, or in a preview, which shows the first of it."""
    calls, entries = context["calls"]["rows"], context["evidence"]["entries"]
    if not on_paper:
        calls, entries = calls[:CALLS_PREVIEWED], entries[:ENTRIES_PREVIEWED]
    calls = _first_of_each(calls)
    facts = _sets_of_facts(context["findings"])
    common = in_common([one["facts"] for one in facts])
    return Arrangement(
        calls=calls,
        entries=entries,
        anchors=frozenset(row["seq"] for row in calls),
        facts=[{**one, "facts": [row for row in one["facts"] if row not in common]} for one in facts],
        facts_of_all=common,
        groups=gathered(context["findings"]),
        facts_of={number: at for at, one in enumerate(facts, 1) for number in one["findings"]},
        on_paper=on_paper,
        log_apart=on_paper and len(entries) > ENTRIES_IN_TEXT,
        numbered=Numbering(context["report"].get("language", "en")),
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
