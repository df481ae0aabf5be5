"""Find an accepted clause again in a new version of its document. Pure: standard library only.

A clause is anchored by where it stands, by the hash of its normalised text, and by the hashes of its neighbours. In a new
version it is *unchanged* (same words, same neighbour or same offset), *moved* (same words elsewhere), *reworded* (still
recognisable; back to review) or *gone*.
"""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from compliance.text.likeness import Lookalikes, likeness, words
from compliance.text.normalise import clause_hash
from compliance.text.reading import reading
from compliance.text.segment import Unit, units

ALIKE = 0.5  # from this likeness on, a passage is the clause in other words


class Fate(StrEnum):
    UNCHANGED = "unchanged"
    MOVED = "moved"
    REWORDED = "reworded"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Anchor:
    """`wording` is the clause as it was accepted, `start` and `end` its offsets in that version, `sha256` the hash of its
    normalised text, `before` and `after` the hashes of the neighbouring units ("" at either end of the text)."""

    start: int
    end: int
    wording: str
    sha256: str
    before: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the clause stands in the new version; offsets are None when it is gone. `likeness` is 0 to 1."""

    fate: Fate
    start: int | None
    end: int | None
    likeness: float


class Text:
    """One version, prepared once for anchoring any number of clauses in it."""

    def __init__(self, text: str) -> None:
        self.text = text
        plain = reading(text)
        self._letters, self._offsets = _letters(plain)
        self._plain = plain

    @cached_property
    def units(self) -> list[Unit]:
        return units(self.text)

    @cached_property
    def _lookalikes(self) -> Lookalikes:
        return Lookalikes([words(self.text[unit.start : unit.end]) for unit in self.units])

    def anchor(self, start: int, end: int) -> Anchor:
        """Anchor `text[start:end]`. ValueError when the offsets do not lie in the text or enclose nothing."""
        if not 0 <= start < end <= len(self.text):
            raise ValueError(f"no clause between {start} and {end}: the text has {len(self.text)} characters")
        wording = self.text[start:end]
        return Anchor(start, end, wording, clause_hash(wording), *self._neighbours(start, end))

    def _neighbours(self, start: int, end: int) -> tuple[str, str]:
        first = bisect_right([unit.end for unit in self.units], start)
        last = bisect_left([unit.start for unit in self.units], end)
        before = self.units[first - 1] if first > 0 else None
        after = self.units[last] if last < len(self.units) else None
        return self._hash(before), self._hash(after)

    def _hash(self, unit: Unit | None) -> str:
        return clause_hash(self.text[unit.start : unit.end]) if unit else ""

    def find(self, anchor: Anchor) -> Place:
        """The fate of `anchor` in this version."""
        exact = list(dict.fromkeys(span for span in self._occurrences(anchor.wording) if self._says(span, anchor)))
        if exact:
            return self._same_words(anchor, exact)
        return self._other_words(anchor)

    def stands(self, wording: str, sha256: str) -> tuple[int, int] | None:
        """Where a passage of this hash, so worded (layout, case and typography aside), stands first; None where it does not."""
        return next(
            (span for span in self._occurrences(wording) if clause_hash(self.text[slice(*span)]) == sha256), None
        )

    def nearest(self, wording: str, offset: int) -> tuple[int, int] | None:
        """Of the places where the letters of `wording` stand in a row, the one nearest to `offset`; None for none."""
        found = self._occurrences(wording)
        return min(found, key=lambda span: (abs(span[0] - offset), span[0] - span[1])) if found else None

    def _same_words(self, anchor: Anchor, spans: list[tuple[int, int]]) -> Place:
        """Of several equal passages the one with the same neighbours, then the nearest."""

        def rank(span: tuple[int, int]) -> tuple[int, int]:
            return -self._kept_neighbours(anchor, span), abs(span[0] - anchor.start)

        start, end = min(spans, key=rank)
        stays = self._kept_neighbours(anchor, (start, end)) > 0 or start == anchor.start
        return Place(Fate.UNCHANGED if stays else Fate.MOVED, start, end, 1.0)

    def _kept_neighbours(self, anchor: Anchor, span: tuple[int, int]) -> int:
        before, after = self._neighbours(*span)
        return (before == anchor.before) + (after == anchor.after)

    def _occurrences(self, wording: str) -> list[tuple[int, int]]:
        """Where the letters and digits of `wording` stand in a row, as whole words, whatever the layout between them."""
        needle, _offsets = _letters(reading(wording))
        found: list[tuple[int, int]] = []
        at = self._letters.find(needle) if needle else -1
        while at >= 0 and len(found) < 50:
            start, end = self._offsets[at], self._offsets[at + len(needle) - 1] + 1
            if not (self._plain[max(0, start - 1) : start].isalnum() or self._plain[end : end + 1].isalnum()):
                found.extend((self._widened(start, end, wording), (start, end)))
            at = self._letters.find(needle, at + 1)
        return found

    def _says(self, span: tuple[int, int], anchor: Anchor) -> bool:
        return clause_hash(self.text[slice(*span)]) == anchor.sha256

    def _widened(self, start: int, end: int, wording: str) -> tuple[int, int]:
        """The span with the brackets, quotation marks and stops that open and close `wording`, where they stand here too."""
        letters = [offset for offset, character in enumerate(wording) if character.isalnum()]
        opening, closing = wording[: letters[0]], wording[letters[-1] + 1 :]
        if opening and self.text.endswith(opening, 0, start):
            start -= len(opening)
        return start, end + len(closing) if closing and self.text.startswith(closing, end) else end

    def _other_words(self, anchor: Anchor) -> Place:
        """The run of units that is most like the clause, if any is like it enough."""
        wording = words(anchor.wording)
        near = self._lookalikes.candidates(wording)
        if not near:
            return Place(Fate.GONE, None, None, 0.0)
        runs = {
            (self.units[first].start, self.units[last].end)
            for k in near
            for first in range(max(0, k - 2), k + 1)
            for last in range(k, min(len(self.units), first + 3))
        }
        alike, _distance, span = max(
            (likeness(wording, words(self.text[start:end])), -abs(start - anchor.start), (start, end))
            for start, end in runs
        )
        if alike < ALIKE:
            return Place(Fate.GONE, None, None, round(alike, 3))
        return Place(Fate.REWORDED, span[0], span[1], round(min(alike, 0.999), 3))


def _letters(plain: str) -> tuple[str, list[int]]:
    """The letters and digits of `plain`, lower case, and where each stood."""
    kept = [(character.lower(), offset) for offset, character in enumerate(plain) if character.isalnum()]
    single = [(lower, offset) for lower, offset in kept if len(lower) == 1]
    return "".join(lower for lower, _offset in single), [offset for _lower, offset in single]
