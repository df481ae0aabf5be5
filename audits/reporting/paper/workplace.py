"""Where one report is laid out: a folder that goes with it, whatever happens to the processes that work there. No Django.

The presses are killed when their report is finished or has failed, so that they clear away nothing of what they put down for
themselves (WeasyPrint keeps the fonts of a document in a folder of its own): their temporary directory lies in here. A worker
that is killed can't clear this folder either; the next report does, once nobody holds it.
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

PREFIX: Final = "clausetrail-paper-"
HELD: Final = "held"
OF_PRESSES: Final = "tmp"
A_DAY: Final = 86_400
"""A folder that nobody ever held, seconds old: one that is just being made is never taken for one that was left."""


@contextmanager
def workplace() -> Iterator[Path]:
    """A folder for one report, with a temporary directory for its presses; both are gone afterwards."""
    clear_abandoned(Path(tempfile.gettempdir()))
    with tempfile.TemporaryDirectory(prefix=PREFIX) as name, (Path(name) / HELD).open("wb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        (Path(name) / OF_PRESSES).mkdir()
        yield Path(name)


def clear_abandoned(place: Path) -> int:
    """Remove what workers that were killed have left of reports in a directory; tells how many folders went."""
    found = [one for one in place.glob(f"{PREFIX}*") if not one.is_symlink() and _is_abandoned(one)]
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
