"""The whole of it: plan, worker processes, progress, and the answer put together from the blocks' answers."""

import fcntl
import json
import os
import shutil
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from audits.lineage.outputs import OutputsError
from audits.spilling.plan import BLOCK, Plan, WorkFolderError, make_plan, write_whole
from audits.spilling.worker import PHASES, mark, pieces_of

__all__ = ["SpillingFailed", "WorkFolderError", "counts", "remove_work", "trace_on_disk"]

Progress = Callable[[str, int, int], None]
COUNTED = ("rows", "derived_rows", "words")
BY_MODEL = ("by_model", "words_by_model")
LISTED = ("matches", "malformed", "damaged")
ROOT = Path(__file__).resolve().parents[2]


class SpillingFailed(RuntimeError):
    """A worker process ended before its work was done; what it finished is kept, and the same call goes on from there."""


def trace_on_disk(
    outputs: Path, dataset: Path, folder: Path, *, progress: Progress, workers: int = 2, block: int = BLOCK
) -> Path:
    """Trace through a work folder, and return the file with the answer: the keys of TraceResult.as_json, `matches` last.

    `progress` is told the phase, pieces done and pieces in all. Raises OutputsError and UnreadableDataset for the inputs,
    WorkFolderError for a folder with other work in it, SpillingFailed when a worker was killed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with _alone(folder, progress) as held:
        plan = prepare(folder, make_plan(folder, outputs, dataset, block=block))
        for phase in PHASES:
            _run_phase(plan, folder, phase, workers, progress, held)
        return put_together(plan, folder)


@contextmanager
def _alone(folder: Path, progress: Progress) -> Iterator[int]:
    """Hold the folder for this call and its workers, which inherit the lock: those of a call that was killed end first.

    Two of them writing one file would leave it broken for whoever reads it next.
    """
    with (folder / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress("waiting for processes of an earlier call", 0, 1)
            fcntl.flock(file, fcntl.LOCK_EX)
        yield file.fileno()


def prepare(folder: Path, plan: Plan) -> Plan:
    """Make the folders that the phases write to."""
    for name in (*PHASES, "index"):
        (folder / name).mkdir(exist_ok=True)
    return plan


def remove_work(folder: Path) -> None:
    """Remove a work folder; only one that holds a plan is touched."""
    if (folder / "plan.json").exists():
        shutil.rmtree(folder)


def _run_phase(plan: Plan, folder: Path, phase: str, workers: int, progress: Progress, held: int) -> None:
    total = pieces_of(plan, phase)
    done = sum(mark(folder, phase, piece).exists() for piece in range(total))
    progress(phase, done, total)
    if done == total:
        return
    workers = min(workers, total - done)
    running = [_start(plan, folder, phase, number, workers, held) for number in range(workers)]
    lock = threading.Lock()

    def follow(output: IO[str]) -> None:
        nonlocal done
        for _ in output:
            with lock:
                done += 1
                progress(phase, done, total)

    followers = [threading.Thread(target=follow, args=(process.stdout,)) for process in running]
    try:
        for follower in followers:
            follower.start()
        said = [process.stderr.read() if process.stderr else "" for process in running]
        codes = [process.wait() for process in running]
    finally:
        for process in running:
            process.kill()
        for follower in followers:
            follower.join()
    _require_success(phase, codes, said)


def _require_success(phase: str, codes: list[int], said: list[str]) -> None:
    for code, words in zip(codes, said, strict=True):
        if code == 2:
            raise OutputsError(words.strip())
        if code:
            raise SpillingFailed(f"A worker ended with {code} in phase {phase}; start again to go on. {words[-2000:]}")


def _start(plan: Plan, folder: Path, phase: str, number: int, workers: int, held: int) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "audits.spilling.worker", str(folder.resolve()), phase, str(number), str(workers)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        pass_fds=(held,),
        cwd=ROOT,
        env=os.environ | {"PYTHONHASHSEED": str(plan.seed), "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
    )


def put_together(plan: Plan, folder: Path) -> Path:
    """One document from those of the blocks, written in one pass; memory holds the counts and one block."""
    counted: Counter[str] = Counter()
    by_model = {name: Counter[str]() for name in BY_MODEL}
    lists = {name: folder / f"{name}.part" for name in LISTED}
    for path in lists.values():
        path.unlink(missing_ok=True)
    for answer in _answers(plan, folder):
        counted.update({name: answer[name] for name in COUNTED})
        for name, counter in by_model.items():
            counter.update(answer[name])
        for name, path in lists.items():
            _append(path, answer[name])
    head: dict[str, object] = {name: counted[name] for name in COUNTED}
    head |= {name: dict(sorted(counter.items())) for name, counter in by_model.items()}
    write_whole(folder / "counts.json", json.dumps(head).encode())
    return _document(folder / "answer.json", head, lists)


def counts(folder: Path) -> dict[str, Any]:
    """The counts of finished work, without its lists."""
    held: dict[str, Any] = json.loads((folder / "counts.json").read_bytes())
    return held


def _answers(plan: Plan, folder: Path) -> Iterator[dict[str, Any]]:
    for piece in range(pieces_of(plan, "rows")):
        yield json.loads(mark(folder, "rows", piece).read_bytes())


def _append(path: Path, entries: list[object]) -> None:
    if entries:
        joint = ", " if path.exists() else ""
        with path.open("a") as file:
            file.write(joint + json.dumps(entries)[1:-1])


def _document(path: Path, head: dict[str, object], lists: dict[str, Path]) -> Path:
    with path.open("w") as file:
        file.write(json.dumps(head)[:-1])
        for name in reversed(lists):
            file.write(f', "{name}": [')
            if lists[name].exists():
                with lists[name].open() as part:
                    shutil.copyfileobj(part, file)
                lists[name].unlink()
            file.write("]")
        file.write("}")
    return path
