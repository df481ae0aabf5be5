"""Outputs on disk: their keys written down block by block, and the outputs themselves read back one by one."""

import os
from array import array
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import overload

import numpy as np

from audits.lineage.canonical import canonical_words
from audits.lineage.index import MOST_IDENTICAL, MOST_POSTINGS, STRIDE, runs
from audits.lineage.outputs import Output, output_of
from audits.lineage.rows import LONGEST_ROW
from audits.spilling.plan import Plan
from audits.spilling.postings import RANGES, Keys, as_keys, merge_range, write_block

KINDS = {
    "text": MOST_IDENTICAL,
    "words": MOST_IDENTICAL,
    "run": MOST_POSTINGS + 1,
}  # places kept for a key, as in memory
_KEPT = 4_096


def index_block(plan: Plan, folder: Path, block: int) -> None:
    """Write the keys, lengths and places in the file of one block's outputs. Raises OutputsError for what is no output."""
    first = block * plan.outputs.block
    texts, words_keys, run_keys = array("q"), array("q"), array("q")
    run_counts, lengths, begins = array("I"), array("I"), array("Q")
    path = Path(str(plan.files["outputs"][0]))
    for row, at in plan.outputs.rows_of(block):
        output = output_of(path, row)
        words = canonical_words(output.text)
        before = len(run_keys)
        texts.append(hash(output.text))
        words_keys.append(hash(tuple(words)))
        run_keys.extend(runs(words, STRIDE))
        run_counts.append(len(run_keys) - before)
        lengths.append(len(words))
        begins.append(at)
    places = np.arange(first, first + len(lengths), dtype=np.uint32)
    write_block(folder, "text", block, _keys(texts), places)
    write_block(folder, "words", block, _keys(words_keys), places)
    write_block(folder, "run", block, _keys(run_keys), np.repeat(places, np.frombuffer(run_counts, dtype=np.uint32)))
    np.save(folder / f"lengths-{block:06}.npy", np.array(lengths, dtype=np.uint32))
    np.save(folder / f"begins-{block:06}.npy", np.array(begins, dtype=np.uint64))


def _keys(hashes: "array[int]") -> Keys:
    return as_keys(hashes)


def merge_repeats(plan: Plan, source: Path, target: Path) -> None:
    """Merge the keys of texts and words, and note which outputs say in the same words what an earlier one said."""
    repeated = np.zeros(plan.outputs.rows, dtype=bool)
    for number in range(RANGES):
        merge_range(source, target, "text", number, KINDS["text"], None)
        repeated[merge_range(source, target, "words", number, KINDS["words"], None)] = True
    np.save(target / "repeated.npy", repeated)
    for name in ("lengths", "begins"):
        parts = [np.load(path) for path in sorted(source.glob(f"{name}-*.npy"))]
        np.save(target / f"{name}.npy", np.concatenate(parts) if parts else np.zeros(0, dtype=np.uint64))


def merge_runs(source: Path, target: Path, number: int) -> None:
    """Merge one range of the runs; those of outputs that repeat an earlier one are left out, as in memory."""
    merge_range(source, target, "run", number, KINDS["run"], np.load(target / "repeated.npy"))


class OutputsOnDisk(Sequence[Output]):
    """Outputs by their place, read from their file when asked for; those met last are kept."""

    def __init__(self, plan: Plan, target: Path) -> None:
        self._plan = plan
        self._begins = memoryview(np.load(target / "begins.npy"))
        self._path = Path(plan.outputs.path)
        self._file = open(plan.outputs.path, "rb")  # noqa: SIM115 - open as long as this process asks
        self._size = os.fstat(self._file.fileno()).st_size
        self._kept: OrderedDict[int, Output] = OrderedDict()

    def __len__(self) -> int:
        return len(self._begins)

    @overload
    def __getitem__(self, place: int) -> Output: ...
    @overload
    def __getitem__(self, place: slice) -> list[Output]: ...
    def __getitem__(self, place: int | slice) -> Output | list[Output]:
        if isinstance(place, slice):
            return [self[at] for at in range(*place.indices(len(self)))]
        held = self._kept.get(place)
        if held is None:
            held = self._kept[place] = self._read(place)
            if len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return held

    def _read(self, place: int) -> Output:
        """One call of the system each: in a data set that was shuffled, these are most of the work."""
        begin = self._begins[place]
        end = self._begins[place + 1] if place + 1 < len(self._begins) else self._size
        raw = os.pread(self._file.fileno(), min(end - begin, LONGEST_ROW), begin)
        return output_of(self._path, self._plan.outputs.row_of(place, raw))

    def close(self) -> None:
        self._file.close()
