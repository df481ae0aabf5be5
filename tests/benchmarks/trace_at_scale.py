"""Tracing through the disk at a size of one's choice: time, memory, disk and scores, phase by phase.

    python -m tests.benchmarks.trace_at_scale 1000000 /scratch/million [--workers 2] [--memory 3000] [--keep]

Every process may take so many megabytes of address space, mapped files included. Stopped, it goes on where it was when called
again. The figures are one JSON document; progress goes to the standard error stream. Memory is the resident memory of all
processes added up, so that what two of them share counts twice.
"""

import argparse
import json
import os
import resource
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from audits.spilling.tracing import trace_on_disk
from tests.benchmarks.large_case import remove_case, scores, write_large_case

PAGE = os.sysconf("SC_PAGE_SIZE")


class Watch:
    """Looks at this process and its children ten times a second, and at the work folder now and then."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self.most_memory = self.most_of_one = self.most_disk = 0

    def __enter__(self) -> "Watch":
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._ended.set()
        self._thread.join()

    def _look(self) -> None:
        looks = 0
        while not self._ended.wait(0.1):
            resident = [_resident(pid) for pid in _family()]
            self.most_memory = max(self.most_memory, sum(resident))
            self.most_of_one = max(self.most_of_one, *resident)
            if looks % 50 == 0:
                self.most_disk = max(self.most_disk, _size(self._folder))
            looks += 1


def _family() -> list[int]:
    """This process and its children; workers have none."""
    children = Path(f"/proc/{os.getpid()}/task").glob("*/children")
    return [os.getpid(), *(int(pid) for path in children for pid in path.read_text().split())]


def _resident(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE
    except (OSError, IndexError):
        return 0  # it has just ended


def _size(folder: Path) -> int:
    return sum(path.stat().st_blocks * 512 for path in list(folder.rglob("*")) if path.is_file())


def main(rows: int, folder: Path, workers: int, memory: int, keep: bool) -> dict[str, Any]:
    """Make the case if it is not there, trace it, and say what it took."""
    case, work = folder / "case", folder / "work"
    if not (case / "truth.npy").exists():
        write_large_case(case, rows, 1)
    work.mkdir(parents=True, exist_ok=True)
    resource.setrlimit(resource.RLIMIT_AS, (memory * 2**20, memory * 2**20))
    told = _Told()
    with Watch(work) as watch:
        answer = trace_on_disk(case / "outputs.jsonl", case / "train.jsonl", work, progress=told, workers=workers)
    figures = told.figures() | {
        "rows": rows,
        "input_mb": round(sum(path.stat().st_size for path in case.glob("*.jsonl")) / 1e6),
        "memory_of_all_mb": round(watch.most_memory / 1e6),
        "memory_of_one_mb": round(watch.most_of_one / 1e6),
        "disk_mb": round(watch.most_disk / 1e6),
    }
    figures |= scores(case, _claims(answer))
    if not keep:
        remove_case(case)
    return figures


class _Told:
    """Progress, and what each phase took."""

    def __init__(self) -> None:
        self._phases: dict[str, list[tuple[float, float]]] = {}
        self._note("plan")

    def __call__(self, phase: str, done: int, total: int) -> None:
        self._note(phase)
        print(f"{time.strftime('%H:%M:%S')} {phase}: {done:,} of {total:,}", file=sys.stderr, flush=True)

    def _note(self, phase: str) -> None:
        self._phases.setdefault(phase, []).append((time.monotonic(), _processor()))

    def figures(self) -> dict[str, Any]:
        """Seconds by the clock and of the processor, from each phase's beginning to that of the next, and in all."""
        self._note("end")
        names, marks = list(self._phases), [told[0] for told in self._phases.values()]
        took = {
            name: {"clock_s": round(after[0] - before[0], 1), "processor_s": round(after[1] - before[1], 1)}
            for name, before, after in zip(names, marks, marks[1:], strict=False)
        }
        whole = {"clock_s": round(marks[-1][0] - marks[0][0], 1), "processor_s": round(marks[-1][1] - marks[0][1], 1)}
        return whole | {"phases": took}


def _processor() -> float:
    """Seconds of this process and of children that have ended."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def _claims(answer: Path) -> Iterator[tuple[int, str]]:
    """The matches of the answer, a piece at a time: it is too large to be read whole."""
    decoder, held = json.JSONDecoder(), ""
    with answer.open() as file:
        while piece := file.read(1 << 22):
            held += piece
            at = held.find('{"row"')
            while at >= 0:
                try:
                    match, end = decoder.raw_decode(held, at)
                except json.JSONDecodeError:
                    break  # it goes on in the next piece
                if "output" in match:
                    yield match["row"], match["output"]
                at = held.find('{"row"', end)
                if at < 0:
                    held = held[end:]
            else:
                continue
            held = held[at:]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", type=int)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--memory", type=int, default=3_000, metavar="MB", help="address space of each process")
    parser.add_argument("--keep", action="store_true", help="leave the case where it is")
    chosen = parser.parse_args()
    print(json.dumps(main(chosen.rows, chosen.folder, chosen.workers, chosen.memory, chosen.keep), indent=1))
