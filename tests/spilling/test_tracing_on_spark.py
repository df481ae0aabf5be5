"""Spark hands out the same pieces, so the answers are the same. A stand-in hands them out here, each to a process of its own."""

import json
import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence

import pytest

from audits.datasets.reading import read_rows
from audits.lineage.outputs import read_outputs
from audits.lineage.tracing import trace
from audits.spilling.spark import trace_on_spark
from audits.spilling.worker import WrongSeed, do_piece
from tests.benchmarks.trace_case import write_case

RUN = "import pickle, sys; work, pieces = pickle.load(sys.stdin.buffer); work(pieces)"


class Cluster:
    """As much of a Spark context as is used: functions go out pickled, last pieces first, and hash as Spark's processes do."""

    def parallelize(self, c: Sequence[int], numSlices: int) -> "Cluster":
        assert numSlices == len(c)
        self.pieces = list(c)
        return self

    def foreachPartition(self, f: Callable[[Iterable[int]], None]) -> None:
        sent = pickle.dumps((f, self.pieces[::-1]))
        environment = os.environ | {"PYTHONHASHSEED": "0"}
        subprocess.run([sys.executable, "-c", RUN], input=sent, check=True, env=environment)


def test_a_cluster_gives_the_answers_of_one_machine(tmp_path, monkeypatch):
    monkeypatch.delenv("PYTHONHASHSEED", raising=False)
    case = write_case(tmp_path / "case", 400, 3)
    answer = trace_on_spark(Cluster(), case.outputs, case.dataset, tmp_path / "work", block=150)
    in_memory = trace(read_outputs(case.outputs), read_rows(case.dataset)).as_json()
    assert json.loads(answer.read_text()) == json.loads(json.dumps(in_memory))
    with pytest.raises(WrongSeed, match="PYTHONHASHSEED=0"):
        do_piece(tmp_path / "work", "outputs", 0)
