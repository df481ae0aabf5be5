"""Two texts laid side by side: how much of one stands in the other, and where.

Everything here counts words of canonical forms (canonical.py). A word counts as found when it stands in a run of three words
that the other text holds too; single words that happen to agree prove nothing.
"""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["exact", "normalised", "contained", "near", "label"]
SHORT_RUN = 3
FEWEST_CONTAINED = 8
FEWEST_NEAR = 12
LEAST_SHARE = 0.6
PASSAGE = 40
LEAST_SHARE_OF_PASSAGE = 0.25


@dataclass(frozen=True, slots=True)
class Overlap:
    """What a row's text shares with an output: the share of the shorter one's words, and which words of the row (0, 1)."""

    kind: Kind
    similarity: float
    covered: bytes


class Prepared:
    """A text in all the forms that comparing needs, each made once and only when asked for."""

    __slots__ = ("_joined", "_short_runs", "_short_set", "words")

    def __init__(self, words: list[str]) -> None:
        self.words = words
        self._joined: str | None = None
        self._short_runs: list[int] | None = None
        self._short_set: frozenset[int] | None = None

    def __len__(self) -> int:
        return len(self.words)

    @property
    def joined(self) -> str:
        if self._joined is None:
            self._joined = " ".join(self.words)
        return self._joined

    @property
    def short_runs(self) -> list[int]:
        if self._short_runs is None:
            words = self.words
            self._short_runs = list(map(hash, zip(words, words[1:], words[2:], strict=False)))
        return self._short_runs

    @property
    def short_set(self) -> frozenset[int]:
        if self._short_set is None:
            self._short_set = frozenset(self.short_runs)
        return self._short_set


def overlap(row: Prepared, output: Prepared, taken: bytes) -> Overlap | None:
    """How the row's text derives from the output's, words already `taken` by another output left out; None when it does not."""
    whole = _containment(row, output)
    if whole is not None:
        fresh = _without(whole, taken)
        return Overlap("contained", 1.0, fresh) if sum(fresh) >= FEWEST_CONTAINED else None
    return _likeness(row, output, taken)


def own_words(row: Prepared, shared: Overlap, prompt: Prepared) -> int:
    """How many of the shared words did not stand in the prompt already: those the model added."""
    return sum(_without(shared.covered, _covered(row, prompt.short_set)))


def _containment(row: Prepared, output: Prepared) -> bytes | None:
    """The row's words that are covered when one text stands in the other as it is, words cut in half at its ends included."""
    if FEWEST_CONTAINED <= len(row) <= len(output):
        return b"\x01" * len(row) if row.joined in output.joined else None
    if FEWEST_CONTAINED <= len(output) < len(row):
        at = row.joined.find(output.joined)
        if at >= 0:
            first = row.joined.count(" ", 0, at)
            return bytes(first) + b"\x01" * len(output) + bytes(len(row) - first - len(output))
    return None


def _likeness(row: Prepared, output: Prepared, taken: bytes) -> Overlap | None:
    fresh = _without(_covered(row, output.short_set), taken)
    found = sum(fresh)
    if found < FEWEST_NEAR:
        return None
    share_of_row = found / len(row)
    share_of_output = min(1.0, sum(_covered(output, row.short_set)) / len(output), found / len(output))
    share = max(share_of_row, share_of_output)
    longest = max(map(len, fresh.split(b"\x00")))
    if share < LEAST_SHARE and not (longest >= PASSAGE and share >= LEAST_SHARE_OF_PASSAGE):
        return None
    cut = longest >= 0.9 * found and share < 0.9  # one piece taken over as it is, and other text around it
    return Overlap("contained" if cut else "near", round(share, 4), fresh)


def _covered(text: Prepared, runs: frozenset[int]) -> bytes:
    """For each word of the text 1 when it stands in one of these runs."""
    marks = bytearray(len(text))
    for at, run in enumerate(text.short_runs):
        if run in runs:
            marks[at : at + SHORT_RUN] = b"\x01\x01\x01"
    return bytes(marks)


def _without(covered: bytes, taken: bytes) -> bytes:
    """The words covered and not taken yet."""
    if not any(taken):
        return covered
    return bytes(map(int.__gt__, covered, taken))
