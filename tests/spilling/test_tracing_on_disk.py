"""Tracing through the disk gives the answers of tracing in memory, and goes on where it was stopped."""

import fcntl
import json
import subprocess
import sys
import threading
from io import StringIO
from pathlib import Path
from typing import Any, cast

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.core.management import CommandError, call_command

from audits.datasets.reading import read_rows
from audits.lineage.outputs import OutputsError, read_outputs
from audits.lineage.rows import Row
from audits.lineage.tracing import trace
from audits.spilling.plan import WorkFolderError
from audits.spilling.tracing import remove_work, trace_on_disk
from tests.benchmarks.trace_case import Case, write_case


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Case:
    """600 rows, some of them hard: repeated answers, a lead-in that all share, broken lines."""
    made = write_case(tmp_path_factory.mktemp("case"), 600, 7)
    lead = "Here is what I was able to find out about the question that you asked me to answer today, in plain words. "
    said = [json.loads(line) for line in made.outputs.read_text().splitlines()]
    shared = [entry | {"id": f"lead-{i}", "text": lead * 2 + entry["text"]} for i, entry in enumerate(said[:90])]
    again = [said[i % 5] | {"id": f"again-{i}"} for i in range(80)]
    made.outputs.write_text("".join(json.dumps(entry) + "\n" for entry in [*said, *shared, *again]))
    hard = [json.dumps({"output": entry["text"]}) for entry in shared[:40]] + [
        json.dumps({"output": lead * 2}),
        "{",
        "",
    ]
    hard += [json.dumps({"output": said[i]["text"].upper()}) for i in range(5)] + [
        '{"output": "' + "x" * 70 + '\\ud800"}'
    ]
    with made.dataset.open("a") as file:
        file.write("\n".join(hard) + "\n")
    return made


def in_memory(case: Case) -> dict[str, object]:
    answer: dict[str, object] = json.loads(
        json.dumps(trace(read_outputs(case.outputs), read_rows(case.dataset)).as_json())
    )
    return answer


def on_disk(case: Case, folder: Path, **more: int) -> dict[str, object]:
    told: list[tuple[str, int, int]] = []
    path = trace_on_disk(case.outputs, case.dataset, folder, block=130, progress=lambda *one: told.append(one), **more)
    assert told[-1][0] == "rows"
    assert told[-1][1] == told[-1][2] > 2
    answer: dict[str, object] = json.loads(path.read_text())
    return answer


def test_the_answers_are_those_of_tracing_in_memory(case, tmp_path):
    assert on_disk(case, tmp_path / "work") == in_memory(case)


def test_the_command_prints_the_same_document_and_names_what_it_can_not_do_there(case, tmp_path):
    arguments = ["--outputs", str(case.outputs), "--dataset", str(case.dataset), "--work", str(tmp_path / "work")]
    out, told = StringIO(), StringIO()
    call_command("trace", *arguments, "--format", "json", stdout=out, stderr=told)
    assert json.loads(out.getvalue()) == in_memory(case)
    assert "rows: 1 of 1" in told.getvalue()
    table = StringIO()
    call_command("trace", *arguments, stdout=table, stderr=told)
    assert "rows derive from an output" in table.getvalue()
    with pytest.raises(CommandError, match="leave --work out"):
        call_command("trace", *arguments, "--labels")


def test_work_that_was_stopped_goes_on_where_it_stopped(case, tmp_path):
    class Stopped(Exception):
        pass

    def stop(phase: str, done: int, total: int) -> None:
        if phase == "rows":
            raise Stopped

    folder = tmp_path / "work"
    with pytest.raises(Stopped):
        trace_on_disk(case.outputs, case.dataset, folder, block=130, progress=stop)
    kept = {path: path.stat().st_mtime_ns for path in (folder / "index").iterdir()}
    whole = on_disk(case, folder)
    assert whole == in_memory(case)
    assert kept == {path: path.stat().st_mtime_ns for path in (folder / "index").iterdir()}
    (folder / "rows" / "000002.json").unlink()  # a worker that was killed before it had written its block
    assert on_disk(case, folder, workers=1) == whole


TRACE = """
import sys
from pathlib import Path
from audits.spilling.tracing import trace_on_disk
outputs, dataset, folder = map(Path, sys.argv[1:])
trace_on_disk(outputs, dataset, folder, block=130, progress=lambda *told: print(*told, flush=True))
"""


@pytest.mark.parametrize("told", [4, 30, 43])
def test_work_that_was_killed_gives_the_same_answer_when_it_goes_on(case, tmp_path, told):
    """By signal 9, at some moment of each phase; its workers are left behind, at work on a piece."""
    program = [sys.executable, "-c", TRACE, str(case.outputs), str(case.dataset), str(tmp_path / "work")]
    with subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as running:
        assert running.stdout
        for _ in range(told):
            running.stdout.readline()
        running.kill()
    assert not (tmp_path / "work" / "answer.json").exists()
    assert on_disk(case, tmp_path / "work") == in_memory(case)


def test_a_second_call_waits_for_the_workers_of_a_first_one(case, tmp_path):
    folder = tmp_path / "work"
    folder.mkdir()
    heard: list[str] = []
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        ended = threading.Timer(0.5, lambda: fcntl.flock(lock, fcntl.LOCK_UN))
        ended.start()
        trace_on_disk(case.outputs, case.dataset, folder, progress=lambda phase, *_: heard.append(phase))
        ended.join()
    assert heard[0] == "waiting for processes of an earlier call"


def test_a_work_folder_of_other_files_is_refused(case, tmp_path):
    on_disk(case, tmp_path / "work")
    other = write_case(tmp_path / "other", 20, 8)
    with pytest.raises(WorkFolderError, match="holds work on other files"):
        on_disk(other, tmp_path / "work")
    remove_work(tmp_path / "other")
    assert other.outputs.exists(), "a folder without a plan is nobody's work folder"


def test_any_format_goes_through_the_disk_and_broken_rows_keep_their_names(case, tmp_path):
    first = [row for row in read_rows(case.dataset) if isinstance(row, Row) and row.number < 300]
    rows = [{"q": f"{row.number}", "a": cast(dict[str, Any], row.value)["output"]} for row in first]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "train.parquet")
    table = Case(case.outputs, tmp_path / "train.parquet", {})
    assert on_disk(table, tmp_path / "work") == in_memory(table)


def test_an_output_that_is_none_is_named_with_its_line(case, tmp_path):
    broken = tmp_path / "outputs.jsonl"
    broken.write_text(case.outputs.read_text() + '{"id": 1}\n')
    with pytest.raises(OutputsError, match=r'outputs\.jsonl, line \d+, field "text"'):
        trace_on_disk(broken, case.dataset, tmp_path / "work", progress=lambda *one: None)
