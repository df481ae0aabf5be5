"""One of the processes that share the work of a folder: `python -m audits.spilling.worker FOLDER PHASE NUMBER OF`.

It takes every OF-th piece of the phase that is not done, and prints a line for each that it finished. All processes of a folder
run with the same PYTHONHASHSEED: keys are Python's own hashes. Exit code 2: an output cannot be used; the reason is printed.
"""

import gc
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from audits.lineage.outputs import OutputsError
from audits.spilling.blocks import BlockTracer
from audits.spilling.outputs import index_block, merge_repeats, merge_runs
from audits.spilling.plan import Plan, read_plan
from audits.spilling.postings import RANGES

PHASES = ("outputs", "repeats", "merge", "rows")


def pieces_of(plan: Plan, phase: str) -> int:
    """How many pieces the work of a phase is cut into."""
    return {
        "outputs": len(plan.outputs.blocks),
        "repeats": 1,
        "merge": RANGES,
        "rows": len(plan.dataset.blocks),
    }[phase]


def mark(folder: Path, phase: str, piece: int) -> Path:
    """The file that says that a piece is done; of rows it is the result itself."""
    return folder / phase / f"{piece:06}.{'json' if phase == 'rows' else 'done'}"


def main(folder: Path, phase: str, number: int, of: int) -> int:
    """Do this process's pieces of the phase."""
    gc.set_threshold(200_000, 50, 100)
    plan = read_plan(folder)
    todo = [piece for piece in range(number, pieces_of(plan, phase), of) if not mark(folder, phase, piece).exists()]
    if not todo:
        return 0
    try:
        for piece in _done(_work(plan, folder, phase), todo):
            if phase != "rows":
                mark(folder, phase, piece).touch()
            print(piece, flush=True)
    except OutputsError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def _done(work: Callable[[int], None], todo: list[int]) -> Iterator[int]:
    for piece in todo:
        work(piece)
        yield piece


def _work(plan: Plan, folder: Path, phase: str) -> Callable[[int], None]:
    blocks, index = folder / "outputs", folder / "index"
    if phase == "outputs":
        return lambda piece: index_block(plan, blocks, piece)
    if phase == "repeats":
        return lambda piece: merge_repeats(plan, blocks, index)
    if phase == "merge":
        return lambda piece: merge_runs(blocks, index, piece)
    tracer = BlockTracer(plan, index)
    return lambda piece: tracer.trace_block(piece, mark(folder, phase, piece))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
