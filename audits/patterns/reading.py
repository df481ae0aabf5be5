"""Reads a period's calls once, in the order of their time, and tells which patterns they show. PURE.

Memory is bounded whatever the number of calls: 50,000 senders and 1,000 wordings have counts of their own.
"""

from collections.abc import Callable, Iterable, Mapping, Set
from types import MappingProxyType

from audits.patterns.calls import Call, Indicator
from audits.patterns.measures import (
    capability_focus,
    coverage,
    elicitation,
    evasion,
    fan_out,
    grading,
    rate,
    reaction,
    region_mismatch,
    volume,
)
from audits.patterns.refusals import Refusals
from audits.patterns.sketches import Frequent, Seen
from audits.patterns.tallies import Tally, Template
from audits.patterns.wording import Read

MOST_SENDERS = 50_000
MOST_WORDINGS = 1_000
_COUNTED_FROM = 20
_SHOWN_OF_A_KIND = 10


class Reading:
    """Takes calls in the order of their time, and then tells the indicators."""

    def __init__(self) -> None:
        self.calls = self.wordless = self.unnamed = 0
        self.everything: Tally | None = None
        self.senders: dict[str, Tally] = {}
        self.wordings: dict[str, Template] = {}
        self.refusals = Refusals()
        self._seen = Seen()
        self._heads: Frequent[str] = Frequent(40_000)
        self._tails: Frequent[str] = Frequent(40_000)

    def take(self, calls: Iterable[Call]) -> "Reading":
        """Read calls; returns itself."""
        for call in calls:
            self._take(call)
        return self

    def _take(self, call: Call) -> None:
        self.calls += 1
        read = Read(call.prompt) if call.prompt else None
        self.wordless += read is None
        # A call that failed was not answered: asking again is no repetition.
        before = call.status == 429 and read is not None and read.digest in self._seen
        repeated = read is not None and not call.failed and self._seen.add(read.digest)
        if self.everything is None:
            self.everything = Tally(call.at)
        self.everything.add(call, read, repeated)
        self._count_sender(call, read, repeated)
        if read is not None:
            self.refusals.add(call, read.digest, before)
            self._count_wording(call, read, repeated)

    def _count_sender(self, call: Call, read: Read | None, repeated: bool) -> None:
        if not call.sender:
            return  # of whom nothing is named is no account: whose calls these are nobody can tell
        tally = self.senders.get(call.sender)
        if tally is None:
            if len(self.senders) >= MOST_SENDERS:
                self.unnamed += 1
                return
            tally = self.senders[call.sender] = Tally(call.at)
        tally.add(call, read, repeated)

    def _count_wording(self, call: Call, read: Read, repeated: bool) -> None:
        """By how the prompt begins where that is frequent, else by how it ends."""
        if not read.head:
            return
        head, tail = self._heads.add(read.head), self._tails.add(read.tail)
        wording = (
            f"{read.head} …" if head >= max(tail, _COUNTED_FROM) else f"… {read.tail}" if tail >= _COUNTED_FROM else ""
        )
        if not wording:
            return
        template = self.wordings.get(wording)
        if template is None:
            if len(self.wordings) >= MOST_WORDINGS:
                self._thin()
            template = self.wordings[wording] = Template(call.at, wording)
        template.add(call, read, repeated)

    def _thin(self) -> None:
        kept = sorted(self.wordings.values(), key=lambda one: -one.calls)[: MOST_WORDINGS // 2]
        self.wordings = {one.wording: one for one in kept}

    def indicators(
        self, homes: Mapping[str, str] = MappingProxyType({}), known: Set[str] = frozenset()
    ) -> list[Indicator]:
        """What the calls show, by kind, most calls first, at most ten of a kind.

        `homes`: sender → country (ISO 3166) it is said to be in; `known`: senders of which somebody has said whose they are.
        """
        if self.everything is None:
            return []
        groups: list[tuple[str, Tally]] = [("", self.everything), *self.senders.items(), *self.wordings.items()]
        found = [*volume(self.senders), *evasion(self.refusals)]
        for subject, tally in groups:
            for measure in (rate, elicitation, grading, capability_focus, reaction):
                found += measure(subject, tally)
        for wording in self.wordings.values():
            found += [*fan_out(wording, len(self.senders), known), *coverage(wording)]
        for sender, country in homes.items():
            if sender in self.senders:
                found += region_mismatch(sender, self.senders[sender], country)
        return _most_telling(found)


Measure = Callable[[str, Tally], list[Indicator]]


def _most_telling(found: list[Indicator]) -> list[Indicator]:
    shown: dict[str, list[Indicator]] = {}
    for one in sorted(found, key=lambda one: (-one.calls, one.subject)):
        shown.setdefault(one.kind, []).append(one)
    return [one for kind in sorted(shown) for one in shown[kind][:_SHOWN_OF_A_KIND]]
