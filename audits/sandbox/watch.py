"""Watches what a run uses up, and calls `stop` once when a limit is passed.

Control groups would be exact, but an ordinary user rarely owns one; sampling works everywhere. Memory is looked at
every 50 ms, disk when the file system's free space has moved or a few seconds have passed, so that an overshoot
stays at what can be written in that time.
"""

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

from audits.sandbox.layout import survey
from audits.sandbox.limits import Limits, Status
from audits.sandbox.processes import Inode, descendants, nameless_files, proportional, usage

TICK = 0.05
MEGABYTE = 1 << 20
DISK_STEP = 64 * MEGABYTE  # a move of free space that is worth a new count
DISK_EVERY = 2.0  # seconds, or twenty times what the last count took
NAMELESS_EVERY = 0.5
KEEP_FREE = 256 * MEGABYTE  # the evidence store may lie on the same file system


class Watcher(threading.Thread):
    """Samples the processes below `root` and the folders they may write to until `finish` is called."""

    def __init__(self, root: int, folders: list[Path], limits: Limits, stop: Callable[[Status, str], None]) -> None:
        super().__init__(name="sandbox-watcher", daemon=True)
        self.root, self.folders, self.limits, self.stop = root, folders, limits, stop
        self.highest_memory = 0
        self.cpu_seconds = 0.0
        self.disk_bytes = 0
        self._over = threading.Event()
        self._baseline = sum(survey(each).disk_bytes for each in folders)
        self._count_again_at = 0.0
        self._free_when_counted = self._free_at_start = self._free()
        self._nameless_at = 0.0
        self._memory_files: dict[Inode, int] = {}
        self._deleted_files: dict[Inode, int] = {}

    def finish(self) -> None:
        """End the watch and wait for the thread."""
        self._over.set()
        if self.is_alive():
            self.join()

    def run(self) -> None:
        """The sampling loop."""
        while not self._over.is_set():
            started = time.monotonic()
            pids = [self.root, *descendants(self.root)]
            reason = self._memory(pids) or self._disk(pids)
            if reason:
                self.stop(*reason)
                return
            self._over.wait(max(TICK, 5 * (time.monotonic() - started)))

    def _free(self) -> int:
        state = os.statvfs(self.folders[0])
        return state.f_bavail * state.f_frsize

    def _look_at_nameless(self, pids: list[int]) -> None:
        self._nameless_at = time.monotonic()
        self._memory_files, self._deleted_files = {}, {}
        for pid in pids:
            memory, disk = nameless_files(pid)
            self._memory_files |= memory
            self._deleted_files |= disk

    def _memory(self, pids: list[int]) -> tuple[Status, str] | None:
        if time.monotonic() - self._nameless_at >= NAMELESS_EVERY:
            self._look_at_nameless(pids)
        each_used = [usage(pid) for pid in pids]
        self.cpu_seconds = max(self.cpu_seconds, sum(each.cpu_seconds for each in each_used))
        limit, files = self.limits.memory_mb * MEGABYTE, sum(self._memory_files.values())
        used = sum(each.resident for each in each_used) + files
        if used > limit:
            used = sum(map(proportional, pids)) + files
        self.highest_memory = max(self.highest_memory, used)
        if used <= limit:
            return None
        held = f"its processes held {used // MEGABYTE} MB of memory, {self.limits.memory_mb} are allowed"
        return "out_of_memory", held

    def _disk(self, pids: list[int]) -> tuple[Status, str] | None:
        free = self._free()
        if free < KEEP_FREE:
            return "disk_full", f"the disk had only {free // MEGABYTE} MB left"
        if time.monotonic() < self._count_again_at and self._free_when_counted - free < DISK_STEP:
            return None
        self._free_when_counted = free
        added, entries = self._count(pids, free)
        if added > self.limits.disk_mb * MEGABYTE:
            return "disk_full", f"it wrote {added // MEGABYTE} MB to disk, {self.limits.disk_mb} are allowed"
        if entries > self.limits.entries:
            return "disk_full", f"its tree holds more than {self.limits.entries} files and folders"
        return None

    def _count(self, pids: list[int], free: int) -> tuple[int, int]:
        """(bytes added since the start, files and folders now)"""
        started = time.monotonic()
        self._look_at_nameless(pids)
        counts = [survey(each, most=self.limits.entries) for each in self.folders]
        self.disk_bytes = sum(each.disk_bytes for each in counts) + sum(self._deleted_files.values())
        added = self.disk_bytes - self._baseline
        if any(each.unreadable for each in counts):  # it closed folders to us: then the file system's word counts
            added = max(added, self._free_at_start - free)
        ended = time.monotonic()
        self._count_again_at = ended + max(DISK_EVERY, 20 * (ended - started))
        return added, sum(each.entries for each in counts)
