"""Findings that differ only in the use they are about, gathered so that paper tells each rule once. Nothing is left out. PURE."""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from compliance.engine.vocabulary import ACTIVITIES

Row = Mapping[str, Any]

ENDS: Final = frozenset({
    *ACTIVITIES.values(), "training on output", "evaluation with output", "fine-tuning weights",
    "use of output not kept for training",
})  # fmt: skip
"""What titles of findings end with after a colon, to tell activities apart."""
ALIKE: Final = (
    "document_title", "document", "version", "section", "clause_sha256", "kind", "outcome", "level", "provider", "missing_facts",
)  # fmt: skip
"""What findings that are told together have in common, beside topic, rule and tests."""
_DAY: Final = re.compile(r"^On \d{1,2} [A-Z][a-z]+ \d{4}, ")
_HELD_FOR: Final = re.compile(r" for \d{1,2} [A-Z][a-z]+ \d{4}$")


def topic(finding: Row) -> str:
    """A finding's title without the activity or the day that it ends with, which stand beside it."""
    title = str(finding["title"])
    head, _, tail = title.rpartition(": ")
    return head if head and tail in ENDS else _HELD_FOR.sub("", title)


@dataclass(frozen=True)
class Alike:
    """Findings that rest on the same rule, text, tests and missing facts, with the same outcome: one at least."""

    members: Sequence[Row]

    @property
    def first(self) -> Row:
        """The member with the lowest number, which speaks for all."""
        return self.members[0]

    @property
    def numbers(self) -> str:
        """F-1 to F-4, F-9."""
        return spans((one["number"] for one in self.members), "F-")

    @property
    def activities(self) -> list[str]:
        """The activities concerned, each once."""
        return list(dict.fromkeys(one["activity"] for one in self.members if one["activity"]))

    @property
    def calls(self) -> int:
        """Calls of all members."""
        return sum(one["calls"] for one in self.members)

    @property
    def rows(self) -> int:
        """Training rows of all members."""
        return sum(one["rows"] for one in self.members)

    @property
    def sentence(self) -> str:
        """What holds of every member, in a sentence; empty where each has its own."""
        said = list(dict.fromkeys(_DAY.sub("", one["sentence"]) for one in self.members))
        if len(said) > 1:
            return ""
        dated = said[0] != self.first["sentence"] and len({one["sentence"] for one in self.members}) > 1
        return f"On each of the days below, {said[0]}" if dated else str(self.first["sentence"])

    @property
    def decided_alike(self) -> bool:
        """Whether the same was decided on every member."""
        return len({json.dumps(one["decisions"], sort_keys=True) for one in self.members}) == 1


def gathered(findings: Iterable[Row]) -> list[Alike]:
    """The findings in their order, those alike behind the first of them."""
    return [Alike(held) for held in together(findings, _kin)]


def together(rows: Iterable[Row], kin: Callable[[Row], str]) -> list[list[Row]]:
    """Rows of the same kin, in the order of the first of each."""
    found: dict[str, list[Row]] = {}
    for one in rows:
        found.setdefault(kin(one), []).append(one)
    return list(found.values())


def _kin(finding: Row) -> str:
    """What findings told together have in common: all that an article says before it comes to the use."""
    tests = [row for row in finding["because"] if row.get("fact") != "on"]
    return json.dumps([topic(finding), finding["rule"] or {}, tests, *(finding[key] for key in ALIKE)], sort_keys=True)


def work_together(worklist: Iterable[Row]) -> list[list[Row]]:
    """Entries of the work list that ask for the same, at the same places, of the same people."""
    return together(worklist, _same_work)


def _same_work(one: Row) -> str:
    told = {key: value for key, value in one.items() if key not in ("finding", "title", "what", "pipeline")}
    return json.dumps([topic(one), told], sort_keys=True)


def runs(numbers: Iterable[int]) -> list[tuple[int, int]]:
    """The numbers in order, neighbours joined: the ends of each run."""
    found: list[tuple[int, int]] = []
    for one in sorted(set(numbers)):
        if found and one == found[-1][1] + 1:
            found[-1] = (found[-1][0], one)
        else:
            found.append((one, one))
    return found


def spans(numbers: Iterable[int], before: str = "") -> str:
    """1 to 4, 9: numbers in order, runs of three and more told by their ends."""
    told = []
    for low, high in runs(numbers):
        ends = [f"{before}{at}" for at in ((low, high) if high > low else (low,))]
        told.append((" to " if high > low + 1 else ", ").join(ends))
    return ", ".join(told)


def in_common(sets: Sequence[Sequence[Row]]) -> list[Row]:
    """The facts that are the same in every set, in the first one's order; none of fewer than three sets."""
    if len(sets) < 3:
        return []
    keys = [{json.dumps(row, sort_keys=True) for row in one} for one in sets]
    shared = set.intersection(*keys)
    return [row for row in sets[0] if json.dumps(row, sort_keys=True) in shared]
