"""Tracing held against parsing and hashing the same text, and against two libraries that find near-duplicates.

Times are processor times within one run. The libraries get what their documentation suggests: five-word shingles of lower-cased
text, 128 permutations, a threshold of one half; every output that they name for a row is a claim.
"""

import hashlib
import json
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from datasketch import MinHash, MinHashLSH
from rensa import RMinHash, RMinHashLSH

from audits.datasets.reading import read_rows
from audits.lineage.outputs import read_outputs
from audits.lineage.rows import Row
from audits.lineage.tracing import trace
from tests.benchmarks.figures import Figure
from tests.benchmarks.trace_case import Case, write_case

ROWS = 5_000
PERMUTATIONS = 128
THRESHOLD = 0.5
Claims = set[tuple[int, str]]


def main() -> list[Figure]:
    """Ours first, then the two libraries on the same case."""
    with tempfile.TemporaryDirectory() as folder:
        case = write_case(Path(folder), ROWS, 1)
        limit = min(_timed(lambda: _parse_and_hash(case))[1] for _ in range(3))
        figures: list[Figure] = []
        for name, find in (("trace", _ours), ("datasketch", _datasketch), ("rensa", _rensa)):
            claims, took = min((_timed(partial(find, case)) for _ in range(2)), key=lambda one: one[1])
            figures += _figures(name, case, claims, took / limit)
        return figures


def _figures(name: str, case: Case, claims: Claims, times: float) -> Iterator[Figure]:
    ours = name == "trace"
    yield Figure(f"{name}: times parsing and hashing", times, at_most=8 if ours else None)
    for kind, pairs in case.truth.items():
        aim = (0.95 if kind == "near" else 0.99) if ours else None
        yield Figure(f"{name}: recall, {kind}", len(pairs & claims) / len(pairs), "", at_least=aim)
    right = set().union(*case.truth.values())
    precision = len(right & claims) / max(1, len(claims))
    yield Figure(f"{name}: precision", precision, "", at_least=0.995 if ours else None)


def _timed(work: Callable[[], Claims]) -> tuple[Claims, float]:
    began = time.process_time()
    return work(), time.process_time() - began


def _parse_and_hash(case: Case) -> Claims:
    for path in (case.outputs, case.dataset):
        with path.open() as file:
            for line in file:
                hashlib.blake2b(json.dumps(json.loads(line)).encode()).digest()
    return set()


def _ours(case: Case) -> Claims:
    return {(match.row, match.output) for match in trace(read_outputs(case.outputs), read_rows(case.dataset)).matches}


def _texts(case: Case) -> Iterator[tuple[int, str]]:
    for row in read_rows(case.dataset):
        if isinstance(row, Row) and isinstance(row.value, dict):
            yield row.number, row.value["output"]


def _shingles(text: str) -> list[str]:
    words = text.lower().split()
    return [" ".join(words[at : at + 5]) for at in range(max(1, len(words) - 4))]


def _datasketch(case: Case) -> Claims:
    def sketch(text: str) -> MinHash:
        made = MinHash(num_perm=PERMUTATIONS)
        made.update_batch([shingle.encode() for shingle in _shingles(text)])
        return made

    index = MinHashLSH(threshold=THRESHOLD, num_perm=PERMUTATIONS)
    for output in read_outputs(case.outputs):
        index.insert(output.id, sketch(output.text))
    return {(row, output) for row, text in _texts(case) for output in index.query(sketch(text))}


def _rensa(case: Case) -> Claims:
    def sketch(text: str) -> RMinHash:
        made = RMinHash(num_perm=PERMUTATIONS, seed=42)
        made.update(_shingles(text))
        return made

    names: list[str] = []
    index = RMinHashLSH(threshold=THRESHOLD, num_perm=PERMUTATIONS, num_bands=32)
    for place, output in enumerate(read_outputs(case.outputs)):
        names.append(output.id)
        index.insert(place, sketch(output.text))
    return {(row, names[place]) for row, text in _texts(case) for place in index.query(sketch(text))}
