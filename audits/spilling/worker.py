"""One of the processes that share the work of a folder: `python -m audits.spilling.worker FOLDER PHASE NUMBER OF`.

It takes every OF-th piece of the phase that is not done, and prints a line for each that it finished. All processes of a folder
run with the same PYTHONHASHSEED: keys are Python's own hashes. Exit code 2: an output cannot be used; the reason is printed.
"""

import gc
import os
import sys
from functools import lru_cache
from pathlib import Path

from audits.lineage.outputs import OutputsError
from audits.spilling.blocks import BlockTracer
from audits.spilling.outputs import index_block, merge_repeats, merge_runs
from audits.spilling.plan import Plan, read_plan
from audits.spilling.postings import RANGES

PHASES = ("outputs", "repeats", "merge", "rows")


class WrongSeed(RuntimeError):
    """This process hashes differently from those that wrote the keys; the message says what to set."""


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
    try:
        for piece in range(number, pieces_of(read_plan(folder), phase), of):
            if not mark(folder, phase, piece).exists():
                do_piece(folder, phase, piece)
                print(piece, flush=True)
    except OutputsError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def do_piece(folder: Path, phase: str, piece: int) -> None:
    """Do one piece and mark it done. Raises OutputsError for an output that is none, WrongSeed where keys would not agree."""
    plan = _plan_of(folder)
    if os.environ.get("PYTHONHASHSEED") != str(plan.seed):
        raise WrongSeed(f"{folder}: its keys need PYTHONHASHSEED={plan.seed} in every process that works on it.")
    blocks, index = folder / "outputs", folder / "index"
    if phase == "outputs":
        index_block(plan, blocks, piece)
    elif phase == "repeats":
        merge_repeats(plan, blocks, index)
    elif phase == "merge":
        merge_runs(blocks, index, piece)
    else:
        _tracer_of(folder).trace_block(piece, mark(folder, phase, piece))
    mark(folder, phase, piece).touch()


@lru_cache(maxsize=1)
def _plan_of(folder: Path) -> Plan:
    return read_plan(folder)


@lru_cache(maxsize=1)
def _tracer_of(folder: Path) -> BlockTracer:
    return BlockTracer(_plan_of(folder), folder / "index")


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
