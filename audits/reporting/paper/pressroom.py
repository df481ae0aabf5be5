"""The processes that lay a report out: started early, given pieces as they become free, and gone with their report. No Django.

Plain subprocesses: a Celery worker's own processes may not have children of multiprocessing's, and a fork would share the threads
and the memory of whoever asks.
"""

import json
import os
import selectors
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from audits.reporting.paper.workplace import OF_PRESSES

ROOT = Path(__file__).resolve().parents[3]
PRESSES = 2
SECONDS = 600.0
TOLD = 2000  # characters of a press's last words that an error quotes


class PressProblem(RuntimeError):
    """A process that laid out pages failed; the message says at which part, and with what words."""


class Pressroom:
    """Presses over one folder. Use it in a `with`: they end with it."""

    def __init__(self, folder: Path, presses: int = 0) -> None:
        self.folder = folder
        self.count = presses or max(1, min(PRESSES, os.cpu_count() or 1))
        self.presses: list[_Running] = []
        self.holder: dict[str, _Running] = {}
        self.deadline = time.monotonic() + SECONDS

    def __enter__(self) -> Self:
        self.presses = [_Running(self.folder, number) for number in range(self.count)]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let the presses go."""
        for press in self.presses:
            press.end()
        self.presses = []

    def lay(self, jobs: Iterable[Mapping[str, Any]], done: Callable[[], None]) -> dict[str, dict[str, Any]]:
        """Lay out every job's piece, on whichever press is free; the answers by name. `done` is called after each."""
        answers = {}
        waiting = deque({"do": "lay", **job} for job in jobs)
        for press, answer in self._worked(lambda _: waiting.popleft() if waiting else None):
            answers[answer["name"]] = answer
            self.holder[answer["name"]] = press
            done()
        return answers

    def number(self, names: Iterable[str], pages: Mapping[str, int]) -> None:
        """Have the pieces that waited for page numbers written, each by the press that holds it."""
        left: dict[_Running, deque[str]] = {press: deque() for press in self.presses}
        for name in names:
            left[self.holder[name]].append(name)
        for _ in self._worked(
            lambda press: {"do": "number", "name": left[press].popleft(), "pages": pages} if left[press] else None
        ):
            pass

    def _worked(
        self, next_job: Callable[["_Running"], Mapping[str, Any] | None]
    ) -> Iterator[tuple["_Running", dict[str, Any]]]:
        """Answers as they come, each press having one job at a time until there is none left."""
        with selectors.DefaultSelector() as selector:
            busy = 0
            for press in self.presses:
                if (job := next_job(press)) is not None:
                    press.give(job)
                    selector.register(press.output, selectors.EVENT_READ, press)
                    busy += 1
            while busy:
                ready = selector.select(max(0.0, self.deadline - time.monotonic()))
                if not ready:
                    raise PressProblem(f"the report was not laid out within {SECONDS:.0f} seconds")
                for key, _ in ready:
                    press = key.data
                    yield press, press.answer()
                    if (job := next_job(press)) is not None:
                        press.give(job)
                    else:
                        selector.unregister(press.output)
                        busy -= 1


class _Running:
    """One press at work."""

    def __init__(self, folder: Path, number: int) -> None:
        self.at = ""
        self.words = folder / f"press-{number}.log"
        with self.words.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "audits.reporting.paper.press", str(folder)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, cwd=ROOT, start_new_session=True,
                env=os.environ | {"TMPDIR": str(folder / OF_PRESSES)},
            )  # fmt: skip

    @property
    def output(self) -> IO[bytes]:
        assert self.process.stdout is not None
        return self.process.stdout

    def give(self, job: Mapping[str, Any]) -> None:
        assert self.process.stdin is not None
        self.at = job["name"]
        try:
            self.process.stdin.write(json.dumps(job).encode() + b"\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            raise self._problem() from None

    def answer(self) -> dict[str, Any]:
        line = self.output.readline()
        if not line.endswith(b"\n"):
            raise self._problem()
        told: dict[str, Any] = json.loads(line)
        return told

    def _problem(self) -> PressProblem:
        self.process.kill()
        code = self.process.wait()
        words = self.words.read_text("utf-8", "replace")[-TOLD:].strip()
        return PressProblem(f"laying out {self.at} ended with exit status {code}: {words or 'it said nothing'}")

    def end(self) -> None:
        """Let it go: what it still does is of no use."""
        with suppress(OSError):
            self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            with suppress(OSError):
                if pipe is not None:
                    pipe.close()
