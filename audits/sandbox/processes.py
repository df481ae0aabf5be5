"""Looking at, and ending, the processes of one run from outside, through /proc."""

import contextlib
import os
import signal
from collections.abc import Iterator

PAGE = os.sysconf("SC_PAGE_SIZE")
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


def resident(pid: int) -> int:
    """Resident bytes of a process; shared pages count in each process that maps them."""
    try:
        with open(f"/proc/{pid}/statm") as file:
            return int(file.read().split()[1]) * PAGE
    except (OSError, IndexError):
        return 0


def proportional(pid: int) -> int:
    """Resident bytes with shared pages divided among their users; dearer to ask for than `resident`."""
    try:
        with open(f"/proc/{pid}/smaps_rollup") as file:
            return next((int(line.split()[1]) * 1024 for line in file if line.startswith("Pss:")), 0)
    except PermissionError:
        return resident(pid)
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
