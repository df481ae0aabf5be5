"""Seconds and memory of reports: the examples' size, 50 pages, and 20,000 calls as an annex, against the limits of each."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from audits.reporting.pdf import render_html, render_pdf
from tests.benchmarks.figures import Figure
from tests.reporting import contexts

EXAMPLE, FIFTY, LARGE = 15.0, 20.0, 60.0  # seconds
MEMORY = 700.0  # MB, over all processes, at 20,000 calls
OFTEN = 0.1


@dataclass(frozen=True)
class Case:
    """A report, its limit in seconds, how many pages it has at least, and its limit in MB, if it has one."""

    name: str
    context: contexts.Context
    seconds: float
    pages: int
    memory: float | None = None


def cases() -> list[Case]:
    """Reports from small to large."""
    return [
        Case("one teacher", contexts.plain(calls=320, findings=2), EXAMPLE, 10),
        Case("two teachers", contexts.plain(calls=213, findings=10, datasets=3), EXAMPLE, 10),
        Case("50 pages", contexts.plain(calls=320, findings=22, datasets=6), FIFTY, 50),
        Case("20,000 calls", contexts.plain(calls=20_000, findings=22, datasets=6), LARGE, 600, MEMORY),
    ]


def main() -> list[Figure]:
    """Each report once, after one warm-up of charts that every worker has behind it."""
    render_html(contexts.plain(calls=1, findings=0), "0" * 64)
    return [figure for case in cases() for figure in _figures(case)]


def _figures(case: Case) -> list[Figure]:
    context = contexts.round_trip(case.context)
    began = time.perf_counter()
    with peak() as megabytes:
        paper = render_pdf(context, "0" * 64)
    seconds = time.perf_counter() - began
    named = f"report, {case.name}"
    found = [
        Figure(f"{named}: seconds against the limit of {case.seconds:.0f} s", seconds / case.seconds, at_most=1.0),
        Figure(f"{named}: seconds", seconds, "s"),
        Figure(f"{named}: pages", paper.pages, "pages", at_least=case.pages),
        Figure(f"{named}: pages a second", paper.pages / seconds, "pages/s"),
        Figure(f"{named}: peak of all processes", megabytes[0], "MB"),
    ]
    if case.memory:
        against = megabytes[0] / case.memory
        found.append(Figure(f"{named}: peak against the limit of {case.memory:.0f} MB", against, at_most=1.0))
    return found


@contextmanager
def peak() -> Iterator[list[float]]:
    """The most memory (PSS, MB) that this process and its children held at once inside the `with`, looked at ten times a second.

    PSS counts a page that processes share once, in parts: sums of it are what is really taken.
    """
    most, done = [0.0], threading.Event()

    def look() -> None:
        while not done.wait(OFTEN):
            most[0] = max(most[0], sum(map(_megabytes, ("self", *_children()))))

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield most
    finally:
        done.set()
        thread.join()


def _children() -> list[str]:
    try:
        return [one for task in Path("/proc/self/task").iterdir() for one in (task / "children").read_text().split()]
    except OSError:
        return []


def _megabytes(process: str) -> float:
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    except OSError:  # it ended meanwhile
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024
