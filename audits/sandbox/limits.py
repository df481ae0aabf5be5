"""What an audited program may use up, and how its run ended."""

from dataclasses import dataclass
from typing import Literal

Isolation = Literal["enforced", "proxy_only"]
Status = Literal[
    "finished",  # ended by itself, with `code`
    "killed",  # ended by a signal that was not ours
    "timed_out",
    "out_of_memory",
    "disk_full",
    "cancelled",
    "could_not_start",
]


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one command, counted over all its processes unless said otherwise."""

    memory_mb: int = 4096
    processes: int = 1024  # processes and threads
    files: int = 4096  # open files of one process
    file_size_mb: int = 8192  # largest single file
    disk_mb: int = 20480  # what the run may add to its tree and its /tmp
    entries: int = 1_000_000  # files and folders in tree and /tmp
    wall_seconds: float = 3600.0
    cpu_seconds: int | None = None  # of one process
    grace_seconds: float = 5.0  # between SIGTERM and SIGKILL
    output_bytes: int = 64 << 20  # kept of standard output and error together
    output_bytes_per_second: int = 4 << 20


@dataclass(frozen=True, slots=True)
class Exit:
    """How a command ended. `reason` is one sentence for people; sizes are bytes, times seconds."""

    status: Status
    reason: str
    isolation: Isolation
    code: int | None = None
    signal: int | None = None
    wall_seconds: float = 0.0
    cpu_seconds: float = 0.0
    max_rss: int = 0  # highest sum over all processes that was seen
    disk_bytes: int = 0  # size of tree and /tmp when it was last looked at
    output_dropped: int = 0  # bytes of output that were not passed on
