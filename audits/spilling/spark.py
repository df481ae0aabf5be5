"""The same work on the machines of a Spark cluster: Spark hands out the pieces, and does again those that a machine lost.

    spark-submit --py-files clausetrail.zip audits/spilling/spark.py OUTPUTS DATASET FOLDER [ROWS-A-PIECE]

Input files and work folder lie on storage that all machines see under the same path (NFS, a mounted object store). pyspark and
numpy must be on the machines; pyspark is no requirement of Clausetrail's own. Answers are those of one machine.
"""

import importlib
import json
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from audits.spilling.plan import BLOCK, make_plan
from audits.spilling.tracing import prepare, put_together
from audits.spilling.worker import PHASES, do_piece, mark, pieces_of


class Context(Protocol):
    """What is used of pyspark's SparkContext."""

    def parallelize(self, c: Sequence[int], numSlices: int) -> Any: ...


def trace_on_spark(context: Context, outputs: Path, dataset: Path, folder: Path, *, block: int = BLOCK) -> Path:
    """Trace with the machines of a Spark context, and return the file with the answer, as trace_on_disk does.

    Python processes of Spark all hash with the driver's PYTHONHASHSEED, or 0: the plan takes that seed over. Raises as
    trace_on_disk; an output that is none fails the Spark job with its line.
    """
    seed = int(os.environ.get("PYTHONHASHSEED") or "0")
    plan = prepare(folder, make_plan(folder, outputs, dataset, block=block, seed=seed))
    for phase in PHASES:
        todo = [piece for piece in range(pieces_of(plan, phase)) if not mark(folder, phase, piece).exists()]
        if todo:
            work: Callable[[Iterable[int]], None] = partial(_do, folder.resolve(), phase)
            context.parallelize(todo, len(todo)).foreachPartition(work)
    return put_together(plan, folder)


def _do(folder: Path, phase: str, pieces: Iterable[int]) -> None:
    for piece in pieces:
        do_piece(folder, phase, piece)


if __name__ == "__main__":
    session = importlib.import_module("pyspark.sql").SparkSession.builder.appName("Clausetrail: trace").getOrCreate()
    outputs, dataset, folder = (Path(argument).resolve() for argument in sys.argv[1:4])
    rows = int(sys.argv[4]) if len(sys.argv) > 4 else BLOCK
    answer = trace_on_spark(session.sparkContext, outputs, dataset, folder, block=rows)
    print(json.dumps({"answer": str(answer)}))
    session.stop()
