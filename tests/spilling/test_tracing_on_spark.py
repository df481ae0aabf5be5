"""Spark hands out the same pieces, so its answers are those of one machine: tried on a Spark with two processes of Python."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from audits.datasets.reading import read_rows
from audits.lineage.outputs import read_outputs
from audits.lineage.tracing import trace
from audits.spilling.worker import WrongSeed, do_piece
from tests.benchmarks.trace_case import Case, write_case

ROOT = Path(__file__).resolve().parents[2]
SPARK = {
    "PYSPARK_PYTHON": sys.executable,
    "PYTHONPATH": str(ROOT),
    "SPARK_LOCAL_IP": "127.0.0.1",
    "PYSPARK_SUBMIT_ARGS": "--master local[2] --driver-memory 512m --conf spark.ui.enabled=false pyspark-shell",
}


def hard_case(folder: Path) -> Case:
    """Rows of every kind as Parquet: repeated answers and rows, near matches, labels, rows of nobody's."""
    case = write_case(folder, 360, 3)
    said = [json.loads(line) for line in case.outputs.read_text().splitlines()]
    again = [entry | {"id": f"again-{number}"} for number, entry in enumerate(said[:40])]
    label = {"id": "label", "model": "judge", "text": "spam", "prompt": "Spam or not?\nWin a free cruise"}
    case.outputs.write_text("".join(json.dumps(entry) + "\n" for entry in [*said, *again, label]))
    rows = [json.loads(line) for line in case.dataset.read_text().splitlines()]
    rows += [{"instruction": "Win a free cruise", "output": "spam"}, *rows[:20]]
    table = case.dataset.with_suffix(".parquet")
    pq.write_table(pa.Table.from_pylist(rows), table)
    return Case(case.outputs, table, case.truth)


def test_a_cluster_gives_the_answers_of_one_machine(tmp_path: Path) -> None:
    case, work = hard_case(tmp_path / "case"), tmp_path / "work"
    program = [sys.executable, "-m", "audits.spilling.spark", str(case.outputs), str(case.dataset), str(work), "150"]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONHASHSEED"} | SPARK
    done = subprocess.run(program, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    answer = json.loads(Path(json.loads(done.stdout.splitlines()[-1])["answer"]).read_text())
    in_memory = trace(read_outputs(case.outputs), read_rows(case.dataset)).as_json()
    assert answer == json.loads(json.dumps(in_memory))
    assert {match["kind"] for match in answer["matches"]} == {"exact", "normalised", "contained", "near"}
    assert len(list((work / "rows").iterdir())) == 3, "several pieces, or nothing was shared out"
    with pytest.raises(WrongSeed, match="PYTHONHASHSEED=0"):
        do_piece(work, "outputs", 0)


class LostMachine(Exception):
    pass


class Cluster:
    """A context whose machine is lost in the middle: pieces before that are done, the rest is not."""

    def __init__(self, pieces: int) -> None:
        self._left = pieces

    def parallelize(self, c: Sequence[int], numSlices: int) -> "Cluster":
        self._pieces = list(c)
        return self

    def foreachPartition(self, f: Callable[[Iterable[int]], None]) -> Any:
        for piece in self._pieces:
            if not self._left:
                raise LostMachine
            self._left -= 1
            f([piece])


def test_what_a_lost_cluster_had_done_is_not_done_again(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from audits.spilling.spark import trace_on_spark\n"
        "from tests.spilling.test_tracing_on_spark import Cluster, LostMachine\n"
        "case, work = Path(sys.argv[1]), Path(sys.argv[2])\n"
        "def run(pieces): return trace_on_spark(Cluster(pieces), case / 'outputs.jsonl', case / 'train.jsonl', work, block=40)\n"
        "try: run(6)\n"
        "except LostMachine: marks = {path: path.stat().st_mtime_ns for path in work.rglob('*.done')}\n"
        "print(len(marks), run(10_000), all(path.stat().st_mtime_ns == was for path, was in marks.items()))\n"
    )
    case = write_case(tmp_path / "case", 150, 4)
    program = [sys.executable, "-c", code, str(tmp_path / "case"), str(tmp_path / "work")]
    done = subprocess.run(
        program, env=os.environ | {"PYTHONHASHSEED": "0"}, cwd=ROOT, capture_output=True, text=True, check=True
    )
    marks, answer, kept = done.stdout.split()
    assert (int(marks), kept) == (6, "True")
    in_memory = trace(read_outputs(case.outputs), read_rows(case.dataset)).as_json()
    assert json.loads(Path(answer).read_text()) == json.loads(json.dumps(in_memory))
