"""Folders below the temporary directory that go with whoever made them, however that ends. No Django.

A process that is killed clears nothing away. So whoever works in such a folder holds a lock in it, which goes with the process
and those that it has started by forking, and whoever makes the next one removes those that nobody holds.
"""

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

HELD: Final = "held"
A_DAY: Final = 86_400
"""A folder that nobody ever held, seconds old: one that is just being made is never taken for one that was left."""


@contextmanager
def held_folder(prefix: str) -> Iterator[Path]:
    """A folder in the temporary directory, gone afterwards; those of the same prefix that were left go now."""
    clear_abandoned(Path(tempfile.gettempdir()), prefix)
    with tempfile.TemporaryDirectory(prefix=prefix) as name, (Path(name) / HELD).open("wb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield Path(name)


def clear_abandoned(place: Path, prefix: str) -> int:
    """Remove what processes that were killed have left in a directory; tells how many folders went."""
    found = [one for one in place.glob(f"{prefix}*") if not one.is_symlink() and _is_abandoned(one)]
    for folder in found:
        shutil.rmtree(folder, ignore_errors=True)
    return len(found)


def _is_abandoned(folder: Path) -> bool:
    """Whether it is ours, and no process holds it any more: the lock goes with the process."""
    with suppress(OSError):
        told = folder.stat()
        if told.st_uid != os.getuid():
            return False
        if not (folder / HELD).exists():
            return time.time() - told.st_mtime > A_DAY
        with (folder / HELD).open("rb") as held:
            fcntl.flock(held, fcntl.LOCK_SH | fcntl.LOCK_NB)
            return True
    return False
