"""Sorted (key, place) pairs on disk: written by block, merged by range of keys, asked for many keys at once.

Keys are 64-bit hashes, places are positions of outputs. A range is what the key's highest bits say, so that each can be merged,
and later searched, alone in memory.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

Keys = npt.NDArray[np.uint64]
Places = npt.NDArray[np.uint32]
RANGE_BITS = 5
RANGES = 1 << RANGE_BITS


def as_keys(hashes: Iterable[int]) -> Keys:
    """Python's own hashes (signed) as keys."""
    return np.fromiter(hashes, dtype=np.int64).view(np.uint64)


def write_block(folder: Path, kind: str, block: int, keys: Keys, places: Places) -> None:
    """One block's pairs, sorted by key and place, each once. `places` must not fall."""
    order = np.argsort(keys, kind="stable")
    keys, places = keys[order], places[order]
    first = np.ones(len(keys), dtype=bool)
    first[1:] = (keys[1:] != keys[:-1]) | (places[1:] != places[:-1])
    np.save(folder / f"{kind}-{block:06}.keys.npy", keys[first])
    np.save(folder / f"{kind}-{block:06}.places.npy", places[first])


def merge_range(
    source: Path, target: Path, kind: str, number: int, most: int, left_out: npt.NDArray[np.bool_] | None
) -> Places:
    """Merge one range over all blocks, `most` places a key at most, and return the places that were not their key's first.

    `left_out`: places that are not to be found at all.
    """
    keys, places = _range_of_blocks(source, kind, number)
    if left_out is not None:
        kept = ~left_out[places]
        keys, places = keys[kept], places[kept]
    order = np.argsort(keys, kind="stable")  # blocks come in the order of their places
    keys, places = keys[order], places[order]
    begins = (
        np.flatnonzero(np.concatenate(([True], keys[1:] != keys[:-1]))) if len(keys) else np.zeros(0, dtype=np.int64)
    )
    rank = np.arange(len(keys)) - np.repeat(begins, np.diff(np.append(begins, len(keys))))
    np.save(target / f"{kind}-{number:02}.keys.npy", keys[rank < most])
    np.save(target / f"{kind}-{number:02}.places.npy", places[rank < most])
    return places[rank > 0]


def _range_of_blocks(source: Path, kind: str, number: int) -> tuple[Keys, Places]:
    keys: list[Keys] = [np.zeros(0, dtype=np.uint64)]
    places: list[Places] = [np.zeros(0, dtype=np.uint32)]
    for path in sorted(source.glob(f"{kind}-*.keys.npy")):
        held = np.load(path, mmap_mode="r")
        begin, end = _bounds(held, number)
        if begin < end:
            keys.append(np.array(held[begin:end]))
            of_keys = np.load(path.with_name(path.name.replace(".keys.", ".places.")), mmap_mode="r")
            places.append(np.array(of_keys[begin:end]))
    return np.concatenate(keys), np.concatenate(places)


def _bounds(keys: Keys, number: int) -> tuple[int, int]:
    shift = 64 - RANGE_BITS
    begin = int(np.searchsorted(keys, np.uint64(number << shift)))
    end = len(keys) if number == RANGES - 1 else int(np.searchsorted(keys, np.uint64((number + 1) << shift)))
    return begin, end


def _once(keys: Keys) -> Keys:
    """Each key once, in order; numpy's own unique hashes first, which takes four times as long."""
    ordered = np.sort(keys)
    first = np.ones(len(ordered), dtype=bool)
    first[1:] = ordered[1:] != ordered[:-1]
    return ordered[first]


class Postings:
    """The merged pairs of one kind, searched range by range; no range stays mapped after it was searched."""

    def __init__(self, folder: Path, kind: str) -> None:
        self._folder, self._kind = folder, kind

    def find(self, keys: Keys) -> dict[int, int | list[int]]:
        """Key (as Python's signed hash) → the place, or places, that hold it; unknown keys are left out."""
        wanted = _once(keys)
        found: dict[int, int | list[int]] = {}
        for number in range(RANGES):
            begin, end = _bounds(wanted, number)
            if begin < end:
                found.update(self._in_range(number, wanted[begin:end]))
        return found

    def _in_range(self, number: int, wanted: Keys) -> Iterator[tuple[int, int | list[int]]]:
        held = np.load(self._folder / f"{self._kind}-{number:02}.keys.npy", mmap_mode="r")
        places = np.load(self._folder / f"{self._kind}-{number:02}.places.npy", mmap_mode="r")
        if not len(held):
            return
        left = np.searchsorted(held, wanted)
        here = held[np.minimum(left, len(held) - 1)] == wanted
        wanted, left = wanted[here], left[here]
        size = np.searchsorted(held, wanted, side="right") - left
        one = size == 1
        yield from zip(wanted[one].view(np.int64).tolist(), places[left[one]].tolist(), strict=True)
        several = zip(wanted[~one].view(np.int64).tolist(), left[~one].tolist(), size[~one].tolist(), strict=True)
        for key, at, count in several:
            yield key, places[at : at + count].tolist()
