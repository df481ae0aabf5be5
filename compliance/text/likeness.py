"""How alike two wordings are, and how two sequences align. Pure: standard library only; no step is quadratic in the text."""

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from itertools import pairwise

from compliance.text.reading import reading

_WORD = re.compile(r"[^\W_]+(?:['.][^\W_]+)*")
_COMMONPLACE = 12  # a pair of words that stands in more wordings than this tells none of them apart


def words(text: str) -> list[str]:
    """The words and numbers of `text`, case folded, without mark-up and link targets."""
    return [word.casefold() for word in _WORD.findall(reading(text))]


def likeness(one: Sequence[str], other: Sequence[str]) -> float:
    """0 (nothing in common) to 1 (the same words in the same order): Dice's coefficient over single words and pairs."""
    if not one or not other:
        return 1.0 if list(one) == list(other) else 0.0
    left, right = _features(one), _features(other)
    return 2 * sum((left & right).values()) / (left.total() + right.total())


def _features(sequence: Sequence[str]) -> Counter[tuple[str, ...]]:
    return Counter([*((word,) for word in sequence), *pairwise(sequence)])


class Lookalikes:
    """Finds, among many wordings, those that may be like a given one: by the rare pairs of words they share."""

    def __init__(self, wordings: Iterable[Sequence[str]]) -> None:
        self._holders: dict[tuple[str, ...], list[int]] = {}
        for index, wording in enumerate(wordings):
            for pair in _marks(wording):
                self._holders.setdefault(pair, []).append(index)

    def candidates(self, wording: Sequence[str], most: int = 8) -> list[int]:
        """Indices of at most `most` wordings, the likeliest first."""
        shared: Counter[int] = Counter()
        for pair in _marks(wording):
            holders = self._holders.get(pair, ())
            if len(holders) <= _COMMONPLACE:
                shared.update(holders)
        return [index for index, _count in shared.most_common(most)]


def _marks(wording: Sequence[str]) -> set[tuple[str, ...]]:
    """Pairs of neighbouring words; of a single word, the word."""
    return set(pairwise(wording)) or {(word,) for word in wording}


def aligned(old: Sequence[Hashable], new: Sequence[Hashable]) -> list[tuple[int, int]]:
    """Pairs (index in `old`, index in `new`) of equal items, rising in both: a patience diff.

    Items that occur once on either side are matched first, in the longest order both sides share; what lies between is
    treated alike, after its common beginning and end. O(n log n) per level, and levels grow only where unique items do.
    """
    pairs: list[tuple[int, int]] = []
    spans = [(0, len(old), 0, len(new))]
    while spans:
        old_start, old_end, new_start, new_end = spans.pop()
        while old_start < old_end and new_start < new_end and old[old_start] == new[new_start]:
            pairs.append((old_start, new_start))
            old_start, new_start = old_start + 1, new_start + 1
        while old_start < old_end and new_start < new_end and old[old_end - 1] == new[new_end - 1]:
            old_end, new_end = old_end - 1, new_end - 1
            pairs.append((old_end, new_end))
        if old_start == old_end or new_start == new_end:
            continue
        fixed = _rising(_unique_pairs(old, old_start, old_end, new, new_start, new_end))
        if not fixed:
            continue
        for old_at, new_at in [*fixed, (old_end, new_end)]:
            spans.append((old_start, old_at, new_start, new_at))
            old_start, new_start = old_at + 1, new_at + 1
        pairs.extend(fixed)
    return sorted(pairs)


def _unique_pairs(
    old: Sequence[Hashable], old_start: int, old_end: int, new: Sequence[Hashable], new_start: int, new_end: int
) -> list[tuple[int, int]]:
    """Where items stand that occur exactly once in each of the two stretches, in the order of `old`."""
    old_counts, new_counts = Counter(old[old_start:old_end]), Counter(new[new_start:new_end])
    places = {new[index]: index for index in range(new_start, new_end) if new_counts[new[index]] == 1}
    return [
        (index, places[old[index]])
        for index in range(old_start, old_end)
        if old_counts[old[index]] == 1 and old[index] in places
    ]


def _rising(pairs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The longest subsequence of `pairs` that rises in its second members."""
    tails: list[int] = []
    tail_index: list[int] = []
    previous: list[int] = []
    for index, (_old, new) in enumerate(pairs):
        place = bisect_left(tails, new)
        previous.append(tail_index[place - 1] if place else -1)
        if place == len(tails):
            tails.append(new)
            tail_index.append(index)
        else:
            tails[place], tail_index[place] = new, index
    chain: list[tuple[int, int]] = []
    index = tail_index[-1] if tail_index else -1
    while index >= 0:
        chain.append(pairs[index])
        index = previous[index]
    return chain[::-1]
