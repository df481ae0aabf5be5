"""A lineage case too large for memory, with a known answer: written in chunks, its rows shuffled through the disk.

Texts are as those of trace_case.py, but a third of them open with a sentence that many others share, and rows do not follow the
order of the answers: both are what makes large data sets hard.
"""

import json
import random
import shutil
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tests.benchmarks.trace_case import KINDS, vocabulary, ways

CHUNK = 20_000
BUCKETS = 64
OPENINGS = 400
SHARED_OPENING = 0.3
ABSENT = ("human", "unused")


def write_large_case(folder: Path, rows: int, seed: int) -> tuple[Path, Path]:
    """Write `outputs.jsonl` and `train.jsonl` (about 600 bytes a row each); memory holds a chunk or a 64th of the rows.

    `truth.npy` says by row which answer it derives from, `kinds.npy` by answer how (an index into KINDS).
    """
    folder.mkdir(parents=True, exist_ok=True)
    outputs, train = folder / "outputs.jsonl", folder / "train.jsonl"
    chosen, numbers = random.Random(seed), np.random.default_rng(seed)
    weights = np.array(list(KINDS.values()), dtype=float)
    kinds = numbers.choice(len(KINDS), size=rows, p=weights / weights.sum()).astype(np.uint8)
    np.save(folder / "kinds.npy", kinds)
    buckets = [folder / f"bucket-{number:02}" for number in range(BUCKETS)]
    files = [path.open("w") for path in buckets]
    with outputs.open("w") as said_file:
        for number, body in enumerate(_bodies(rows, numbers)):
            kind = list(KINDS)[kinds[number]]
            said, kept = ways(kind, body, chosen)
            if kind == "human":
                kept = " ".join(reversed(body.split(" ")))  # the answer was thrown away; the row's text is another
            entry = {"id": f"o{number}", "model": f"model-{number % 3}", "text": said}
            said_file.write(json.dumps(entry) + "\n")
            line = json.dumps({"instruction": f"Question {number}?", "output": kept})
            files[chosen.randrange(BUCKETS)].write(f"{number}\t{line}\n")
    for file in files:
        file.close()
    np.save(folder / "truth.npy", _shuffled(buckets, train, chosen, rows))
    return outputs, train


def _shuffled(buckets: list[Path], train: Path, rng: random.Random, rows: int) -> npt.NDArray[np.uint32]:
    order = np.zeros(rows, dtype=np.uint32)
    at = 0
    with train.open("w") as file:
        for bucket in buckets:
            lines = bucket.read_text().splitlines()
            rng.shuffle(lines)
            for line in lines:
                number, _, row = line.partition("\t")
                order[at] = int(number)
                file.write(row + "\n")
                at += 1
            bucket.unlink()
    return order


def _bodies(rows: int, rng: np.random.Generator) -> Iterator[str]:
    counted = vocabulary()
    words = np.array(list(counted), dtype=object)
    steps = np.cumsum(np.array(list(counted.values()), dtype=float))
    steps /= steps[-1]

    def drawn(size: int) -> list[str]:
        found: list[str] = words[np.searchsorted(steps, rng.random(size))].tolist()
        return found

    openings = [" ".join(drawn(12)) + ". " for _ in range(OPENINGS)]
    for start in range(0, rows, CHUNK):
        count = min(CHUNK, rows - start)
        bounds = np.concatenate(([0], np.cumsum(rng.integers(40, 140, size=count)))).tolist()
        text = drawn(bounds[-1])
        shared = (rng.random(count) < SHARED_OPENING).tolist()
        which = rng.integers(OPENINGS, size=count).tolist()
        for at, (begin, end) in enumerate(pairwise(bounds)):
            body = ". ".join(" ".join(text[cut : min(cut + 11, end)]) for cut in range(begin, end, 11))
            yield openings[which[at]] + body if shared[at] else body


def scores(folder: Path, claims: Iterator[tuple[int, str]]) -> dict[str, float]:
    """Recall by kind and precision of (row, output) claims on the case that lies in this folder."""
    kinds, truth = np.load(folder / "kinds.npy"), np.load(folder / "truth.npy")
    names = list(KINDS)
    absent = [names.index(kind) for kind in ABSENT]
    found = np.zeros(len(truth), dtype=bool)
    wrong = 0
    for row, output in claims:
        number = int(truth[row])
        right = output == f"o{number}" and kinds[number] not in absent
        found[row] |= right
        wrong += not right
    by_row = kinds[truth]
    answer = {kind: float(found[by_row == names.index(kind)].mean()) for kind in names if kind not in ABSENT}
    return answer | {"precision": float(found.sum() / max(1, int(found.sum()) + wrong))}


def remove_case(folder: Path) -> None:
    """Remove a case; only a folder that holds one is touched."""
    if (folder / "truth.npy").exists():
        shutil.rmtree(folder)
