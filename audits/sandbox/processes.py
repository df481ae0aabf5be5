"""Looking at, and ending, the processes of one run from outside, through /proc."""

import contextlib
import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass

PAGE = os.sysconf("SC_PAGE_SIZE")
TICKS = os.sysconf("SC_CLK_TCK")
Inode = tuple[int, int]


def children(pid: int) -> Iterator[int]:
    """The direct children of every thread of a process; none when it has gone."""
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/children") as file:
                yield from map(int, file.read().split())
    except (FileNotFoundError, ProcessLookupError):
        return


def descendants(pid: int) -> list[int]:
    """All processes below `pid`. Orphans of a PID namespace hang from its first process, so none is missed."""
    found = list(children(pid))
    for each in found:  # grows while we walk it
        found.extend(children(each))
    return found


@dataclass(frozen=True, slots=True)
class Usage:
    """Resident bytes (pages shared with other processes count in each) and processor seconds of one process, those of
    its children that have ended included."""

    resident: int = 0
    cpu_seconds: float = 0.0


def usage(pid: int) -> Usage:
    """What a process uses at this moment; nothing when it has gone. The fields are those of proc(5)."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            fields = file.read().rpartition(")")[2].split()  # the name before may hold anything
    except OSError:
        return Usage()
    return Usage(int(fields[21]) * PAGE, sum(map(int, fields[11:15])) / TICKS)


def proportional(pid: int) -> int:
    """Resident bytes with shared pages divided among their users; dearer to ask for."""
    try:
        with open(f"/proc/{pid}/smaps_rollup") as file:
            return next((int(line.split()[1]) * 1024 for line in file if line.startswith("Pss:")), 0)
    except PermissionError:
        return usage(pid).resident
    except OSError:
        return 0


def nameless_files(pid: int) -> tuple[dict[Inode, int], dict[Inode, int]]:
    """Bytes held by open files without a name: (in memory, deleted on disk), by inode."""
    memory: dict[Inode, int] = {}
    disk: dict[Inode, int] = {}
    try:
        names = os.listdir(f"/proc/{pid}/fd")
    except OSError:
        return memory, disk
    for name in names:
        path = f"/proc/{pid}/fd/{name}"
        with contextlib.suppress(OSError):
            target = os.readlink(path)
            if target.endswith("(deleted)"):
                seen = os.stat(path)
                kept = memory if target.startswith(("/memfd:", "/dev/shm/")) else disk  # noqa: S108
                kept[(seen.st_dev, seen.st_ino)] = seen.st_blocks * 512
    return memory, disk


def send(pids: list[int], number: signal.Signals) -> None:
    """Signal each; one that has gone, or changed hands, is passed over."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)
