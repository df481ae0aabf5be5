"""Counting with a fixed amount of memory: what was seen before, what is frequent. PURE."""

import heapq
from collections.abc import Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)


class Seen:
    """Whether a hash was seen before: a Bloom filter of 4 MB. Of a million, about one in 7,000 is taken for seen wrongly."""

    _BITS = 1 << 25

    def __init__(self) -> None:
        self._bits = bytearray(self._BITS >> 3)

    def add(self, digest: bytes) -> bool:
        """Note a hash (16 bytes); tells whether it was there."""
        known, bits = True, self._bits
        for at in (0, 4, 8, 12):
            place = int.from_bytes(digest[at : at + 4], "little") & (self._BITS - 1)
            byte, bit = place >> 3, 1 << (place & 7)
            if not bits[byte] & bit:
                known = False
                bits[byte] |= bit
        return known

    def __contains__(self, digest: bytes) -> bool:
        places = (int.from_bytes(digest[at : at + 4], "little") & (self._BITS - 1) for at in (0, 4, 8, 12))
        return all(self._bits[place >> 3] & 1 << (place & 7) for place in places)


class Frequent(Generic[Key]):
    """Counts of the most frequent keys (Metwally's space saving, thinned by halves): at most `most` are held.

    A key's count is never too low by more than the counts that were dropped, and never too high.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self.counts: dict[Key, int] = {}
        self.dropped = 0

    def add(self, key: Key) -> int:
        """Count a key; tells its count."""
        count = self.counts.get(key, 0) + 1
        self.counts[key] = count
        if len(self.counts) > self._most:
            self._thin()
        return count

    def _thin(self) -> None:
        kept = heapq.nlargest(self._most // 2, self.counts.items(), key=lambda item: item[1])
        self.dropped += len(self.counts) - len(kept)
        self.counts = dict(kept)

    def top(self, most: int) -> list[tuple[Key, int]]:
        """The most frequent keys with their counts, most first."""
        return heapq.nlargest(most, self.counts.items(), key=lambda item: item[1])
